package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.internal.threads.SharedThreads;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The time that a list lives by.
 *
 * @param nanoTime the clock, in nanoseconds
 * @param scheduler runs what is due; null for the threads that all lists share
 */
record Timing(LongSupplier nanoTime, @Nullable ScheduledExecutorService scheduler) {

  static final Timing SYSTEM = new Timing(System::nanoTime, null);

  static Timing of(LongSupplier nanoTime, ScheduledExecutorService scheduler) {
    return new Timing(requireNonNull(nanoTime, "nanoTime"), requireNonNull(scheduler, "scheduler"));
  }

  long now() {
    return nanoTime.getAsLong();
  }

  /**
   * Runs the work after a time.
   *
   * @throws RejectedExecutionException if the scheduler was shut down
   */
  Future<?> after(long nanos, Runnable work) {
    return scheduler == null
        ? SharedThreads.SHARED.after(nanos, work)
        : scheduler.schedule(work, nanos, TimeUnit.NANOSECONDS);
  }
}
