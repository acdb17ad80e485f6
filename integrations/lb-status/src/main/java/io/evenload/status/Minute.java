package io.evenload.status;

import java.util.Arrays;
import java.util.Collection;

/** What ended in each slot of the last minute, the oldest first; immutable. */
final class Minute {

  /** Nothing ended. */
  static final Minute EMPTY = new Minute(new int[ServerCounts.SLOTS], new int[ServerCounts.SLOTS]);

  private final int[] failed;
  private final int[] others;

  /** Takes the arrays as its own. */
  Minute(int[] failed, int[] others) {
    this.failed = failed;
    this.others = others;
  }

  /** Returns the sum, slot by slot. */
  static Minute sum(Collection<Minute> minutes) {
    int[] failed = new int[ServerCounts.SLOTS];
    int[] others = new int[ServerCounts.SLOTS];
    for (Minute minute : minutes) {
      for (int slot = 0; slot < ServerCounts.SLOTS; slot++) {
        failed[slot] += minute.failed[slot];
        others[slot] += minute.others[slot];
      }
    }
    return new Minute(failed, others);
  }

  long attempts() {
    return failures() + Arrays.stream(others).asLongStream().sum();
  }

  long failures() {
    return Arrays.stream(failed).asLongStream().sum();
  }

  int attempts(int slot) {
    return failed[slot] + others[slot];
  }

  int failures(int slot) {
    return failed[slot];
  }

  /** The most attempts in a slot. */
  int peak() {
    int peak = 0;
    for (int slot = 0; slot < ServerCounts.SLOTS; slot++) {
      peak = Math.max(peak, attempts(slot));
    }
    return peak;
  }
}
