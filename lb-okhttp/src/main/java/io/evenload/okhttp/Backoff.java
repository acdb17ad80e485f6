package io.evenload.okhttp;

import java.util.random.RandomGenerator;

/** The wait before a retry: random, up to a limit that doubles each time ("full jitter"). */
final class Backoff {

  private final long baseNanos;
  private final long maxNanos;
  private final RandomGenerator random;

  Backoff(RetryPolicy policy, RandomGenerator random) {
    this.baseNanos = policy.baseBackoff().toNanos();
    this.maxNanos = policy.maxBackoff().toNanos();
    this.random = random;
  }

  /**
   * Returns the wait.
   *
   * @param retry 1 for the first
   */
  long nanos(int retry) {
    int doublings = Math.min(retry - 1, 40);
    long limit = baseNanos > (maxNanos >> doublings) ? maxNanos : baseNanos << doublings;
    return limit == 0 ? 0 : random.nextLong(limit + 1);
  }
}
