package io.evenload.okhttp;

import io.evenload.okhttp.internal.route.AgeLimits;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * Time, chance and threads, so that everything here can run on virtual time.
 *
 * @param nanoTime elapsed nanoseconds
 * @param epochMillis the time of day, for the dates in {@code Retry-After}
 * @param random safe from any thread
 * @param waiting how a call waits
 * @param timer runs what is due later; it only hands work on, and runs no code of users
 * @param workers run second attempts; they may refuse
 * @param firsts run first attempts that their callers may have to leave; they may refuse
 */
record Timing(
    LongSupplier nanoTime,
    LongSupplier epochMillis,
    RandomGenerator random,
    Waiting waiting,
    ScheduledExecutorService timer,
    Executor workers,
    Executor firsts) {

  private static final int MOST_WORKERS = 128;
  private static final int MOST_FIRSTS = 1_024;
  private static final int OPENERS = 8;
  private static final long IDLE_SECONDS = 10;

  private static final Executor FIRSTS = pool(MOST_FIRSTS, "evenload attempt");
  private static final Executor ASIDE = pool(Integer.MAX_VALUE, "evenload aside");

  /** The machine's own. */
  static final Timing SYSTEM =
      new Timing(
          System::nanoTime,
          System::currentTimeMillis,
          () -> ThreadLocalRandom.current().nextLong(),
          (ended, nanos) -> ended.await(nanos, TimeUnit.NANOSECONDS),
          systemTimer(),
          pool(MOST_WORKERS, "evenload hedge"));

  /** Has first attempts run by the machine's own threads. */
  Timing(
      LongSupplier nanoTime,
      LongSupplier epochMillis,
      RandomGenerator random,
      Waiting waiting,
      ScheduledExecutorService timer,
      Executor workers) {
    this(nanoTime, epochMillis, random, waiting, timer, workers, FIRSTS);
  }

  /** Returns what ends connections that are old. */
  AgeLimits ageLimits() {
    return new AgeLimits(timer, Timing::aside, random);
  }

  /**
   * Returns a few threads that open connections, with a queue; they end when there is none to open.
   */
  static Executor openers() {
    ThreadPoolExecutor openers =
        new ThreadPoolExecutor(
            OPENERS,
            OPENERS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            work -> daemon(work, "evenload opener"));
    openers.allowCoreThreadTimeOut(true);
    return openers;
  }

  /** Returns whether there is a thread that runs the work. */
  static boolean taken(Executor threads, Runnable work) {
    try {
      threads.execute(work);
      return true;
    } catch (RejectedExecutionException | OutOfMemoryError e) {
      return false; // the error is of a thread that could not start
    }
  }

  /**
   * Runs what the timer found due and what may run code of users, on a thread of its own: the timer
   * is shared by all clients.
   */
  static void aside(Runnable work) {
    if (!taken(ASIDE, work)) {
      work.run(); // there are no more threads to be had
    }
  }

  /** Threads that wait for nothing in a queue, and end when there was nothing to do for a while. */
  private static Executor pool(int most, String name) {
    return new ThreadPoolExecutor(
        0,
        most,
        IDLE_SECONDS,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        work -> daemon(work, name));
  }

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
