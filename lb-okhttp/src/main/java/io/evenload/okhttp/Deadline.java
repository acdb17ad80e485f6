package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * When what a thread does is no longer of use to whoever asked for it. A balanced call that begins
 * on the thread ends by then, as by its own timeout: it fails with an {@link
 * java.io.InterruptedIOException}, is not repeated later than that, and tells its server how much
 * is left by the {@linkplain ServiceOptions#timeoutHeader header for that}. So a chain of services
 * gives up together:
 *
 * <pre>{@code
 * try (Deadline.Scope scope = Deadline.in(Duration.ofMillis(800)).begin()) {
 *   client.newCall(request).execute();
 * }
 * }</pre>
 *
 * <p>A deadline only ever shortens: within another one the earlier of the two holds, and a call's
 * own timeout holds if it ends sooner. Threads do not inherit it. It is carried to another one by
 * {@link #carried(Runnable)} and its like, and by a call that is enqueued as a tag of its request:
 *
 * <pre>{@code
 * new Request.Builder().url("http://orders/").tag(Deadline.class, Deadline.current())
 * }</pre>
 *
 * <p>{@code lb-servlet} has a filter that begins the deadline of each request that tells one.
 * Immutable and thread-safe.
 */
public final class Deadline {

  /** 10,000 days: as good as none, and far from overflow. */
  private static final Duration LONGEST = Duration.ofDays(10_000);

  private static final ThreadLocal<@Nullable Deadline> CURRENT = new ThreadLocal<>();

  private final long nanos; // by the clock of the machine, as OkHttp's

  private Deadline(long nanos) {
    this.nanos = nanos;
  }

  /**
   * Returns the deadline that is so far from now.
   *
   * @param left zero or less is a deadline that is over, by which calls fail at once
   */
  public static Deadline in(Duration left) {
    Duration bounded = requireNonNull(left, "left").compareTo(LONGEST) < 0 ? left : LONGEST;
    long nanos = bounded.isNegative() ? 0 : bounded.toNanos();
    return new Deadline(now() + nanos);
  }

  /** Returns the deadline that this thread is under; null if there is none. */
  public static @Nullable Deadline current() {
    return CURRENT.get();
  }

  /** How much time is left; zero if none is. */
  public Duration left() {
    return Duration.ofNanos(Math.max(0, nanos - now()));
  }

  /**
   * Puts this thread under the deadline, or leaves it under an earlier one, until the scope is
   * closed, which must be done on the same thread.
   */
  public Scope begin() {
    Deadline outer = CURRENT.get();
    if (outer == null || nanos - outer.nanos < 0) {
      CURRENT.set(this);
    }
    return () -> restore(outer);
  }

  private static void restore(@Nullable Deadline outer) {
    if (outer == null) {
      CURRENT.remove();
    } else {
      CURRENT.set(outer);
    }
  }

  /** Returns the task as it runs under the deadline of this thread, on whatever thread that is. */
  @SuppressWarnings("try") // the scope is only to be closed
  public static Runnable carried(Runnable task) {
    requireNonNull(task, "task");
    Deadline deadline = current();
    return deadline == null
        ? task
        : () -> {
          try (Scope unused = deadline.begin()) {
            task.run();
          }
        };
  }

  /** Returns the task as it runs under the deadline of this thread, on whatever thread that is. */
  @SuppressWarnings("try") // the scope is only to be closed
  public static <T extends @Nullable Object> Callable<T> carried(Callable<T> task) {
    requireNonNull(task, "task");
    Deadline deadline = current();
    return deadline == null
        ? task
        : () -> {
          try (Scope unused = deadline.begin()) {
            return task.call();
          }
        };
  }

  /** Returns an executor whose tasks run under the deadline of whoever gives them to it. */
  public static Executor carriedBy(Executor executor) {
    requireNonNull(executor, "executor");
    return task -> executor.execute(carried(task));
  }

  /** When it is over by {@link System#nanoTime}. */
  long nanos() {
    return nanos;
  }

  /** How much is left. */
  @Override
  public String toString() {
    return "Deadline in " + left();
  }

  private static long now() {
    return Timing.SYSTEM.nanoTime().getAsLong();
  }

  /** The time for which a thread is under a deadline. */
  @FunctionalInterface
  public interface Scope extends AutoCloseable {

    /** Puts the thread back under the deadline that it was under before, if any. */
    @Override
    void close();
  }
}
