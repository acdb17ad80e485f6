package io.evenload.chooser;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.random.RandomGenerator;

/** A position that runs through cycles of turns, one for each stripe of threads. */
final class StripedCursor {

  /*
   * One counter that all threads write is a hidden lock: with it two threads are slower together than one alone. So each
   * thread uses the stripe that its id selects, on a cache line of its own. A position is the cycle in the upper half of
   * a long and the turn within it in the lower half, so that advancing needs no division, and nothing overflows but the
   * cycle, after 2^32 of them, which only skips ahead in a rotation. Every position of a stripe is handed out once: the
   * compare-and-set decides who gets it, and who loses goes on with the next. A stripe that meets a shorter period than
   * its turn folds into it, so a cursor never restarts.
   */

  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);
  private static final int LINE =
      16; // longs in two cache lines, as the prefetcher fetches them in pairs
  private static final int STRIPES_PER_PROCESSOR = 4;
  private static final int MIN_STRIPES = 8;
  private static final int MAX_STRIPES = 64;
  private static final long TURN_MASK = 0x7fffffffL;
  private static final long CYCLE_MASK = 0xffffffff00000000L;

  private final long[] cells;
  private final int shift;

  StripedCursor(RandomGenerator random, int processors) {
    int wanted = Math.max(MIN_STRIPES, Math.min(MAX_STRIPES, processors * STRIPES_PER_PROCESSOR));
    int stripes = Integer.highestOneBit(wanted);
    shift = Integer.numberOfLeadingZeros(stripes) + 1;
    cells = new long[(stripes + 1) * LINE];
    for (int stripe = 1; stripe <= stripes; stripe++) {
      cells[stripe * LINE] = random.nextLong() & (CYCLE_MASK | TURN_MASK);
    }
  }

  /**
   * Returns the next position: a turn below the period in the lower half, the cycle in the upper
   * half.
   */
  long next(int period) {
    int cell = stripe(Thread.currentThread().getId()) * LINE;
    long seen;
    long position;
    long next;
    do {
      seen = (long) CELL.getVolatile(cells, cell);
      int turn = (int) seen;
      position = turn < period ? seen : (seen & CYCLE_MASK) | (turn % period);
      next = (int) position + 1 < period ? position + 1 : (position & CYCLE_MASK) + (1L << 32);
    } while (!CELL.compareAndSet(cells, cell, seen, next));
    return position;
  }

  /** Spreads consecutive ids over the stripes, which are numbered from 1. */
  private int stripe(long threadId) {
    return (((int) threadId * 0x9e3779b9) >>> shift) + 1;
  }
}
