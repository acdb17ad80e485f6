package io.evenload.okhttp;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * Time and chance, so that everything here can run on virtual time.
 *
 * @param nanoTime elapsed nanoseconds
 * @param epochMillis the time of day, for the dates in {@code Retry-After}
 * @param random safe from any thread
 * @param waiting how a call waits
 */
record Timing(
    LongSupplier nanoTime, LongSupplier epochMillis, RandomGenerator random, Waiting waiting) {

  /** The machine's own. */
  static final Timing SYSTEM =
      new Timing(
          System::nanoTime,
          System::currentTimeMillis,
          () -> ThreadLocalRandom.current().nextLong(),
          (ended, nanos) -> ended.await(nanos, TimeUnit.NANOSECONDS));

  /** Waits on a latch for so long at most. */
  @FunctionalInterface
  interface Waiting {

    /**
     * Returns true as soon as the latch opens, and false when the time is over.
     *
     * @throws InterruptedException if the thread is interrupted
     */
    boolean await(CountDownLatch ended, long nanos) throws InterruptedException;
  }
}
