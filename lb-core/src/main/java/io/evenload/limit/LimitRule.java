package io.evenload.limit;

import io.evenload.Outcome;

/** How a concurrency limit follows from what was seen since it was last computed. */
interface LimitRule {

  /** Whether an attempt that ended so is counted at all. */
  boolean counts(Outcome outcome, long latencyNanos);

  /** Whether it says that the server had too much to do. */
  boolean dropped(Outcome outcome, long latencyNanos);

  /** Returns the next limit, yet to be bounded. Called by one thread at a time. */
  double next(double limit, Seen seen);

  /**
   * What was seen in a window of time.
   *
   * @param attempts how many ended, at least 1
   * @param dropped how many of them say that the server had too much to do
   * @param meanNanos the mean of their latencies
   * @param peak the most that were in flight at once
   * @param elapsedNanos how long the window was
   */
  record Seen(int attempts, int dropped, double meanNanos, int peak, long elapsedNanos) {

    /** Whether the limit mattered, so that there is a reason to raise it. */
    boolean usedHalf(double limit) {
      return peak * 2.0 >= limit;
    }
  }
}
