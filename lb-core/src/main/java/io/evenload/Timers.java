package io.evenload;

import io.evenload.internal.threads.SharedThreads;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Where the timers of a balancer run, and what is handed over: the threads that all balancers
 * share, or the scheduler that the user gave. No task is lost. Thread-safe.
 */
final class Timers {

  /*
   * A scheduler of the user's may refuse a task. If it was shut down, the shared threads take its place for good, with all
   * tasks that still waited there; else the tick, which has its place already, offers the task again. That a scheduler was
   * shut down is noticed by the first task that it refuses, or by an attempt that ends when the tick is long overdue: a
   * read of one field, which the tick alone writes.
   */

  static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final BalancerContext balancer;
  private final @Nullable ScheduledExecutorService given;
  private final Set<Timer> waiting = ConcurrentHashMap.newKeySet(); // of the given scheduler's
  private final Queue<Timer> refused = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean lost = new AtomicBoolean(); // the given scheduler was shut down
  private volatile Runnable tick = () -> {};
  private volatile @Nullable Future<?> ticking;
  private volatile boolean closed;

  Timers(BalancerContext balancer, @Nullable ScheduledExecutorService given) {
    this.balancer = balancer;
    this.given = given;
    balancer.pulse().onMissed(this::tickMissed);
  }

  /** Runs the task about once a second from now on. */
  void tick(Runnable task) {
    tick = task;
    if (given == null) {
      // Not all balancers of a program at once.
      tickAfter((long) (TICK_NANOS * balancer.random().nextDouble()));
      return;
    }
    try {
      ticking =
          given.scheduleWithFixedDelay(this::runTick, TICK_NANOS, TICK_NANOS, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      replaceGiven();
    }
  }

  private void runTick() {
    balancer.pulse().beat(balancer.nanoTime().getAsLong());
    offerAgain();
    tick.run();
  }

  private void tickAfter(long nanos) {
    if (closed) {
      return;
    }
    try {
      ticking =
          SharedThreads.SHARED.after(
              nanos,
              () -> {
                try {
                  runTick();
                } finally {
                  tickAfter(TICK_NANOS);
                }
              });
    } catch (RejectedExecutionException e) {
      ticking = null; // the machine has no thread left; an attempt that ends tries again
    }
    if (closed) {
      cancelTick();
    }
  }

  /** The tick is long overdue; on the thread of an attempt. */
  private void tickMissed() {
    ScheduledExecutorService scheduler = given;
    if (closed) {
      return;
    }
    if (scheduler != null && !lost.get()) {
      if (scheduler.isShutdown()) {
        replaceGiven();
      }
    } else if (ticking == null) {
      tickAfter(TICK_NANOS);
    }
  }

  /** Runs the task soon, on a thread that may be held. */
  void execute(Runnable task) {
    if (usesShared()) {
      executeShared(task);
    } else {
      submit(new Timer(task, balancer.nanoTime().getAsLong()));
    }
  }

  /** Runs the task later, unless it is cancelled before. */
  Future<?> after(long nanos, Runnable task) {
    Timer timer = new Timer(task, balancer.nanoTime().getAsLong() + nanos);
    submit(timer);
    return timer;
  }

  private boolean usesShared() {
    return given == null || lost.get();
  }

  private void executeShared(Runnable task) {
    try {
      SharedThreads.SHARED.execute(task);
    } catch (RejectedExecutionException e) {
      refused.add(new Timer(task, balancer.nanoTime().getAsLong()));
    }
  }

  private void submit(Timer timer) {
    long nanos = Math.max(0, timer.dueNanos - balancer.nanoTime().getAsLong());
    ScheduledExecutorService scheduler = given;
    try {
      if (scheduler == null || lost.get()) {
        timer.alarm(SharedThreads.SHARED.after(nanos, timer));
        return;
      }
      waiting.add(timer);
      if (nanos == 0) {
        scheduler.execute(timer);
      } else {
        timer.alarm(scheduler.schedule(timer, nanos, TimeUnit.NANOSECONDS));
      }
    } catch (RejectedExecutionException e) {
      waiting.remove(timer);
      refused.add(timer);
      if (scheduler != null && scheduler.isShutdown()) {
        replaceGiven();
      }
    }
    if (timer.isDone()) {
      waiting.remove(timer);
    } else if (scheduler != null && lost.get() && waiting.remove(timer)) {
      submit(timer); // it was given to the old one at the last moment
    }
  }

  /** The scheduler was shut down, or takes no tick: the shared threads do its work. */
  private void replaceGiven() {
    if (!lost.compareAndSet(false, true)) {
      offerAgain();
      return;
    }
    if (!closed) {
      balancer
          .log()
          .error(
              "its scheduler was shut down before the balancer was closed; the library's own"
                  + " threads take its place");
    }
    cancelTick();
    for (Timer timer : List.copyOf(waiting)) {
      if (waiting.remove(timer)) {
        submit(timer);
      }
    }
    offerAgain();
    tickAfter(TICK_NANOS);
  }

  private void offerAgain() {
    for (int left = refused.size(); left > 0; left--) {
      Timer timer = refused.poll();
      if (timer != null && !timer.isDone() && !closed) {
        submit(timer);
      }
    }
  }

  /** Ends the tick. What waits runs, unless it is cancelled. */
  void close() {
    closed = true;
    refused.clear();
    cancelTick();
  }

  private void cancelTick() {
    Future<?> running = ticking;
    if (running != null) {
      running.cancel(false);
    }
  }

  /** A task that runs once at most, whoever runs it. */
  private final class Timer extends FutureTask<Void> {
    final long dueNanos;
    private volatile @Nullable Future<?> alarm;

    Timer(Runnable task, long dueNanos) {
      super(task, null);
      this.dueNanos = dueNanos;
    }

    void alarm(Future<?> set) {
      alarm = set;
      if (isCancelled()) {
        set.cancel(false);
      }
    }

    @Override
    protected void done() {
      waiting.remove(this);
      Future<?> set = alarm;
      if (set != null && isCancelled()) {
        set.cancel(false);
      }
    }
  }
}
