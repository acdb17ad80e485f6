package io.evenload.benchmarks.sim;

import io.evenload.Outcome;
import java.util.concurrent.TimeUnit;

/**
 * Finagle's {@code p2cPeakEwma} with its failure accrual: of two distinct random nodes, the
 * healthier one, or at equal health the one with less {@code cost * (pending + 1)}. The cost is an
 * average that a higher latency replaces at once, and that decays, also when it is read, with a
 * time constant of 10 s. Five failures in a row mark a node dead for 5 s, and for twice that at
 * each further one, up to 5 minutes.
 */
final class FinagleModel extends PeerModel<FinagleModel.Peak> {

  private static final double TAU_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final double UNKNOWN = Long.MAX_VALUE >> 16;
  private static final int ACCRUED = 5;
  private static final long SHORTEST_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(300);

  FinagleModel(Strategy.Setting setting, int[] servers) {
    super(setting);
    update(servers);
  }

  @Override
  Peak node(int server) {
    return new Peak(server, time.now());
  }

  @Override
  Peak pick() {
    int drawn = random.nextInt(nodes.size());
    Peak a = nodes.get(drawn);
    Peak b = other(drawn);
    boolean aIsDead = a.deadUntil > time.now();
    boolean bIsDead = b.deadUntil > time.now();
    if (aIsDead != bIsDead) {
      return aIsDead ? b : a;
    }
    return a.load(time.now()) < b.load(time.now()) ? a : b;
  }

  @Override
  void ended(Peak node, Outcome outcome, long nanos) {
    node.observe((double) nanos, time.now());
    if (outcome == Outcome.SUCCESS) {
      node.failed = 0;
      node.deadNanos = SHORTEST_NANOS;
    } else if (++node.failed >= ACCRUED) {
      node.deadUntil = time.now() + node.deadNanos;
      node.deadNanos = Math.min(LONGEST_NANOS, 2 * node.deadNanos);
      node.failed = ACCRUED - 1; // the first after the pause is a probe
    }
  }

  static final class Peak extends PeerModel.Node {
    private double cost;
    private long stamp;
    private int failed;
    private long deadUntil;
    private long deadNanos = SHORTEST_NANOS;

    Peak(int server, long now) {
      super(server);
      stamp = now;
    }

    private void observe(double nanos, long now) {
      double kept = StrictMath.exp(-(now - stamp) / TAU_NANOS);
      cost = nanos > cost ? nanos : cost * kept + nanos * (1 - kept);
      stamp = now;
    }

    private double load(long now) {
      observe(0, now);
      return cost == 0 && pending != 0 ? UNKNOWN + pending : cost * (pending + 1);
    }
  }
}
