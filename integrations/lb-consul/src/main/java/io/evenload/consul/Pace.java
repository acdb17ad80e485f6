package io.evenload.consul;

import java.time.Duration;

/**
 * How soon to ask again after an answer: at once if it brought news, and ever later while answers
 * bring none although they should have waited for some. Not thread-safe.
 */
final class Pace {

  static final Duration FIRST = Duration.ofMillis(250);

  /** The index moves, so that news may come any time, and a second is soon enough for them. */
  static final Duration MOST_MOVING = Duration.ofSeconds(1);

  /** The index stands still and the agent answers all the same: it does not wait for changes. */
  static final Duration MOST_STILL = Duration.ofSeconds(10);

  private int idle;

  /**
   * Returns how long to wait.
   *
   * @param waited whether the agent took the time it was given, as it should without news
   * @param news whether the answer is another one than before
   * @param moved whether the index is
   */
  Duration next(boolean waited, boolean news, boolean moved) {
    if (waited || (news && moved)) {
      idle = 0;
      return Duration.ZERO;
    }
    Duration most = moved ? MOST_MOVING : MOST_STILL;
    Duration next = FIRST.multipliedBy(1L << Math.min(idle, 10));
    idle++;
    return next.compareTo(most) < 0 ? next : most;
  }
}
