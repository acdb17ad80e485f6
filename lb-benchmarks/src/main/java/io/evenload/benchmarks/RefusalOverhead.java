package io.evenload.benchmarks;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.Gate;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.limit.ConcurrencyLimits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * What an attempt costs that no endpoint takes, relative to one that begins and ends, in turn in
 * one process: medians over rounds. Run it by {@code java -cp lb-benchmarks/target/benchmarks.jar
 * io.evenload.benchmarks.RefusalOverhead}.
 */
public final class RefusalOverhead {

  private static final int[] SIZES = {10, 100, 10_000};
  private static final int ROUNDS = 21;
  private static final long ROUND_NANOS = 30_000_000;

  private static volatile Object sink = "";

  private RefusalOverhead() {}

  /** Why nobody takes the attempt. */
  private enum Cause {
    CHOOSER_LIMIT,
    CONCURRENCY_LIMIT,
    TRIALS_RUNNING,
    GATE_REFUSES,
    FILTERED,
    DRAINED
  }

  /** Prints a table. */
  public static void main(String[] args) throws Exception {
    System.out.println(
        "| nobody takes it: | n | start + succeed, ns | refusal, ns | ratio | alternating with an end, ns |");
    System.out.println("|---|--:|--:|--:|--:|--:|");
    for (int n : SIZES) {
      for (Cause cause : Cause.values()) {
        measure(cause, n);
      }
    }
  }

  private static void measure(Cause cause, int n) throws Exception {
    List<Server> servers = IntStream.range(0, n).mapToObj(i -> Server.of("s" + i, 80)).toList();
    Switch open = new Switch();
    try (LoadBalancer calm = LoadBalancer.builder("calm").servers(ServerList.of(servers)).build();
        LoadBalancer full = full(cause, servers, open)) {
      List<Attempt> running = fill(full);
      open.close(cause);
      running.addAll(fill(full));
      if (cause == Cause.DRAINED) {
        servers.forEach(server -> full.admin().drain(server.id()));
      }
      RequestContext none = RequestContext.create().only(server -> cause != Cause.FILTERED);
      double[] starts = new double[ROUNDS];
      double[] refusals = new double[ROUNDS];
      double[] saturated = new double[ROUNDS];
      for (int round = -5; round < ROUNDS; round++) {
        int at = Math.max(0, round);
        starts[at] = time(() -> sink = succeeded(calm));
        refusals[at] = time(() -> sink = refused(full, none));
        saturated[at] = running.isEmpty() ? Double.NaN : time(() -> endStartAndFail(full, running));
      }
      double start = median(starts);
      double refusal = median(refusals);
      System.out.printf(
          Locale.ROOT,
          "| %s | %d | %.0f | %.0f | %.1f | %.0f |%n",
          cause,
          n,
          start,
          refusal,
          refusal / start,
          median(saturated));
      running.forEach(Attempt::cancel);
    }
  }

  private static LoadBalancer full(Cause cause, List<Server> servers, Switch open) {
    LoadBalancer.Builder builder =
        LoadBalancer.builder("full").servers(ServerList.of(servers)).leakSampling(0);
    return switch (cause) {
      case CHOOSER_LIMIT -> builder.chooser(new OneEach()).build();
      case CONCURRENCY_LIMIT -> builder.gate(ConcurrencyLimits.fixed(1)).build();
      case TRIALS_RUNNING, GATE_REFUSES -> builder.gate(open).build();
      case FILTERED, DRAINED -> builder.build();
    };
  }

  /** Starts attempts until none begins, or there are enough. */
  private static List<Attempt> fill(LoadBalancer full) {
    List<Attempt> running = new ArrayList<>();
    try {
      for (int i = 0; i <= 10_000; i++) {
        running.add(full.start());
      }
      running.forEach(Attempt::cancel);
      return new ArrayList<>();
    } catch (NoServerAvailableException e) {
      return running;
    }
  }

  private static Attempt succeeded(LoadBalancer calm) {
    try {
      Attempt attempt = calm.start();
      attempt.succeed();
      return attempt;
    } catch (NoServerAvailableException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Object refused(LoadBalancer full, RequestContext request) {
    try {
      throw new IllegalStateException(full.start(request).toString());
    } catch (NoServerAvailableException e) {
      return e;
    }
  }

  private static void endStartAndFail(LoadBalancer full, List<Attempt> running) {
    int i = ThreadLocalRandom.current().nextInt(running.size());
    running.get(i).succeed();
    try {
      running.set(i, full.start());
    } catch (NoServerAvailableException e) {
      throw new IllegalStateException(e);
    }
    sink = refused(full, RequestContext.create());
  }

  private static double time(Runnable call) {
    long start = System.nanoTime();
    long now = start;
    long calls = 0;
    for (; now - start < ROUND_NANOS; now = System.nanoTime()) {
      for (int i = 0; i < 20; i++) {
        call.run();
      }
      calls += 20;
    }
    return (double) (now - start) / calls;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** One attempt at a time at each endpoint, by the chooser. */
  private static final class OneEach implements Chooser {
    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(ThreadLocalRandom.current().nextInt(eligible.size()));
    }

    @Override
    public int inFlightLimit(Endpoint chosen) {
      return 1;
    }
  }

  /** The gates of all endpoints, which close or refuse together. */
  private static final class Switch implements Gate.Factory {
    private final List<Runnable> changed = new ArrayList<>();
    private volatile boolean open = true;
    private volatile boolean refuses;

    void close(Cause cause) throws InterruptedException {
      open = cause != Cause.TRIALS_RUNNING;
      refuses = cause == Cause.GATE_REFUSES;
      changed.forEach(Runnable::run);
      Thread.sleep(1_500); // the balancers' ticks see it, too
    }

    @Override
    public Gate create(Server server, LongSupplier nanoTime, Runnable changed) {
      this.changed.add(changed);
      return new Gate() {
        @Override
        public boolean open() {
          return open;
        }

        @Override
        public boolean tryAcquire() {
          return !refuses;
        }

        @Override
        public void release(Outcome outcome, long latencyNanos) {}
      };
    }
  }
}
