package io.evenload;

/**
 * The outcomes of an endpoint's attempts, packed into one long so that they are read and reset
 * together: pure functions.
 */
final class Tally {

  /*
   * From the lowest bit: 27 bits of successes, 27 of failures, 10 of the failures since the last success. When either
   * count is full, neither goes on, so that their ratio stays right: that of the first 134 million attempts.
   */

  static final long NONE = 0;
  static final int MAX_STREAK = 1_023;

  private static final int COUNT_BITS = 27;
  private static final int MAX_COUNT = (1 << COUNT_BITS) - 1;
  private static final int STREAK_SHIFT = 2 * COUNT_BITS;
  private static final long COUNTS = (1L << STREAK_SHIFT) - 1;
  private static final long SUCCESS = 1;
  private static final long FAILURE = 1L << COUNT_BITS;
  private static final long IN_A_ROW = 1L << STREAK_SHIFT;

  private Tally() {}

  /** Returns the tally with one more outcome. */
  static long with(long tally, boolean success) {
    boolean full = successes(tally) == MAX_COUNT || failures(tally) == MAX_COUNT;
    if (success) {
      return (tally & COUNTS) + (full ? 0 : SUCCESS);
    }
    return tally + (full ? 0 : FAILURE) + (streak(tally) == MAX_STREAK ? 0 : IN_A_ROW);
  }

  /** Returns the tally without its counts: what begins the next interval. */
  static long streakOnly(long tally) {
    return tally & ~COUNTS;
  }

  static int successes(long tally) {
    return (int) tally & MAX_COUNT;
  }

  static int failures(long tally) {
    return (int) (tally >>> COUNT_BITS) & MAX_COUNT;
  }

  /** The failures since the last success, {@value #MAX_STREAK} at most. */
  static int streak(long tally) {
    return (int) (tally >>> STREAK_SHIFT);
  }

  static int total(long tally) {
    return successes(tally) + failures(tally);
  }

  /** The share of attempts that succeeded; 1 if there was none. */
  static double successRate(long tally) {
    int total = total(tally);
    return total == 0 ? 1 : (double) successes(tally) / total;
  }
}
