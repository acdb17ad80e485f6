package io.evenload.limit;

import io.evenload.Outcome;

/** Netflix's Gradient2: as much more latency than usual, as much less concurrency. */
final class Gradient2 implements LimitRule {

  /*
   * The usual latency is an average over ten minutes, so that an overload does not become the usual. It is the plain
   * mean of the first ten windows; and after a time of overload, when it is more than twice the present latency, it falls fast.
   */

  static final double TOLERANCE =
      1.5; // a latency that is not even this much more than usual is usual
  static final double LEAST_GRADIENT = 0.5;
  static final double SMOOTHING = 0.2;
  static final double QUEUE = 4; // what may wait at a server, so that the limit can grow

  private static final int WARM_UP = 10;
  private static final double MEMORY_NANOS = 600e9;
  private static final double RECOVERY = 0.95;

  private long windows;
  private volatile double usualNanos;

  @Override
  public boolean counts(Outcome outcome, long latencyNanos) {
    return outcome == Outcome.SUCCESS || latencyNanos > usualNanos; // a fast error is not fast work
  }

  @Override
  public boolean dropped(Outcome outcome, long latencyNanos) {
    return false;
  }

  @Override
  public double next(double limit, Seen seen) {
    double present = Math.max(1, seen.meanNanos());
    usualNanos = usual(usualNanos, present, ++windows, seen.elapsedNanos());
    return seen.usedHalf(limit) ? limit(limit, usualNanos, present, TOLERANCE) : limit;
  }

  /** Returns the limit that follows from the usual and the present latency. */
  static double limit(double limit, double usual, double present, double tolerance) {
    double gradient = Math.max(LEAST_GRADIENT, Math.min(1, tolerance * usual / present));
    return (1 - SMOOTHING) * limit + SMOOTHING * (gradient * limit + QUEUE);
  }

  /** Returns the usual latency after one more window. */
  static double usual(double usual, double present, long windows, long elapsedNanos) {
    double weight = windows <= WARM_UP ? 1.0 / windows : 1 - Math.exp(-elapsedNanos / MEMORY_NANOS);
    double next = usual + (present - usual) * weight;
    return next > 2 * present ? next * RECOVERY : next;
  }
}
