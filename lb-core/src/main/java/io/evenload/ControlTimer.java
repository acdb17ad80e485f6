package io.evenload;

import java.util.concurrent.Future;

/** Runs something on the control path later. */
@FunctionalInterface
interface ControlTimer {

  /**
   * Runs the task after so many nanoseconds, unless the balancer is closed or what is returned is
   * cancelled before. If the scheduler was shut down, it never runs.
   */
  Future<?> after(long nanos, Runnable task);
}
