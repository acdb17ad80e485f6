package io.evenload;

import java.util.concurrent.Future;

/** The control path, as its own parts see it. */
interface Control {

  /** Whether this thread is on the control path now; for assertions. */
  boolean onPath();

  /**
   * Runs the task on the control path, before this returns unless another thread is there, which
   * then goes on with it. From any thread.
   */
  void execute(Runnable task);

  /**
   * Runs the task on the control path later, unless the balancer is closed or what is returned is
   * cancelled before. From any thread.
   */
  Future<?> after(long nanos, Runnable task);

  /** Runs what users wrote and may take its time, on a thread that is not on the control path. */
  void elsewhere(Runnable task);

  /**
   * Runs the task on the control path, but not on this thread, which is somebody else's; from any
   * thread.
   */
  default void later(Runnable task) {
    elsewhere(() -> execute(task));
  }

  /** Brings the snapshot into force. On the control path. */
  void publish(Snapshot next);

  /** Has a snapshot made of what holds now, soon; from any thread. */
  void requestRefresh();

  /** Has those endpoints looked for that fail in a row, soon; from any thread. */
  void requestLook();
}
