package io.evenload.chooser;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.random.RandomGenerator;

/** Positions that run through cycles of turns, one for each stripe of threads. */
final class StripedCursor {

  /*
   * One counter that all threads write is a hidden lock: with it two threads are slower together than one alone. So each
   * thread uses the stripe that its id selects, on a cache line of its own.
   *
   * A stripe counts down, by a single atomic subtraction, the turns that are left of its cycle, in the lower half of a long;
   * the upper half numbers the cycles, from the highest down. Who draws a number from 1 to the period has a turn that nobody
   * else has. Who draws 0 or less found the cycle over, and one of those begins the next; who draws more met a shorter
   * period than the stripe was at, and folds the count into it, so a cursor never restarts. Both do so by compare-and-set,
   * and draw a turn in the same step, so every turn of a stripe is handed out once and none is left out.
   *
   * It is a bare array, held by whoever takes turns: an object around it would be one more to read in each choice.
   */

  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);
  private static final int LINE =
      16; // longs in two cache lines, as the prefetcher fetches them in pairs

  /** So many that two busy threads rarely share one: 8 kB for each balancer. */
  private static final int STRIPES = 64;

  private static final long LEFT_MASK = 0x7fffffffL;
  private static final long CYCLE_MASK = 0xffffffff00000000L;

  private StripedCursor() {}

  /** Returns the cells of a cursor, whose stripes begin anywhere. */
  static long[] cells(RandomGenerator random) {
    long[] cells = new long[(STRIPES + 1) * LINE];
    for (int stripe = 1; stripe <= STRIPES; stripe++) {
      cells[stripe * LINE] = random.nextLong() & (CYCLE_MASK | LEFT_MASK);
    }
    return cells;
  }

  /**
   * Returns the next position: a turn below the period in the lower half, the cycle in the upper
   * half.
   */
  static long next(long[] cells, int period) {
    int cell = cell(Thread.currentThread().getId());
    long drawn = (long) CELL.getAndAdd(cells, cell, -1L);
    int left = (int) drawn;
    return left > 0 && left <= period ? position(drawn, period) : redraw(cells, cell, period);
  }

  private static long redraw(long[] cells, int cell, int period) {
    long seen;
    long drawn;
    do {
      seen = (long) CELL.getVolatile(cells, cell);
      int left = (int) seen;
      if (left > period) {
        drawn = (seen & CYCLE_MASK) | ((left - 1) % period + 1);
      } else if (left > 0) {
        drawn = seen;
      } else {
        long cycle = left == 0 ? (seen & CYCLE_MASK) - (1L << 32) : seen & CYCLE_MASK;
        drawn = cycle | period;
      }
    } while (!CELL.compareAndSet(cells, cell, seen, drawn - 1));
    return position(drawn, period);
  }

  private static long position(long drawn, int period) {
    return (~drawn & CYCLE_MASK) | (period - (int) drawn);
  }

  /** The threads that start one after another have different stripes, which are numbered from 1. */
  private static int cell(long threadId) {
    return (((int) threadId & (STRIPES - 1)) + 1) * LINE;
  }
}
