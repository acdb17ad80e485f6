package io.evenload.benchmarks.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Time that passes from event to event, and the scheduler of the balancers that live by it. For one
 * thread alone.
 */
final class SimulatedTime extends AbstractExecutorService
    implements ScheduledExecutorService, LongSupplier {

  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private long now;
  private long made;
  private boolean shutdown;

  /** The time in nanoseconds since the simulation began. */
  long now() {
    return now;
  }

  @Override
  public long getAsLong() {
    return now;
  }

  /** Has this run at a time; at once, but after what is due already, if that is over. */
  void at(long time, Runnable action) {
    events.add(new Event(Math.max(now, time), made++, action));
  }

  /** Has this run in so many nanoseconds. */
  void after(long nanos, Runnable action) {
    at(now + nanos, action);
  }

  /** Lets time pass up to this, and everything happen that is due until then. */
  void runUntil(long end) {
    for (Event next = events.peek(); next != null && next.due <= end; next = events.peek()) {
      events.remove();
      now = next.due;
      next.action.run();
    }
    now = end;
  }

  private <V> ScheduledFuture<V> add(Callable<V> call, long delay, long period) {
    Task<V> task = new Task<>(call, now + delay, period);
    after(delay, task);
    return task;
  }

  @Override
  public void execute(Runnable command) {
    after(0, command);
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return add(Executors.callable(command), unit.toNanos(delay), 0);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    return add(callable, unit.toNanos(delay), 0);
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initialDelay, long period, TimeUnit unit) {
    return add(Executors.callable(command), unit.toNanos(initialDelay), unit.toNanos(period));
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initialDelay, long delay, TimeUnit unit) {
    return scheduleAtFixedRate(command, initialDelay, delay, unit); // nothing takes time here
  }

  @Override
  public void shutdown() {
    shutdown = true;
  }

  @Override
  public List<Runnable> shutdownNow() {
    shutdown = true;
    List<Runnable> left = new ArrayList<>();
    events.forEach(event -> left.add(event.action));
    events.clear();
    return left;
  }

  @Override
  public boolean isShutdown() {
    return shutdown;
  }

  @Override
  public boolean isTerminated() {
    return shutdown && events.isEmpty();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return isTerminated();
  }

  private static final class Event implements Comparable<Event> {
    private final long due;
    private final long place;
    private final Runnable action;

    Event(long due, long place, Runnable action) {
      this.due = due;
      this.place = place;
      this.action = action;
    }

    @Override
    public int compareTo(Event other) {
      return due == other.due ? Long.compare(place, other.place) : Long.compare(due, other.due);
    }
  }

  private final class Task<V> extends FutureTask<V> implements RunnableScheduledFuture<V> {
    private final long period;
    private long due;

    Task(Callable<V> call, long due, long period) {
      super(call);
      this.due = due;
      this.period = period;
    }

    @Override
    public void run() {
      if (!isPeriodic()) {
        super.run();
      } else if (runAndReset()) {
        due = now + period;
        at(due, this);
      }
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
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
  }
}
