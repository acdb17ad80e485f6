package io.evenload.okhttp;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A timer on which nothing is due until a test says so. */
final class ManualTimer extends ScheduledThreadPoolExecutor {

  private final Queue<Task> tasks = new ConcurrentLinkedQueue<>();

  private final AtomicInteger scheduled = new AtomicInteger();

  ManualTimer() {
    super(0);
  }

  /** The machine's timing, with this timer. */
  Timing timing() {
    Timing system = Timing.SYSTEM;
    return new Timing(
        system.nanoTime(),
        system.epochMillis(),
        system.random(),
        system.waiting(),
        this,
        system.workers());
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable work, long delay, TimeUnit unit) {
    Task task = new Task(work, unit.toNanos(delay));
    tasks.add(task);
    scheduled.incrementAndGet();
    return task;
  }

  /** How many tasks there were. */
  int scheduled() {
    return scheduled.get();
  }

  /** How many tasks wait that were not cancelled. */
  long waiting() {
    return tasks.stream().filter(task -> !task.isDone()).count();
  }

  /** Runs all that was scheduled so far and not cancelled. */
  void fire() {
    List<Task> due = List.copyOf(tasks);
    tasks.removeAll(due);
    due.forEach(Task::run);
  }

  private static final class Task extends FutureTask<Void>
      implements RunnableScheduledFuture<Void> {
    private final long nanos;

    Task(Runnable work, long nanos) {
      super(work, null);
      this.nanos = nanos;
    }

    @Override
    public boolean isPeriodic() {
      return false;
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(nanos, other.getDelay(TimeUnit.NANOSECONDS));
    }
  }
}
