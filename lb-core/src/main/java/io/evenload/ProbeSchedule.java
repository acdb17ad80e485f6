package io.evenload;

import io.evenload.health.HealthCheck;
import java.util.random.RandomGenerator;

/** When an endpoint is probed: pure functions of what its probes have said. */
final class ProbeSchedule {

  private ProbeSchedule() {}

  /**
   * Returns how long the first probe waits. Many servers that come at once are not asked at once,
   * unless traffic waits for it.
   */
  static long firstWaitNanos(HealthCheck check, Verdict verdict, RandomGenerator random) {
    return verdict.held() || check.jitter() == 0
        ? 0
        : (long) (check.fastInterval().toNanos() * random.nextDouble());
  }

  /** Returns how long the next probe waits after the answer that led to this verdict. */
  static long nextWaitNanos(HealthCheck check, Verdict verdict, RandomGenerator random) {
    long interval = (verdict.calm() ? check.interval() : check.fastInterval()).toNanos();
    double draw = random.nextDouble();
    if (verdict.first() && verdict.calm() && check.jitter() > 0) {
      return (long) (interval * draw); // anywhere in the interval, so that the load is even
    }
    return (long) (interval * (1 + check.jitter() * (2 * draw - 1)));
  }
}
