package io.evenload.benchmarks.sim;

import java.util.concurrent.TimeUnit;

/**
 * gRPC's {@code weighted_round_robin}: once a second each node's weight becomes what it does in a
 * second over its utilization, as it reports them; a node has the mean weight in its first 10 s.
 * Turns are strides, by weight.
 */
final class WeightedRoundRobinModel extends PeerModel<WeightedRoundRobinModel.Turn> {

  private static final long BLACKOUT_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long UPDATE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Strategy.Setting setting;

  WeightedRoundRobinModel(Strategy.Setting setting, int[] servers) {
    super(setting);
    this.setting = setting;
    update(servers);
    time.after(1 + random.nextLong(UPDATE_NANOS), this::weigh);
  }

  private void weigh() {
    double sum = 0;
    int known = 0;
    for (Turn node : nodes) {
      Strategy.Report report = setting.report(node.server);
      boolean counts =
          time.now() - node.began >= BLACKOUT_NANOS
              && report.perSecond() > 0
              && report.utilization() > 0;
      node.weight = counts ? report.perSecond() / report.utilization() : 0;
      sum += node.weight;
      known += counts ? 1 : 0;
    }
    double mean = known < 2 ? 1 : sum / known; // with fewer than two it takes turns evenly
    for (Turn node : nodes) {
      node.weight = node.weight == 0 || known < 2 ? mean : node.weight;
    }
    begin();
    time.after(UPDATE_NANOS, this::weigh);
  }

  /** Begins a schedule at a random place. */
  private void begin() {
    for (Turn node : nodes) {
      node.next = random.nextDouble() / node.weight;
    }
  }

  @Override
  void updated() {
    begin();
  }

  @Override
  Turn node(int server) {
    return new Turn(server, time.now());
  }

  @Override
  Turn pick() {
    Turn first = nodes.get(0);
    for (Turn node : nodes) {
      first = node.next < first.next ? node : first;
    }
    first.next += 1 / first.weight;
    return first;
  }

  static final class Turn extends PeerModel.Node {
    private final long began;
    private double weight = 1;
    private double next;

    Turn(int server, long now) {
      super(server);
      began = now;
    }
  }
}
