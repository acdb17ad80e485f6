package io.evenload.status;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

/** Counts how the attempts at one server ended, over the last minute in slots of two seconds. */
final class ServerCounts {

  /*
   * An attempt adds 1 to one of two striped counters and does nothing else: it reads no clock and meets no lock. Once in
   * two seconds the page's timer takes what was added since the last time into a ring. The lock is between this timer and
   * those who look at the page. What ends while the timer sums up is in this slot or the next, and never in both or none,
   * since the counters only grow.
   */

  /** Two seconds: as often as the page looks. */
  static final Duration SLOT = Duration.ofSeconds(2);

  /** As many as make a minute. */
  static final int SLOTS = 30;

  private final LongAdder failed = new LongAdder();
  private final LongAdder others = new LongAdder();

  @GuardedBy("this")
  private final int[] failedSlots = new int[SLOTS];

  @GuardedBy("this")
  private final int[] otherSlots = new int[SLOTS];

  @GuardedBy("this")
  private int next;

  @GuardedBy("this")
  private long failedBefore;

  @GuardedBy("this")
  private long othersBefore;

  /** Counts one attempt; from any thread. */
  void count(boolean failure) {
    (failure ? failed : others).increment();
  }

  /** Ends the slot; what was counted in it shows from now on, for a minute. */
  synchronized void endSlot() {
    long failedNow = failed.sum();
    long othersNow = others.sum();
    failedSlots[next] = (int) Math.min(Integer.MAX_VALUE, failedNow - failedBefore);
    otherSlots[next] = (int) Math.min(Integer.MAX_VALUE, othersNow - othersBefore);
    failedBefore = failedNow;
    othersBefore = othersNow;
    next = (next + 1) % SLOTS;
  }

  /** Returns the slots that have ended, the oldest first. */
  synchronized Minute minute() {
    return new Minute(oldestFirst(failedSlots, next), oldestFirst(otherSlots, next));
  }

  private static int[] oldestFirst(int[] ring, int next) {
    int[] slots = Arrays.copyOfRange(ring, next, next + SLOTS);
    System.arraycopy(ring, 0, slots, SLOTS - next, next);
    return slots;
  }
}
