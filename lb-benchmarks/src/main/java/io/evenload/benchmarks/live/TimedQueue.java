package io.evenload.benchmarks.live;

import java.util.ArrayDeque;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The work of a server, without doing any: so many workers, a line before them, and a timer that
 * says when a request would be done. Thread-safe.
 */
public final class TimedQueue {

  /*
   * All workers go at one pace, so it is enough to count how much work one that never rests would have done ("attained"): a
   * request is done when that has grown by its own work since it began, at whatever speeds meanwhile. All fields belong to
   * the timer's one thread.
   */

  private final ScheduledExecutorService timer;
  private final int workers;
  private final PriorityQueue<Job> running = new PriorityQueue<>();
  private final Queue<Job> waiting = new ArrayDeque<>();
  private double attained;
  private double speed = 1;
  private long updated = System.nanoTime();
  private @Nullable ScheduledFuture<?> due;

  TimedQueue(ScheduledExecutorService timer, int workers) {
    this.timer = timer;
    this.workers = workers;
  }

  /**
   * Takes a request.
   *
   * @param workNanos what a worker at full speed needs for it
   * @param done is run by the timer's thread when it is done
   */
  public void take(long workNanos, Runnable done) {
    timer.execute(
        () -> {
          pass();
          waiting.add(new Job(workNanos, done));
          schedule();
        });
  }

  /** Sets the speed, 1 at first; at 0 it stands still. */
  void speed(double speed) {
    timer.execute(
        () -> {
          pass();
          this.speed = speed;
          schedule();
        });
  }

  /** Gives all running requests what was worked since it last did, and ends those that are done. */
  private void pass() {
    long now = System.nanoTime();
    double target = attained + (now - updated) * speed;
    updated = now;
    // One that should have begun when another ended begins then, however late the timer comes.
    while (!running.isEmpty() && running.peek().end <= target) {
      Job done = running.remove();
      attained = done.end;
      begin();
      done.done.run();
    }
    attained = target;
    begin();
  }

  private void begin() {
    while (running.size() < workers && !waiting.isEmpty()) {
      Job job = waiting.remove();
      job.end = attained + job.work;
      running.add(job);
    }
  }

  private void schedule() {
    begin();
    if (due != null) {
      due.cancel(false);
      due = null;
    }
    if (!running.isEmpty() && speed > 0) {
      long nanos = (long) Math.ceil((running.peek().end - attained) / speed);
      due = timer.schedule(this::look, nanos, TimeUnit.NANOSECONDS);
    }
  }

  private void look() {
    due = null;
    pass();
    schedule();
  }

  private static final class Job implements Comparable<Job> {
    final double work;
    final Runnable done;
    double end;

    Job(double work, Runnable done) {
      this.work = work;
      this.done = done;
    }

    @Override
    public int compareTo(Job other) {
      return Double.compare(end, other.end);
    }
  }
}
