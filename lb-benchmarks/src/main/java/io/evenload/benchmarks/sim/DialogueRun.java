package io.evenload.benchmarks.sim;

import io.evenload.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One run of a scenario of Dialogue's. */
final class DialogueRun implements Strategy.Setting {

  /*
   * As there: requests come evenly, by clients drawn at random; 429 and 503 (and 500 where it says so) are retried up to four
   * times, after a random part of a slot that doubles; nothing times out, and what is not answered when a run is aborted
   * has not succeeded. Dialogue's own clients have concurrency limits and queues besides, unless they are called unlimited.
   */

  private static final int RETRIES = 4; // of conjure-java-runtime's client configuration
  private static final long SLOT_NANOS = TimeUnit.MILLISECONDS.toNanos(250); // likewise
  private static final int ENDPOINTS = 2;

  private final DialogueScenario scenario;
  private final Strategy strategy;
  private final SimulatedTime time = new SimulatedTime();
  private final SplittableRandom senders;
  private final SplittableRandom choices;
  private final SplittableRandom jitter;
  private final List<ScriptedServer> servers = new ArrayList<>();
  private final List<Strategy.Client> clients = new ArrayList<>();
  private long answered;
  private long succeeded;
  private double seconds;

  private DialogueRun(DialogueScenario scenario, Strategy strategy, long seed) {
    this.scenario = scenario;
    this.strategy = strategy;
    SplittableRandom seeds = new SplittableRandom(seed);
    senders = seeds.split();
    choices = seeds.split();
    jitter = seeds.split();
    scenario.servers().forEach(one -> servers.add(new ScriptedServer(time, seeds.split(), one)));
    int[] listed = IntStream.range(0, scenario.serversAtFirst()).toArray();
    for (int i = 0; i < scenario.clients(); i++) {
      clients.add(strategy.kind().client(this, listed));
    }
  }

  /** Runs it and returns what Dialogue reports of its own. */
  static DialogueScenario.Published run(DialogueScenario scenario, Strategy strategy, long seed) {
    return new DialogueRun(scenario, strategy, seed).run();
  }

  private DialogueScenario.Published run() {
    long between = (long) (TimeUnit.SECONDS.toNanos(1) / scenario.perSecond());
    for (int i = 0; i < scenario.requests(); i++) {
      time.at(i * between, this::arrive);
    }
    int[] all = IntStream.range(0, servers.size()).toArray();
    if (!scenario.joins().isZero()) {
      time.at(scenario.joins().toNanos(), () -> join(all));
    }
    time.runUntil(scenario.aborted().toNanos());
    clients.forEach(Strategy.Client::close);
    return new DialogueScenario.Published(
        100.0 * succeeded / scenario.requests(), seconds / Math.max(1, answered));
  }

  /** Has all clients know of all servers; Dialogue makes its clients anew for another list. */
  private void join(int[] all) {
    if (strategy.equals(Strategies.DIALOGUE)) {
      clients.replaceAll(client -> strategy.kind().client(this, all));
    } else {
      clients.forEach(client -> client.update(all));
    }
  }

  private void arrive() {
    Strategy.Client client = clients.get(senders.nextInt(clients.size()));
    new Request(senders.nextInt(ENDPOINTS)).send(client.send());
  }

  @Override
  public SimulatedTime time() {
    return time;
  }

  @Override
  public RandomGenerator random() {
    return choices;
  }

  /** There are none. */
  @Override
  public Strategy.Report report(int server) {
    return new Strategy.Report(0, 0);
  }

  /** What the strategy makes of a status: a 4xx is a success for ours, but a 429 says nothing. */
  private Outcome outcome(int status) {
    if (status >= 500) {
      return Outcome.FAILURE;
    }
    boolean clientError = status == 429 || (status >= 400 && strategy.model());
    return clientError ? Outcome.CANCELLED : Outcome.SUCCESS;
  }

  private final class Request {
    private final int endpoint;
    private final long began = time.now();
    private int failures;

    Request(int endpoint) {
      this.endpoint = endpoint;
    }

    void send(Strategy.@Nullable Sent sent) {
      if (sent == null) {
        answered++;
        return;
      }
      servers.get(sent.server()).take(endpoint, status -> answered(sent, status));
    }

    private void answered(Strategy.Sent sent, int status) {
      sent.ended(outcome(status));
      boolean repeats = status == 429 || status == 503 || (status == 500 && scenario.repeats500());
      if (repeats && failures < RETRIES) {
        double slots = jitter.nextDouble() * (1 << failures++);
        time.after(Math.round(SLOT_NANOS * slots), () -> send(sent.again()));
        return;
      }
      answered++;
      succeeded += status == 200 ? 1 : 0;
      seconds += (time.now() - began) / 1e9;
    }
  }
}
