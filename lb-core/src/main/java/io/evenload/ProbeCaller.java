package io.evenload;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Calls the probes, off the control path. */
final class ProbeCaller {

  /*
   * The probes are called on the scheduler and one after another: so those that block, against their contract, hold one
   * thread at most and leave the other one to the timers.
   */

  private final BalancerContext balancer;
  private final Control control;
  private final Queue<Call> calls = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean calling = new AtomicBoolean();

  ProbeCaller(BalancerContext balancer, Control control) {
    this.balancer = balancer;
    this.control = control;
  }

  /**
   * Has the probe called soon.
   *
   * @param answer given what the probe says, or why it does not; from any thread
   */
  Call call(
      HealthProbe probe,
      Server server,
      Duration timeout,
      BiConsumer<@Nullable HealthReport, @Nullable Throwable> answer) {
    Call call = new Call(probe, server, timeout, answer);
    calls.add(call);
    makeCalls();
    return call;
  }

  private void makeCalls() {
    if (calling.compareAndSet(false, true)) {
      try {
        control.elsewhere(this::callAll);
      } catch (RejectedExecutionException e) {
        calls.clear(); // the scheduler was shut down: nobody is asked any more
      }
    }
  }

  private void callAll() {
    for (Call call = calls.poll(); call != null; call = calls.poll()) {
      call.run();
    }
    calling.set(false);
    if (!calls.isEmpty()) {
      makeCalls(); // one came just now
    }
  }

  /** One call of a probe. */
  final class Call {
    private final HealthProbe probe;
    private final Server server;
    private final Duration timeout;
    private final BiConsumer<@Nullable HealthReport, @Nullable Throwable> answer;
    private volatile boolean over;
    private volatile @Nullable Future<?> running;

    private Call(
        HealthProbe probe,
        Server server,
        Duration timeout,
        BiConsumer<@Nullable HealthReport, @Nullable Throwable> answer) {
      this.probe = probe;
      this.server = server;
      this.timeout = timeout;
      this.answer = answer;
    }

    private void run() {
      if (over) {
        return;
      }
      try {
        CompletionStage<HealthReport> stage = probe.probe(server, timeout);
        var unused = stage.whenComplete(answer);
        if (stage instanceof Future<?> future) {
          running = future;
          if (over) {
            cancel(future);
          }
        }
      } catch (Throwable e) {
        answer.accept(null, e);
      }
    }

    /** Gives the probe up; of this and the end of {@link #run}, the later one cancels it. */
    void end() {
      over = true;
      Future<?> future = running;
      if (future != null) {
        cancel(future);
      }
    }

    private void cancel(Future<?> future) {
      if (!future.isDone()) {
        balancer.contain("the cancelling of a probe", () -> future.cancel(true));
      }
    }
  }
}
