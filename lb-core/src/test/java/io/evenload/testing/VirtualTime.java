package io.evenload.testing;

import io.evenload.LoadBalancer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A clock that stands still until it is moved, and the scheduler that lives by it: moving the clock
 * runs, on the calling thread, every task that falls due, in the order of time and then of
 * submission. Tasks may be submitted from any thread.
 *
 * <pre>{@code
 * VirtualTime time = new VirtualTime();
 * LoadBalancer orders = time.drive(LoadBalancer.builder("orders").servers(servers)).build();
 * time.advance(Duration.ofSeconds(30)); // probes, ejections and slow start are 30 s further
 * }</pre>
 */
public final class VirtualTime extends AbstractExecutorService
    implements ScheduledExecutorService, LongSupplier {

  private final PriorityQueue<Task<?>> tasks =
      new PriorityQueue<>(Comparator.<Task<?>>naturalOrder().thenComparingLong(task -> task.seq));
  private volatile long now;
  private long submitted;
  private boolean shutdown;

  /** Starts at a time at which nothing is special. */
  public VirtualTime() {
    this(123_456_789_000L);
  }

  /** Starts at this time in nanoseconds. */
  public VirtualTime(long now) {
    this.now = now;
  }

  /** Lets the balancer that is built live by this clock alone, and returns the builder. */
  public LoadBalancer.Builder drive(LoadBalancer.Builder balancer) {
    return balancer.nanoTime(this).scheduler(this);
  }

  /** The time in nanoseconds. */
  @Override
  public long getAsLong() {
    return now;
  }

  /**
   * Moves the clock, running what falls due on the way. What runs may call this too, as if it took
   * that long: other tasks fall due meanwhile.
   */
  public void advance(Duration duration) {
    long target = now + duration.toNanos();
    for (Task<?> task = next(target); task != null; task = next(target)) {
      now = task.due - now > 0 ? task.due : now;
      task.run();
    }
    now = target - now > 0 ? target : now;
  }

  /** Moves the clock without running anything, as if every timer were late. */
  public void jump(Duration duration) {
    long target = now + duration.toNanos();
    now = target;
  }

  /** Runs what is due now. */
  public void runDue() {
    advance(Duration.ZERO);
  }

  /** The number of tasks that wait. */
  public int pending() {
    synchronized (tasks) {
      return tasks.size();
    }
  }

  private @Nullable Task<?> next(long until) {
    synchronized (tasks) {
      Task<?> first = tasks.peek();
      return first == null || first.due - until > 0 ? null : tasks.remove();
    }
  }

  private <V> Task<V> add(Callable<V> call, long delay, long period, TimeUnit unit) {
    synchronized (tasks) {
      if (shutdown) {
        throw new RejectedExecutionException("shut down");
      }
      Task<V> task = new Task<>(call, now + unit.toNanos(delay), unit.toNanos(period), submitted++);
      tasks.add(task);
      return task;
    }
  }

  @Override
  public void execute(Runnable command) {
    Task<?> unused = add(Executors.callable(command), 0, 0, TimeUnit.NANOSECONDS);
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return add(Executors.callable(command), delay, 0, unit);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    return add(callable, delay, 0, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initialDelay, long period, TimeUnit unit) {
    return add(Executors.callable(command), initialDelay, period, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initialDelay, long delay, TimeUnit unit) {
    return add(Executors.callable(command), initialDelay, delay, unit);
  }

  @Override
  public void shutdown() {
    synchronized (tasks) {
      shutdown = true;
    }
  }

  @Override
  public List<Runnable> shutdownNow() {
    synchronized (tasks) {
      shutdown = true;
      List<Runnable> left = new ArrayList<>(tasks);
      tasks.clear();
      return left;
    }
  }

  @Override
  public boolean isShutdown() {
    synchronized (tasks) {
      return shutdown;
    }
  }

  @Override
  public boolean isTerminated() {
    synchronized (tasks) {
      return shutdown && tasks.isEmpty();
    }
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return isTerminated();
  }

  private final class Task<V> extends FutureTask<V> implements RunnableScheduledFuture<V> {
    private final long period;
    private final long seq;
    private long due;

    Task(Callable<V> call, long due, long period, long seq) {
      super(call);
      this.due = due;
      this.period = period;
      this.seq = seq;
    }

    @Override
    public void run() {
      if (!isPeriodic()) {
        super.run();
      } else if (runAndReset()) {
        synchronized (tasks) {
          due = now + period;
          if (!shutdown) {
            tasks.add(this);
          }
        }
      }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      boolean cancelled = super.cancel(mayInterruptIfRunning);
      synchronized (tasks) {
        tasks.remove(this);
      }
      return cancelled;
    }

    @Override
    public boolean isPeriodic() {
      return period > 0;
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(due - now, TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return other instanceof Task<?> task
          ? Long.compare(due - task.due, 0) // also where the clock overflows
          : Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
  }
}
