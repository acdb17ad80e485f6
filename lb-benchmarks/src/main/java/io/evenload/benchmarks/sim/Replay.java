package io.evenload.benchmarks.sim;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A scenario to be looked at: the first seconds of what is measured with the first seed.
 *
 * @param lesson what there is to be seen, for the reader
 */
record Replay(Scenario scenario, String lesson) {

  private static final Duration LASTING = Duration.ofSeconds(15);

  /** A call is slow that takes this many times the mean service time. */
  private static final int SLOW = 10;

  static final List<Replay> ALL =
      List.of(
          of(
              "antagonists",
              "Neighbours take three quarters of a server's processor for about a second. Requests that wait there are the slow"
                  + " ones: watch how soon a chooser sends no more."),
          of(
              "one 10 times slower",
              "The first server is always slow. Who counts requests alone keeps as many there as everywhere, and each of"
                  + " them waits ten times as long."),
          of(
              "speed 2:1",
              "The upper five servers are twice as fast. The same number of requests is done in half the time there."),
          of(
              "pauses",
              "Each server stands still for about 150 ms now and then, as when it collects its garbage. Nothing tells"
                  + " clients but answers that do not come."),
          of(
              "rolling deployment",
              "One server after the other is replaced: it refuses, is off the list for a second, and returns cold. One"
                  + " that fails at once looks idle."),
          of(
              "black hole",
              "From the second second on the first server takes requests and answers none. What is sent there waits"
                  + " for its timeout."),
          of(
              "retry storm",
              "All servers are at a third of their speed for two seconds, and calls are sent again when they are not answered"
                  + " within 250 ms. The load goes up when there is least room for it, and stays up when the trouble is"
                  + " over. No chooser helps there: a retry budget does."),
          of(
              "workers, antagonists",
              "Four workers and a line before them, and longer requests, as in live trials: trouble is over before"
                  + " many answers have told of it, so the difference is smaller."));

  private static Replay of(String scenario, String lesson) {
    return new Replay(Scenarios.named(scenario), lesson);
  }

  /** Simulates it with each strategy and returns all pictures as JSON. */
  String json(List<Strategy> strategies, long seed, Progress progress) {
    Scenario shown = scenario.lasting(scenario.warmUp, LASTING);
    long slowMillis = Math.round(SLOW * scenario.meanMillis);
    List<Recording> recordings =
        strategies.stream()
            .map(
                strategy -> {
                  progress.next("replay of " + scenario + ", " + strategy.name());
                  Recording recording = new Recording(shown, slowMillis);
                  Simulation.run(shown, strategy, seed, recording);
                  return recording;
                })
            .toList();
    return "{\"name\":"
        + Json.string(scenario.name)
        + ",\"lesson\":"
        + Json.string(lesson)
        + ",\"sharing\":"
        + (scenario.kind == SimulatedServer.Kind.SHARING)
        + ",\"cores\":"
        + Json.numbers(scenario.cores)
        + ",\"speeds\":"
        + Json.numbers(scenario.speeds)
        + ",\"slowMillis\":"
        + slowMillis
        + ",\"frameMillis\":"
        + Recording.FRAME_NANOS / 1_000_000
        + ",\"conditions\":\""
        + recordings.get(0).conditions()
        + "\",\"runs\":"
        + recordings.stream().map(Recording::json).collect(Collectors.joining(",", "[", "]"))
        + "}";
  }
}
