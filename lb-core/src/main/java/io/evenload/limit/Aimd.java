package io.evenload.limit;

import io.evenload.Outcome;

/** Additive increase, multiplicative decrease, as in TCP. */
final class Aimd implements LimitRule {

  /*
   * A few failures say nothing of load: at 1,000 attempts a window, one in a hundred would be enough to keep a limit
   * that falls at any failure at its least. So it takes more than 5 %.
   */

  static final double BACKOFF = 0.9;
  static final double TOLERATED = 0.05;

  private final long timeoutNanos;

  Aimd(long timeoutNanos) {
    this.timeoutNanos = timeoutNanos;
  }

  @Override
  public boolean counts(Outcome outcome, long latencyNanos) {
    return outcome != Outcome.ABANDONED || latencyNanos > timeoutNanos;
  }

  @Override
  public boolean dropped(Outcome outcome, long latencyNanos) {
    return outcome.failed() || latencyNanos > timeoutNanos;
  }

  @Override
  public double next(double limit, Seen seen) {
    if (seen.dropped() > seen.attempts() * TOLERATED) {
      return limit * BACKOFF;
    }
    return seen.usedHalf(limit) ? limit + 1 : limit;
  }
}
