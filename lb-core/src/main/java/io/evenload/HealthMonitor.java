package io.evenload;

import io.evenload.health.HealthCheck;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks the endpoints whether they are well, and keeps the verdicts. On the control path, but for
 * the probes' own calls.
 */
final class HealthMonitor {

  /*
   * Each endpoint is either waiting for its next probe, in the queue for a free place, or running. `round` numbers what
   * it does: whatever comes for an older round (a late answer, a second one, a timer, an endpoint that left) is dropped,
   * so a probe can do no more harm than to be taken for failed. The probe itself is called on the scheduler, outside the
   * control path, so that one that blocks against its contract does not stop the lists.
   */

  private final BalancerContext balancer;
  private final HealthCheck check;
  private final ScheduledExecutorService scheduler;
  private final Executor serial;
  private final Runnable changed;
  private final Map<LiveEndpoint, Watch> watches = new HashMap<>();
  private final Deque<Watch> queue = new ArrayDeque<>();
  private int running;

  HealthMonitor(
      BalancerContext balancer,
      HealthCheck check,
      ScheduledExecutorService scheduler,
      Executor serial,
      Runnable changed) {
    this.balancer = balancer;
    this.check = check;
    this.scheduler = scheduler;
    this.serial = serial;
    this.changed = changed;
  }

  /** Begins to watch an endpoint that came or returned. */
  void watch(LiveEndpoint endpoint) {
    if (!watches.containsKey(endpoint)) {
      Watch watch = new Watch(endpoint);
      watches.put(endpoint, watch);
      enqueue(watch, watch.round);
    }
  }

  /** Ends to watch an endpoint that left. */
  void forget(LiveEndpoint endpoint) {
    Watch watch = watches.remove(endpoint);
    if (watch != null) {
      watch.round++;
      watch.cancelTimer();
      queue.remove(watch);
      if (watch.running) {
        watch.running = false;
        running--;
        launchNext();
      }
    }
  }

  void close() {
    watches.values().forEach(Watch::cancelTimer);
    watches.values().forEach(watch -> watch.round++);
    watches.clear();
    queue.clear();
  }

  /** What the probes say of an endpoint. */
  HealthReport report(LiveEndpoint endpoint) {
    Watch watch = watches.get(endpoint);
    return watch == null ? HealthReport.healthy() : watch.verdict;
  }

  /** Whether the endpoint has not answered since it is watched. */
  boolean awaits(LiveEndpoint endpoint) {
    Watch watch = watches.get(endpoint);
    return watch != null && !watch.answered;
  }

  private void enqueue(Watch watch, int round) {
    if (watch.round == round) {
      queue.add(watch);
      launchNext();
    }
  }

  private void launchNext() {
    while (running < check.maxConcurrentProbes() && !queue.isEmpty()) {
      launch(queue.remove());
    }
  }

  private void launch(Watch watch) {
    running++;
    watch.running = true;
    int round = ++watch.round;
    Server server = watch.endpoint.server();
    watch.timer =
        after(
            check.timeout().toNanos(),
            () ->
                finish(
                    watch, round, null, new TimeoutException("no answer in " + check.timeout())));
    scheduler.execute(() -> call(watch, round, server));
  }

  private void call(Watch watch, int round, Server server) {
    try {
      CompletionStage<HealthReport> answer = check.probe().probe(server, check.timeout());
      var unused =
          answer.whenComplete(
              (report, error) -> serial.execute(() -> finish(watch, round, report, error)));
    } catch (Throwable e) {
      serial.execute(() -> finish(watch, round, null, e));
    }
  }

  private void finish(
      Watch watch, int round, @Nullable HealthReport report, @Nullable Throwable error) {
    if (watch.round != round) {
      return;
    }
    watch.cancelTimer();
    watch.running = false;
    running--;
    HealthReport before = watch.verdict;
    watch.take(report != null ? report : HealthReport.unhealthy(words(error)));
    int next = ++watch.round;
    watch.timer = after(watch.nextWaitNanos(), () -> enqueue(watch, next));
    launchNext();
    if (!before.equals(watch.verdict)) {
      changed.run();
    }
  }

  private Future<?> after(long nanos, Runnable task) {
    return scheduler.schedule(() -> serial.execute(task), nanos, TimeUnit.NANOSECONDS);
  }

  private static String words(@Nullable Throwable error) {
    Throwable cause = error;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause == null) {
      return "the probe gave no report";
    }
    boolean timeout = cause instanceof TimeoutException || cause instanceof CancellationException;
    String message = cause.getMessage();
    return timeout && message != null ? message : cause.toString();
  }

  /** One endpoint under watch. */
  private final class Watch {
    final LiveEndpoint endpoint;
    HealthReport verdict =
        check.initiallyHealthy()
            ? HealthReport.healthy()
            : HealthReport.unhealthy("not yet probed");
    int round;
    boolean running;
    private boolean held = !check.initiallyHealthy(); // until the first good answer
    private boolean answered;
    private boolean lastWasGood;
    private int streak; // of answers of the same kind
    private @Nullable Future<?> timer;

    Watch(LiveEndpoint endpoint) {
      this.endpoint = endpoint;
    }

    /** Takes one answer; the verdict changes when the answers in a row reach the threshold. */
    void take(HealthReport report) {
      boolean good = report.state() == HealthReport.State.HEALTHY;
      streak = answered && good == lastWasGood ? streak + 1 : 1;
      lastWasGood = good;
      answered = true;
      if (report.state() == HealthReport.State.DRAINING) {
        verdict = report;
      } else if (good) {
        boolean enough = streak >= (held ? 1 : check.healthyThreshold());
        verdict = enough ? report : verdict;
        held = false;
      } else if (streak >= check.unhealthyThreshold()
          && verdict.state() != HealthReport.State.UNHEALTHY) {
        verdict = HealthReport.unhealthy(streak + " probes failed, the last: " + report.reason());
      }
    }

    long nextWaitNanos() {
      boolean calm = lastWasGood && verdict.state() == HealthReport.State.HEALTHY;
      Duration interval = calm ? check.interval() : check.fastInterval();
      double factor = 1 + check.jitter() * (2 * balancer.random().nextDouble() - 1);
      return (long) (interval.toNanos() * factor);
    }

    void cancelTimer() {
      if (timer != null) {
        timer.cancel(false);
      }
    }
  }
}
