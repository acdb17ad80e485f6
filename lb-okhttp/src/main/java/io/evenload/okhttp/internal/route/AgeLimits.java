package io.evenload.okhttp.internal.route;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** When connections are old enough, and what is done then. Thread-safe. */
public final class AgeLimits {

  /** 0.2: connections that were opened at one moment end over a fifth of their age. */
  public static final double JITTER = 0.2;

  private static final long MOMENT_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final ScheduledExecutorService timer;
  private final Executor aside;
  private final RandomGenerator random;
  private final Map<OpenConnection, Future<?>> due = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * Creates what has limited none yet.
   *
   * @param timer only hands work on
   * @param aside runs what closes sockets
   */
  public AgeLimits(ScheduledExecutorService timer, Executor aside, RandomGenerator random) {
    this.timer = timer;
    this.aside = aside;
    this.random = random;
  }

  /** Has the end done when the connection is so old, or up to a fifth of that before. */
  void limit(OpenConnection connection, long mostNanos, Runnable end) {
    long age = (long) (mostNanos * (1 - JITTER * random.nextDouble()));
    schedule(connection, Math.max(0, age - connection.ageNanos()), end);
  }

  /** Has this done when a call that was given the connection before has been told so. */
  void inAMoment(OpenConnection connection, Runnable end) {
    schedule(connection, MOMENT_NANOS, end);
  }

  private void schedule(OpenConnection connection, long nanos, Runnable end) {
    Runnable hand =
        () -> {
          due.remove(connection);
          aside.execute(end);
        };
    Future<?> last = timer.schedule(hand, nanos, TimeUnit.NANOSECONDS);
    due.put(connection, last);
    if (closed || last.isDone()) {
      cancel(connection);
    }
  }

  /** Ends what is to be done later. */
  void close() {
    closed = true;
    due.keySet().forEach(this::cancel);
  }

  private void cancel(OpenConnection connection) {
    Future<?> end = due.remove(connection);
    if (end != null) {
      end.cancel(false);
    }
  }
}
