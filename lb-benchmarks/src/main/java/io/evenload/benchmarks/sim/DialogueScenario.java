package io.evenload.benchmarks.sim;

import io.evenload.benchmarks.sim.ScriptedServer.Phase;
import io.evenload.benchmarks.sim.ScriptedServer.Statuses;
import io.evenload.benchmarks.sim.ScriptedServer.Times;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A scenario of Dialogue's simulator, after its {@code SimulationTest}, and what its {@code
 * report.md} says of it.
 *
 * @param perSecond how many requests come in a second, evenly
 * @param requests how many come
 * @param clients by how many clients, drawn at random
 * @param repeats500 whether a 500 is retried, too, as for {@code GET}
 * @param aborted when it ends, whatever is not answered yet
 * @param joins when the last server joins the others
 * @param servers what each does
 * @param limited what Dialogue has published of its usual client, with concurrency limits and
 *     queues
 * @param unlimited what it has published of a client without them
 */
record DialogueScenario(
    String name,
    double perSecond,
    int requests,
    int clients,
    boolean repeats500,
    Duration aborted,
    Duration joins,
    List<List<Phase>> servers,
    Published limited,
    Published unlimited) {

  /**
   * The part of the requests that were answered with 200, in percent, and how long answers took.
   */
  record Published(double success, double meanSeconds) {

    /** Both, rounded: {@code 91.5 %, 0.600 s}. */
    @Override
    public String toString() {
      String seconds = meanSeconds < 10 ? "%.3f" : "%.1f";
      return String.format(Locale.ROOT, "%.1f %%, " + seconds + " s", success, meanSeconds);
    }
  }

  private static final Duration EVER = Duration.ofDays(365);
  private static final Statuses OK = Statuses.of(200);
  private static final Times MILLIS_60 = Times.linear(millis(60), 60);
  private static final Times MILLIS_120 = Times.of(millis(120));
  private static final Times MILLIS_600 = Times.of(millis(600));
  private static final Times AT_ONCE = Times.of(Duration.ofNanos(10));

  static final List<DialogueScenario> ALL =
      List.of(
          of("simplest_possible_case", 11, 13_200, 10)
              .server(always(OK, MILLIS_600))
              .server(always(OK, Times.of(millis(800))))
              .server(always(OK, Times.of(millis(1000))))
              .published(100, 0.786, 100, 0.786),
          of("slowdown_and_error_thresholds", 500, 10_000, 10)
              .server(always(Statuses.upTo(40, 500), Times.linear(millis(600), 30)))
              .server(always(Statuses.upTo(40, 500), Times.linear(millis(800), 30)))
              .server(always(Statuses.upTo(40, 500), Times.linear(millis(1000), 30)))
              .repeating500()
              .published(100, 178.8, 3.6, 21.6),
          of("slow_503s_then_revert", 200, 3_000, 10)
              .server(always(OK, MILLIS_60))
              .server(
                  trouble(
                      OK,
                      MILLIS_60,
                      3,
                      10,
                      Statuses.of(503),
                      Times.linear(Duration.ofSeconds(1), 60)))
              .published(100, 0.089, 100, 0.089),
          of("fast_503s_then_revert", 500, 45_000, 10)
              .server(always(OK, MILLIS_120))
              .server(trouble(OK, MILLIS_120, 3, 60, Statuses.of(503), AT_ONCE))
              .published(100, 0.120, 100, 0.120),
          of("fast_400s_then_revert", 100, 6_000, 10)
              .server(always(OK, MILLIS_120))
              .server(trouble(OK, MILLIS_120, 3, 30, Statuses.of(400), Times.of(millis(20))))
              .published(93.6, 0.114, 93.6, 0.114),
          of("short_outage_on_one_node", 20, 1_600, 1)
              .server(always(OK, Times.of(millis(2000))))
              .server(trouble(OK, Times.of(millis(2000)), 30, 50, Statuses.of(500), AT_ONCE))
              .published(99.4, 3.97, 99.6, 1.99),
          of("drastic_slowdown", 200, 4_000, 10)
              .server(always(OK, MILLIS_60))
              .server(trouble(OK, MILLIS_60, 3, 10, OK, Times.linear(Duration.ofSeconds(10), 60)))
              .published(100, 0.252, 100, 0.252),
          of("all_nodes_500", 100, 2_000, 10)
              .server(trouble(OK, MILLIS_600, 0, 10, Statuses.of(500), MILLIS_600))
              .server(trouble(OK, MILLIS_600, 0, 10, Statuses.of(500), MILLIS_600))
              .published(69.3, 2.63, 50.0, 0.6),
          of("black_hole", 200, 2_000, 10)
              .server(always(OK, MILLIS_600))
              .server(trouble(OK, MILLIS_600, 3, 1000, OK, Times.of(Duration.ofDays(1))))
              .aborted(Duration.ofSeconds(30))
              .published(91.5, 0.6, 91.4, 0.6),
          of("one_endpoint_dies_on_each_server", 250, 2_500, 10)
              .server(trouble(OK, MILLIS_600, 3, 1000, Statuses.broken(0), MILLIS_600))
              .server(trouble(OK, MILLIS_600, 3, 1000, Statuses.broken(1), MILLIS_600))
              .published(65.0, 1.55, 65.1, 0.6),
          of("live_reloading", 250, 2_500, 10)
              .server(always(OK, Times.linear(millis(600), 60)))
              .server(always(Statuses.of(500), Times.linear(millis(600), 60)))
              .server(always(OK, Times.linear(millis(600), 60)))
              .joins(Duration.ofSeconds(5))
              .published(92.9, 5.35, 86.9, 2.80),
          of("uncommon_flakes", 1_000, 10_000, 10)
              .server(always(Statuses.flaky(0.01), Times.of(Duration.ofNanos(1000))))
              .server(always(Statuses.flaky(0.01), Times.of(Duration.ofNanos(1000))))
              .published(99.0, 0, 99.0, 0),
          of("one_big_spike", 30_000, 1_000, 1)
              .server(always(Statuses.upTo(100, 429), Times.of(millis(150))))
              .server(always(Statuses.upTo(100, 429), Times.of(millis(150))))
              .aborted(Duration.ofSeconds(10))
              .published(100, 1.58, 99.9, 1.22));

  private static DialogueScenario of(String name, double perSecond, int requests, int clients) {
    Published none = new Published(0, 0);
    return new DialogueScenario(
        name,
        perSecond,
        requests,
        clients,
        false,
        Duration.ofMinutes(10).plusSeconds((long) (requests / perSecond)),
        Duration.ZERO,
        List.of(),
        none,
        none);
  }

  private DialogueScenario server(List<Phase> phases) {
    List<List<Phase>> all = new ArrayList<>(servers);
    all.add(phases);
    return with(repeats500, aborted, joins, all, limited, unlimited);
  }

  private DialogueScenario repeating500() {
    return with(true, aborted, joins, servers, limited, unlimited);
  }

  private DialogueScenario aborted(Duration after) {
    return with(repeats500, after, joins, servers, limited, unlimited);
  }

  private DialogueScenario joins(Duration after) {
    return with(repeats500, aborted, after, servers, limited, unlimited);
  }

  private DialogueScenario published(
      double success, double seconds, double unlimitedSuccess, double unlimitedSeconds) {
    return with(
        repeats500,
        aborted,
        joins,
        servers,
        new Published(success, seconds),
        new Published(unlimitedSuccess, unlimitedSeconds));
  }

  private DialogueScenario with(
      boolean repeats,
      Duration end,
      Duration join,
      List<List<Phase>> all,
      Published one,
      Published other) {
    return new DialogueScenario(
        name, perSecond, requests, clients, repeats, end, join, all, one, other);
  }

  private static List<Phase> always(Statuses statuses, Times times) {
    return List.of(new Phase(EVER, statuses, times));
  }

  /** Trouble from one second to another. */
  private static List<Phase> trouble(
      Statuses well, Times usual, int from, int to, Statuses then, Times meanwhile) {
    return List.of(
        new Phase(Duration.ofSeconds(from), well, usual),
        new Phase(Duration.ofSeconds(to), then, meanwhile),
        new Phase(EVER, well, usual));
  }

  private static Duration millis(int millis) {
    return Duration.ofMillis(millis);
  }

  /** All servers but the last may have joined later. */
  int serversAtFirst() {
    return joins.isZero() ? servers.size() : servers.size() - 1;
  }
}
