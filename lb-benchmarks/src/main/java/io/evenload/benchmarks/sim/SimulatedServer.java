package io.evenload.benchmarks.sim;

import java.util.ArrayDeque;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A server that works: so many requests at once, at a speed that may change at any time. */
final class SimulatedServer {

  /*
   * All requests in service go on at one pace: the speed, times the share of a core that each has when there are more
   * requests than cores. So it is enough to count how much work one request that is always there would have got
   * ("attained"): a request is done when that has grown by its own work since it began, whatever came and went meanwhile.
   *
   * With room in service for as many as cores, and the others waiting in line, this is a queue before workers; with room
   * in service for all, it is processor sharing.
   */

  /** How a server serves. */
  enum Kind {
    /** Processor sharing: all at once, each with its share of the cores. */
    SHARING,
    /** One worker for each core, and the others wait in the order in which they came. */
    WORKERS
  }

  /** Takes what came of a request. */
  interface Caller {
    void answered(boolean success);
  }

  private static final double ROUNDING = 1e-3; // nanoseconds of work
  private static final long FAILS_AFTER_NANOS = 500_000;
  private static final long REFUSES_AFTER_NANOS = 100_000;

  private final SimulatedTime time;
  private final RandomGenerator random;
  private final int cores;
  private final int slots;
  private final int most;
  private final PriorityQueue<Job> running = new PriorityQueue<>();
  private final Queue<Job> waiting = new ArrayDeque<>();
  private double speed = 1;
  private boolean silent;
  private double failing;
  private double attained;
  private double busyNanos;
  private long done;
  private long updated;
  private long due = -1;

  /**
   * Makes one that is idle.
   *
   * @param most how many requests it takes, beyond which it refuses
   */
  SimulatedServer(SimulatedTime time, RandomGenerator random, Kind kind, int cores, int most) {
    this.time = time;
    this.random = random;
    this.cores = cores;
    this.slots = kind == Kind.SHARING ? most : cores;
    this.most = most;
    this.updated = time.now();
  }

  int cores() {
    return cores;
  }

  /** How many requests it has. */
  int load() {
    return running.size() + waiting.size();
  }

  /** How many nanoseconds all its cores were at work, on the average of them. */
  double busyNanos() {
    pass();
    return busyNanos;
  }

  /** How many requests it has done. */
  long done() {
    return done;
  }

  /** Sets the speed, 1 at first; at 0 it stands still. */
  void speed(double speed) {
    pass();
    this.speed = speed;
    schedule();
  }

  /** Whether it answers none of the requests that it takes. */
  boolean silent() {
    return silent;
  }

  /** The part of the requests that fail at once. */
  double failing() {
    return failing;
  }

  /** Has it take all requests and answer none, or be as before. */
  void silent(boolean silent) {
    this.silent = silent;
  }

  /** Has this part of the requests fail at once. */
  void failing(double part) {
    failing = part;
  }

  /** Takes a request that needs a core for so many nanoseconds, at a speed of 1. */
  void take(double work, Caller caller) {
    if (silent) {
      return;
    }
    if (failing > 0 && random.nextDouble() < failing) {
      time.after(FAILS_AFTER_NANOS, () -> caller.answered(false));
    } else if (load() >= most) {
      time.after(REFUSES_AFTER_NANOS, () -> caller.answered(false));
    } else {
      pass();
      waiting.add(new Job(work, caller));
      begin();
      schedule();
    }
  }

  private double pace() {
    return speed * Math.min(1, (double) cores / running.size());
  }

  /** Gives everybody what was worked since it last did. */
  private void pass() {
    long passed = time.now() - updated;
    updated = time.now();
    if (!running.isEmpty()) {
      attained += passed * pace();
      busyNanos += passed * Math.min(1, (double) running.size() / cores);
    }
  }

  private void begin() {
    while (running.size() < slots && !waiting.isEmpty()) {
      Job job = waiting.remove();
      job.end = attained + job.work;
      running.add(job);
    }
  }

  /** Has it look when the next one will be done, unless it looks before. */
  private void schedule() {
    Job next = running.peek();
    if (next == null || pace() == 0) {
      return;
    }
    long when = time.now() + (long) Math.ceil(Math.max(0, next.end - attained) / pace());
    if (due < 0 || when < due) {
      due = when;
      time.at(when, this::look);
    }
  }

  private void look() {
    if (due != time.now()) {
      return; // it looked before
    }
    due = -1;
    pass();
    for (Job next = next(); next != null; next = next()) {
      running.remove();
      done++;
      begin();
      next.caller.answered(true);
    }
    schedule();
  }

  /** The next one that is done; null if none is. */
  private @Nullable Job next() {
    Job next = running.peek();
    return next != null && next.end <= attained + ROUNDING ? next : null;
  }

  private static final class Job implements Comparable<Job> {
    private final double work;
    private final Caller caller;
    private double end;

    Job(double work, Caller caller) {
      this.work = work;
      this.caller = caller;
    }

    @Override
    public int compareTo(Job other) {
      return Double.compare(end, other.end);
    }
  }
}
