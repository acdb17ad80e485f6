package io.evenload;

/** The outcomes of an endpoint's last attempts, packed into one long: pure functions. */
final class LastOutcomes {

  /*
   * The last outcome is the lowest bit, 1 where the attempt was not good. Above the oldest is another 1, by which their
   * number is known. When there are MOST, the oldest goes. While all are good, one more changes nothing.
   */

  static final int MOST = Long.SIZE - 1;
  static final long NONE = 1;

  private static final long FULL = 1L << MOST;

  private LastOutcomes() {}

  /** Returns what is known after one more. */
  static long with(long outcomes, boolean good) {
    return (outcomes << 1) | (outcomes & FULL) | (good ? 0 : 1);
  }

  /** How many are known. */
  static int known(long outcomes) {
    return MOST - Long.numberOfLeadingZeros(outcomes);
  }

  /** How many of them were not good. */
  static int bad(long outcomes) {
    return Long.bitCount(outcomes) - 1;
  }

  /** How many of the last so many were not good, as far as they are known. */
  static int bad(long outcomes, int last) {
    int asked = Math.min(last, known(outcomes));
    return Long.bitCount(outcomes & ((1L << asked) - 1));
  }
}
