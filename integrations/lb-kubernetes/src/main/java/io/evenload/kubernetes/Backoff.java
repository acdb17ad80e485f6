package io.evenload.kubernetes;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** How long to wait after faults that follow each other. Not thread-safe. */
final class Backoff {

  static final Duration FIRST = Duration.ofMillis(500);

  /** While nothing answers: nobody is hurt by asking, and whoever comes back is found soon. */
  static final Duration MOST_UNREACHABLE = Duration.ofSeconds(3);

  /** While the API server answers with errors: it may be overloaded, or will go on refusing. */
  static final Duration MOST_REFUSED = Duration.ofSeconds(30);

  static final double JITTER = 0.2;

  private final RandomGenerator random;
  private int faults;

  Backoff(RandomGenerator random) {
    this.random = random;
  }

  /** All is well: the next fault is the first. */
  void reset() {
    faults = 0;
  }

  /** Returns how long to wait in nanoseconds, after one more fault. */
  long next(Throwable fault) {
    boolean refused = fault instanceof ApiException;
    long most = (refused ? MOST_REFUSED : MOST_UNREACHABLE).toNanos();
    long wait = Math.min(most, FIRST.toNanos() << Math.min(faults, 10));
    faults++;
    if (fault instanceof ApiException refusal) {
      wait = Math.max(wait, Math.min(most, refusal.retryAfter().toNanos()));
    }
    return jittered(wait);
  }

  /** Returns about so many nanoseconds: a fifth more or less, so that clients drift apart. */
  long jittered(long nanos) {
    return (long) (nanos * (1 + JITTER * (2 * random.nextDouble() - 1)));
  }
}
