package io.evenload.benchmarks.sim;

import io.evenload.Outcome;
import java.util.concurrent.TimeUnit;

/**
 * ServiceTalk's {@code P2C} policy: of two distinct random hosts the one with the better score,
 * which is the peak-sensitive average of the latency, with a half-life of 10 s, times the pending
 * requests and one. An error counts as ten times the average, or ten times what it took, if that is
 * more; a call that was given up, as at its timeout, five times. It rounds up to milliseconds at
 * each look, so that under load nothing fades; the model does not, which is kinder.
 */
final class ServiceTalkModel extends PeerModel<ServiceTalkModel.Host> {

  private static final double ROUNDED = 0.001; // ms: as good as nothing
  private static final double TAU_NANOS = TimeUnit.SECONDS.toNanos(10) / StrictMath.log(2);
  private static final double ERROR_PENALTY = 10;
  private static final double CANCEL_PENALTY = 5;

  ServiceTalkModel(Strategy.Setting setting, int[] servers) {
    super(setting);
    update(servers);
  }

  @Override
  Host node(int server) {
    return new Host(server);
  }

  @Override
  Host pick() {
    int drawn = random.nextInt(nodes.size());
    Host a = nodes.get(drawn);
    Host b = other(drawn);
    return a.score(time.now()) >= b.score(time.now()) ? a : b;
  }

  @Override
  void ended(Host node, Outcome outcome, long nanos) {
    long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
    double worse = Math.max(node.average, (double) millis);
    double counted =
        outcome == Outcome.SUCCESS
            ? millis
            : worse * (outcome == Outcome.TIMED_OUT ? CANCEL_PENALTY : ERROR_PENALTY);
    node.observe(counted, time.now());
  }

  static final class Host extends PeerModel.Node {
    private double average;
    private long last;

    Host(int server) {
      super(server);
    }

    private void observe(double millis, long now) {
      double kept = StrictMath.exp(-(now - last) / TAU_NANOS);
      average = millis > average ? millis : average * kept + millis * (1 - kept);
      last = now;
    }

    private double score(long now) {
      observe(0, now);
      if (average < ROUNDED) {
        return pending == 0 ? 0 : Double.NEGATIVE_INFINITY;
      }
      return -average * (pending + 1);
    }
  }
}
