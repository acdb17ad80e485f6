package io.evenload.benchmarks.sim;

import io.evenload.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** One run: the calls of a scenario, sent by clients of one strategy. */
final class Simulation implements Trouble.World, Strategy.Setting {

  /*
   * Calls come at random times, whether those before are answered or not, as they do from many users. When each comes, how
   * much work it is, by which client it is sent, and what befalls the servers is drawn from the seed alone, each from a
   * generator of its own: it is the same for all strategies, and only where calls go differs.
   *
   * Who waited as long as the timeout goes away; the server does not know, and works on.
   */

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final Scenario scenario;
  private final SimulatedTime time = new SimulatedTime();
  private final SplittableRandom arrivals;
  private final SplittableRandom work;
  private final SplittableRandom senders;
  private final SplittableRandom troubles;
  private final SplittableRandom choices;
  private final List<SimulatedServer> servers = new ArrayList<>();
  private final List<Strategy.Client> clients = new ArrayList<>();
  private final Strategy.Report[] reports;
  private final double[] busyBefore;
  private final long[] doneBefore;
  private final Queue<Call> waiting = new ArrayDeque<>(); // in the order of their timeouts
  private final Outcomes outcomes;
  private final long measuredFrom;
  private final long end;
  private final double nanosBetween;
  private BitSet unlisted = new BitSet();

  private Simulation(Scenario scenario, Strategy strategy, long seed) {
    this.scenario = scenario;
    SplittableRandom seeds = new SplittableRandom(seed);
    arrivals = seeds.split();
    work = seeds.split();
    senders = seeds.split();
    troubles = seeds.split();
    choices = seeds.split();
    int n = scenario.cores.length;
    outcomes = new Outcomes(n, scenario.timeout.toNanos());
    measuredFrom = scenario.warmUp.toNanos();
    end = measuredFrom + scenario.measured.toNanos();
    nanosBetween = SECOND / scenario.perSecond();
    reports = new Strategy.Report[n];
    busyBefore = new double[n];
    doneBefore = new long[n];
    for (int i = 0; i < n; i++) {
      int most = scenario.mostPerCore * scenario.cores[i];
      servers.add(
          new SimulatedServer(time, troubles.split(), scenario.kind, scenario.cores[i], most));
      speed(i, 1);
      reports[i] = new Strategy.Report(0, 0);
    }
    for (int i = 0; i < scenario.clients; i++) {
      clients.add(strategy.kind().client(this, listOf(i)));
    }
  }

  /** Runs it; the same seed gives the same calls and troubles to every strategy. */
  static Outcomes run(Scenario scenario, Strategy strategy, long seed) {
    return new Simulation(scenario, strategy, seed).run();
  }

  private Outcomes run() {
    scenario.trouble.befall(this);
    time.after(SECOND, this::reportLoads);
    scheduleNext();
    time.runUntil(end + 2 * scenario.timeout.toNanos());
    clients.forEach(Strategy.Client::close);
    return outcomes;
  }

  /** What a client may use: an arc of the ring of all, evenly spread over the clients. */
  private int[] listOf(int client) {
    int n = servers.size();
    int size = scenario.subset == 0 ? n : scenario.subset;
    int first = scenario.subset == 0 ? 0 : (int) ((long) client * n / scenario.clients);
    return IntStream.range(first, first + size)
        .map(i -> i % n)
        .filter(i -> !unlisted.get(i))
        .toArray();
  }

  private void scheduleNext() {
    long wait = (long) (-Math.log(1 - arrivals.nextDouble()) * nanosBetween);
    if (time.now() + wait < end) {
      time.after(
          wait,
          () -> {
            scheduleNext();
            arrive();
          });
    }
  }

  private void arrive() {
    double nanos = scenario.serviceTime.nextMillis(work) * 1e6;
    int client = scenario.clients == 1 ? 0 : senders.nextInt(scenario.clients);
    boolean counts = time.now() >= measuredFrom;
    Strategy.Sent sent = clients.get(client).send();
    if (sent == null) {
      if (counts) {
        outcomes.failed();
      }
      return;
    }
    Call call = new Call(sent, time.now(), counts);
    if (counts) {
      outcomes.sent(sent.server());
    }
    SimulatedServer server = servers.get(sent.server());
    time.after(scenario.oneWay.toNanos(), () -> server.take(nanos, call));
    waiting.add(call);
    if (waiting.size() == 1) {
      awaitTimeout();
    }
  }

  private void awaitTimeout() {
    Call first = waiting.peek();
    if (first != null) {
      time.at(first.began + scenario.timeout.toNanos(), this::timeOut);
    }
  }

  /** Ends the calls whose time is over, and forgets those that were answered. */
  private void timeOut() {
    long began = time.now() - scenario.timeout.toNanos();
    for (Call call = waiting.peek(); call != null; call = waiting.peek()) {
      if (!call.over && call.began > began) {
        break;
      }
      waiting.remove();
      call.timeOut();
    }
    awaitTimeout();
  }

  private void reportLoads() {
    for (int i = 0; i < reports.length; i++) {
      SimulatedServer server = servers.get(i);
      double busy = server.busyNanos();
      long done = server.done();
      reports[i] = new Strategy.Report(done - doneBefore[i], (busy - busyBefore[i]) / SECOND);
      busyBefore[i] = busy;
      doneBefore[i] = done;
    }
    time.after(SECOND, this::reportLoads);
  }

  @Override
  public SimulatedTime time() {
    return time;
  }

  @Override
  public RandomGenerator random() {
    return choices;
  }

  @Override
  public RandomGenerator troubles() {
    return troubles;
  }

  @Override
  public Strategy.Report report(int server) {
    return reports[server];
  }

  @Override
  public int servers() {
    return servers.size();
  }

  @Override
  public SimulatedServer server(int place) {
    return servers.get(place);
  }

  @Override
  public void speed(int place, double factor) {
    servers.get(place).speed(scenario.speeds[place] * factor);
  }

  @Override
  public void unlisted(BitSet places) {
    unlisted = places;
    for (int i = 0; i < clients.size(); i++) {
      clients.get(i).update(listOf(i));
    }
  }

  private final class Call implements SimulatedServer.Caller {
    private final Strategy.Sent sent;
    private final long began;
    private final boolean counts;
    private boolean over;

    Call(Strategy.Sent sent, long began, boolean counts) {
      this.sent = sent;
      this.began = began;
      this.counts = counts;
    }

    @Override
    public void answered(boolean success) {
      time.after(scenario.oneWay.toNanos(), () -> returned(success));
    }

    private void returned(boolean success) {
      if (over) {
        return;
      }
      over = true;
      sent.ended(success ? Outcome.SUCCESS : Outcome.FAILURE);
      if (counts && success) {
        outcomes.answered(time.now() - began);
      } else if (counts) {
        outcomes.failed();
      }
    }

    private void timeOut() {
      if (over) {
        return;
      }
      over = true;
      sent.ended(Outcome.TIMED_OUT);
      if (counts) {
        outcomes.timedOut();
      }
    }
  }
}
