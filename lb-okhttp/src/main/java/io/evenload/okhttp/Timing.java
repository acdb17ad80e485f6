package io.evenload.okhttp;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
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
 * @param timer runs what is due later; it only hands work on
 * @param workers run second attempts; they may refuse
 */
record Timing(
    LongSupplier nanoTime,
    LongSupplier epochMillis,
    RandomGenerator random,
    Waiting waiting,
    ScheduledExecutorService timer,
    Executor workers) {

  private static final int MOST_WORKERS = 128;
  private static final long IDLE_SECONDS = 10;

  /** The machine's own. */
  static final Timing SYSTEM =
      new Timing(
          System::nanoTime,
          System::currentTimeMillis,
          () -> ThreadLocalRandom.current().nextLong(),
          (ended, nanos) -> ended.await(nanos, TimeUnit.NANOSECONDS),
          systemTimer(),
          new ThreadPoolExecutor(
              0,
              MOST_WORKERS,
              IDLE_SECONDS,
              TimeUnit.SECONDS,
              new SynchronousQueue<>(),
              work -> daemon(work, "evenload hedge")));

  /** Its thread ends when nothing was due for a while, as those of the workers do. */
  private static ScheduledExecutorService systemTimer() {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(1, work -> daemon(work, "evenload attempt timer"));
    timer.setRemoveOnCancelPolicy(true);
    timer.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
    return timer;
  }

  private static Thread daemon(Runnable work, String name) {
    Thread thread = new Thread(null, work, name, 0, false); // inherits no thread-locals
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
    return thread;
  }

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
