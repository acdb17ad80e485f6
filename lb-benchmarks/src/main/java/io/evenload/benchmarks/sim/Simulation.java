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
import org.jspecify.annotations.Nullable;

/** One run: the calls of a scenario, sent by clients of one strategy. */
final class Simulation implements Trouble.World, Strategy.Setting {

  /*
   * Calls come at random times, whether those before are answered or not, as they do from many users. When each comes, how
   * much work it is, by which client it is sent, and what befalls the servers is drawn from the seed alone, each from a
   * generator of its own: it is the same for all strategies, and only where calls go differs.
   *
   * Who waited as long as the timeout goes away, or sends the call again if the scenario has retries; the server does not
   * know, and works on.
   */

  /** Looks on, and may have itself called by the simulation's time; changes nothing. */
  interface Witness {
    /** A simulation begins. */
    default void begins(Simulation simulation) {}

    /** A request is sent to this server. */
    default void sent(int server) {}

    /** A call ended now, after so many nanoseconds. */
    default void ended(long now, long nanos, boolean success) {}
  }

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
  private final Queue<Try> waiting = new ArrayDeque<>(); // in the order of their timeouts
  private final Outcomes outcomes;
  private final long measuredFrom;
  private final long end;
  private final double nanosBetween;
  private final double[] factors;
  private final Witness witness;
  private BitSet unlisted = new BitSet();

  private Simulation(Scenario scenario, Strategy strategy, long seed, Witness witness) {
    this.scenario = scenario;
    this.witness = witness;
    SplittableRandom seeds = new SplittableRandom(seed);
    arrivals = seeds.split();
    work = seeds.split();
    senders = seeds.split();
    troubles = seeds.split();
    choices = seeds.split();
    int n = scenario.cores.length;
    outcomes = new Outcomes(n);
    measuredFrom = scenario.warmUp.toNanos();
    end = measuredFrom + scenario.measured.toNanos();
    nanosBetween = SECOND / scenario.perSecond();
    reports = new Strategy.Report[n];
    busyBefore = new double[n];
    doneBefore = new long[n];
    factors = new double[n];
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
    return run(scenario, strategy, seed, new Witness() {});
  }

  /** Runs it before a witness. */
  static Outcomes run(Scenario scenario, Strategy strategy, long seed, Witness witness) {
    return new Simulation(scenario, strategy, seed, witness).run();
  }

  private Outcomes run() {
    witness.begins(this);
    scenario.trouble.befall(this);
    time.after(SECOND, this::reportLoads);
    scheduleNext();
    time.runUntil(end + 2L * (1 + scenario.retries) * scenario.timeout.toNanos());
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
    long wait = (long) (-StrictMath.log(1 - arrivals.nextDouble()) * nanosBetween);
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
    new Call(nanos, client).send(clients.get(client).send());
  }

  private void awaitTimeout() {
    Try first = waiting.peek();
    if (first != null) {
      time.at(first.began + scenario.timeout.toNanos(), this::timeOut);
    }
  }

  /** Ends the calls whose time is over, and forgets those that were answered. */
  private void timeOut() {
    long began = time.now() - scenario.timeout.toNanos();
    List<Try> late = new ArrayList<>();
    for (Try next = waiting.peek(); next != null; next = waiting.peek()) {
      if (!next.over && next.began > began) {
        break;
      }
      late.add(waiting.remove());
    }
    awaitTimeout();
    late.forEach(Try::timeOut); // when the next timeout is awaited, for each may send another
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
    factors[place] = factor;
    servers.get(place).speed(scenario.speeds[place] * factor);
  }

  /** A server's speed, relative to its own. */
  double factor(int place) {
    return factors[place];
  }

  /** Whether clients have a server on their list. */
  boolean listed(int place) {
    return !unlisted.get(place);
  }

  @Override
  public void unlisted(BitSet places) {
    unlisted = places;
    for (int i = 0; i < clients.size(); i++) {
      clients.get(i).update(listOf(i));
    }
  }

  /** What a user asks for: a request, and others if it fails. */
  private final class Call {
    private final double work;
    private final int client;
    private final long began = time.now();
    private final boolean counts = began >= measuredFrom;
    private int tries;

    Call(double work, int client) {
      this.work = work;
      this.client = client;
    }

    void send(Strategy.@Nullable Sent sent) {
      if (sent == null) {
        ended(Outcome.FAILURE);
        return;
      }
      tries++;
      witness.sent(sent.server());
      if (counts) {
        outcomes.sent(sent.server());
      }
      SimulatedServer server = servers.get(sent.server());
      long oneWay = scenario.oneWayNanos(client, sent.server());
      Try attempt = new Try(this, sent, oneWay);
      time.after(oneWay, () -> server.take(work, attempt));
      waiting.add(attempt);
      if (waiting.size() == 1) {
        awaitTimeout();
      }
    }

    void ended(Strategy.Sent sent, Outcome outcome) {
      sent.ended(outcome);
      if (outcome == Outcome.SUCCESS || tries > scenario.retries) {
        ended(outcome);
      } else {
        send(sent.again());
      }
    }

    private void ended(Outcome outcome) {
      long nanos = time.now() - began;
      witness.ended(time.now(), nanos, outcome == Outcome.SUCCESS);
      if (!counts) {
        return;
      }
      if (outcome == Outcome.SUCCESS) {
        outcomes.answered(nanos);
      } else if (outcome == Outcome.TIMED_OUT) {
        outcomes.timedOut(nanos);
      } else {
        outcomes.failed();
      }
    }
  }

  /** One request of a call. */
  private final class Try implements SimulatedServer.Caller {
    private final Call call;
    private final Strategy.Sent sent;
    private final long oneWay;
    private final long began = time.now();
    private boolean over;

    Try(Call call, Strategy.Sent sent, long oneWay) {
      this.call = call;
      this.sent = sent;
      this.oneWay = oneWay;
    }

    @Override
    public void answered(boolean success) {
      time.after(oneWay, () -> end(success ? Outcome.SUCCESS : Outcome.FAILURE));
    }

    void timeOut() {
      end(Outcome.TIMED_OUT);
    }

    private void end(Outcome outcome) {
      if (!over) {
        over = true;
        call.ended(sent, outcome);
      }
    }
  }
}
