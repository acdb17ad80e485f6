package io.evenload;

/** Runs something on the control path later. */
@FunctionalInterface
interface ControlTimer {

  /** Runs the task after so many nanoseconds, unless the balancer is closed before. */
  void after(long nanos, Runnable task);
}
