package io.evenload;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Calls the probes, off the control path. */
final class ProbeCaller {

  /*
   * Each call is a task of its own: one that blocks, against its contract, holds a thread, and no other probe. What it
   * answers is handed over to the control path, unless it answers before it returns: then its thread is ours.
   */

  private final BalancerContext balancer;
  private final Control control;

  ProbeCaller(BalancerContext balancer, Control control) {
    this.balancer = balancer;
    this.control = control;
  }

  /** What is told of a call; on the control path, but for the first. */
  interface Caller {

    /** The probe is called now; on the thread that does so. */
    void begins(Call call);

    /** What the probe says, or why it does not; it holds nothing any more. */
    void answered(Call call, @Nullable HealthReport report, @Nullable Throwable error);
  }

  /** Has the probe called soon. */
  Call call(HealthProbe probe, Server server, Duration timeout, Caller caller) {
    Call call = new Call(probe, server, timeout, caller);
    control.elsewhere(call::run);
    return call;
  }

  /** One call of a probe. */
  final class Call {
    private final HealthProbe probe;
    private final Server server;
    private final Duration timeout;
    private final Caller caller;
    private volatile boolean over;
    private volatile @Nullable Future<?> running;

    @GuardedBy("this")
    private @Nullable Future<?> timer; // of its timeout, then of the end of its place

    @GuardedBy("this")
    private @Nullable Thread runner; // while it is within the probe's code

    private Call(HealthProbe probe, Server server, Duration timeout, Caller caller) {
      this.probe = probe;
      this.server = server;
      this.timeout = timeout;
      this.caller = caller;
    }

    private void run() {
      if (over) {
        answered(null, null);
        return;
      }
      within(Thread.currentThread());
      caller.begins(this);
      try {
        CompletionStage<HealthReport> stage = probe.probe(server, timeout);
        if (stage instanceof Future<?> future) {
          running = future;
        }
        var unused = stage.whenComplete(this::answered);
        Future<?> future = running;
        if (over && future != null) {
          cancel(future);
        }
      } catch (Throwable e) {
        answered(null, e);
      } finally {
        within(null);
      }
    }

    private synchronized void within(@Nullable Thread thread) {
      runner = thread;
      if (thread == null && over) {
        boolean unused = Thread.interrupted(); // it was for the probe
      }
    }

    /** Whether the probe, against its contract, has not returned yet. */
    synchronized boolean blocks() {
      return runner != null;
    }

    private synchronized boolean runsHere() {
      return runner == Thread.currentThread();
    }

    private void answered(@Nullable HealthReport report, @Nullable Throwable error) {
      Runnable told = () -> caller.answered(this, report, error);
      if (runsHere()) {
        control.execute(told);
      } else {
        control.later(told);
      }
    }

    /** Sets what happens when its time is over, unless nobody waits for it any more. */
    synchronized void setTimeout(Future<?> timeout) {
      if (over) {
        timeout.cancel(false);
      } else {
        setTimer(timeout);
      }
    }

    /** Sets the timer in place of the one before. */
    synchronized void setTimer(@Nullable Future<?> next) {
      Future<?> last = timer;
      timer = next;
      if (last != null) {
        last.cancel(false);
      }
    }

    /** Gives the probe up. */
    void end() {
      synchronized (this) {
        over = true;
        if (runner != null && runner != Thread.currentThread()) {
          runner.interrupt();
        }
      }
      Future<?> future = running;
      if (future != null) {
        cancel(future);
      }
    }

    private void cancel(Future<?> future) {
      balancer.contain("the cancelling of a probe", () -> tryToCancel(future));
    }

    @SuppressWarnings("EmptyCatch") // the JDK's own minimal stages know neither method
    private static void tryToCancel(Future<?> future) {
      try {
        boolean unused = !future.isDone() && future.cancel(true);
      } catch (UnsupportedOperationException e) {
      }
    }
  }
}
