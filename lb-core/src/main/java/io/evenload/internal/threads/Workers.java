package io.evenload.internal.threads;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The workers behind {@link SharedThreads}, and the timer that has more of them started. */
final class Workers implements Executor {

  /*
   * Two workers do everything as long as it is short, however much of it there is. Work that blocks would make other work
   * wait. So while any waits, the timer looks every 10 ms and has a worker started for each that has waited for so long.
   * Hence nothing waits much longer than 20 ms, whatever the other work does. To start a thread takes as long as the
   * machine is busy, so each new worker first starts two more if there are more to start, and no lock is held meanwhile. A
   * worker that finds nothing to do stays for a second if fewer than two others do, and else ends.
   *
   * The timer's thread only looks and hands over; the work of others never runs on it. When a thread cannot be started
   * (OutOfMemoryError), work waits for the workers that there are, and is refused if there is none: so nothing is lost
   * unsaid.
   */

  static final int FEW = 2;
  static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final LongSupplier nanoTime;
  private final ThreadMaker threadMaker;
  private final ScheduledThreadPoolExecutor timer;

  @GuardedBy("this")
  private final Queue<Waiting> queue = new ArrayDeque<>();

  @GuardedBy("this")
  private int unstarted; // workers that are yet to be started

  @GuardedBy("this")
  private int coming; // those, and the ones that have been started and not begun

  @GuardedBy("this")
  private int threads; // that have been started, or are being so

  @GuardedBy("this")
  private int idle;

  @GuardedBy("this")
  private boolean looking;

  Workers(LongSupplier nanoTime, ThreadMaker threadMaker) {
    this.nanoTime = nanoTime;
    this.threadMaker = threadMaker;
    timer = new ScheduledThreadPoolExecutor(1, work -> threadMaker.thread("evenload-timer", work));
    timer.setKeepAliveTime(LINGER_NANOS, TimeUnit.NANOSECONDS);
    timer.allowCoreThreadTimeOut(true);
    timer.setRemoveOnCancelPolicy(true);
  }

  /** Makes a thread that is not started yet. */
  @FunctionalInterface
  interface ThreadMaker {
    Thread thread(String name, Runnable work);
  }

  /** See {@link SharedThreads#execute}. */
  @Override
  public void execute(Runnable work) {
    enqueue(new Waiting(work, nanoTime.getAsLong()));
  }

  /** See {@link SharedThreads#after}. */
  Future<?> after(long nanos, Runnable work) {
    Later later = new Later(work);
    if (nanos <= 0) {
      execute(later);
      return later;
    }
    try {
      later.alarm = onTimer(nanos, () -> handOver(later));
    } catch (OutOfMemoryError e) { // the timer has no thread: a worker waits in its place
      execute(() -> runAfter(nanos, later));
    }
    return later;
  }

  /**
   * Schedules what hands over; one at a time, so that none relies on a thread that another one
   * fails to start.
   *
   * @throws OutOfMemoryError if the timer has no thread and none can be started
   */
  private Future<?> onTimer(long nanos, Runnable task) {
    synchronized (timer) {
      boolean unused = timer.prestartCoreThread();
      return timer.schedule(task, nanos, TimeUnit.NANOSECONDS);
    }
  }

  private static void runAfter(long nanos, Later later) {
    long end = System.nanoTime() + nanos;
    for (long rest = nanos; rest > 0 && !later.isDone(); rest = end - System.nanoTime()) {
      LockSupport.parkNanos(rest);
    }
    later.run();
  }

  private void handOver(Later later) {
    try {
      execute(later);
    } catch (RejectedExecutionException e) { // another time, then
      later.alarm = timer.schedule(() -> handOver(later), 100, TimeUnit.MILLISECONDS);
    }
  }

  private void enqueue(Waiting waiting) {
    if (needsWorker(waiting) && !start(1)) {
      synchronized (this) {
        if (threads == 0 && queue.remove(waiting)) {
          throw new RejectedExecutionException("no thread can be started");
        }
      }
    }
    lookLater();
  }

  /** Queues the work; returns whether there are still too few workers to wait for one. */
  private synchronized boolean needsWorker(Waiting waiting) {
    queue.add(waiting);
    if (queue.size() <= idle) {
      notify();
      return false;
    }
    boolean needed = threads + unstarted < FEW;
    unstarted += needed ? 1 : 0;
    coming += needed ? 1 : 0;
    return needed;
  }

  /** Starts some of the workers that are to be started; returns false if that is not possible. */
  private boolean start(int most) {
    for (int i = 0; i < most && reserve(); i++) {
      boolean started = false;
      try {
        threadMaker.thread("evenload-worker", this::work).start();
        started = true;
      } catch (OutOfMemoryError e) {
        return false;
      } finally {
        if (!started) {
          giveUp();
        }
      }
    }
    return true;
  }

  private synchronized boolean reserve() {
    boolean any = unstarted > 0;
    unstarted -= any ? 1 : 0;
    threads += any ? 1 : 0;
    return any;
  }

  /** Takes back the worker that was reserved, and those that nobody has started yet. */
  private synchronized void giveUp() {
    threads--;
    coming -= 1 + unstarted;
    unstarted = 0;
  }

  /** Has the timer look, if any work may wait. */
  private void lookLater() {
    synchronized (this) {
      if (looking || queue.size() <= idle) {
        return;
      }
      looking = true;
    }
    try {
      Future<?> unused = onTimer(LOOK_NANOS, this::look);
    } catch (OutOfMemoryError e) { // the workers that there are have to do
      synchronized (this) {
        looking = false;
      }
    }
  }

  /** Has a worker started for each work that has waited long. */
  private void look() {
    long now = nanoTime.getAsLong();
    synchronized (this) {
      looking = false;
      long late = queue.stream().filter(w -> now - w.sinceNanos >= LOOK_NANOS).count();
      int missing = (int) Math.max(0, late - idle - coming);
      unstarted += missing;
      coming += missing;
    }
    boolean unused = start(Integer.MAX_VALUE);
    lookLater();
  }

  private void work() {
    boolean unusedStarted = start(2);
    synchronized (this) {
      coming--;
    }
    for (Runnable work = next(); work != null; work = next()) {
      boolean unused = Thread.interrupted(); // it was for the work before
      Thread worker = Thread.currentThread();
      try {
        work.run();
      } catch (Throwable e) {
        worker.getUncaughtExceptionHandler().uncaughtException(worker, e);
      }
      worker.setContextClassLoader(null);
    }
  }

  private synchronized @Nullable Runnable next() {
    long end = nanoTime.getAsLong() + LINGER_NANOS;
    while (queue.isEmpty()) {
      long rest = TimeUnit.NANOSECONDS.toMillis(end - nanoTime.getAsLong());
      if (rest <= 0 || idle >= FEW) {
        threads--;
        return null;
      }
      idle++;
      try {
        wait(rest);
      } catch (InterruptedException e) {
        // It was for the work before.
      } finally {
        idle--;
      }
    }
    return queue.remove().work;
  }

  private record Waiting(Runnable work, long sinceNanos) {}

  /** Work that may be cancelled before, or while it runs. */
  private static final class Later extends FutureTask<Void> {
    volatile @Nullable Future<?> alarm;

    Later(Runnable work) {
      super(work, null);
    }

    @Override
    protected void done() {
      Future<?> known = alarm;
      if (known != null) {
        known.cancel(false);
      }
    }
  }
}
