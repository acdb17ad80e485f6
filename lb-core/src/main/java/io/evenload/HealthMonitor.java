package io.evenload;

import io.evenload.health.HealthCheck;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Asks the endpoints whether they are well, and keeps the verdicts. On the control path, but for
 * the probes' own calls.
 */
final class HealthMonitor {

  /*
   * Each endpoint is either waiting for its next probe, in the queue for a free place, or running. `round` numbers what
   * it does: whatever comes for an older round (a late answer, a second one, a timer, an endpoint that left) is dropped,
   * so a probe can do no more harm than to be taken for failed. What it returned is cancelled once nobody waits for it.
   *
   * The probes are called on the scheduler, outside the control path, and one after another: so those that block, against
   * their contract, hold one thread at most and leave the other one to the timers.
   */

  private final BalancerContext balancer;
  private final Executor callers;
  private final ControlTimer timers;
  private final Executor serial;
  private final Runnable changed;
  private final Map<LiveEndpoint, Watch> watches = new LinkedHashMap<>();
  private final Set<Watch> queue = new LinkedHashSet<>(); // in the order of coming; any may leave
  private final Queue<ProbeCall> calls = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean calling = new AtomicBoolean();
  private HealthCheck check;
  private int running;

  HealthMonitor(
      BalancerContext balancer,
      HealthCheck check,
      Executor callers,
      ControlTimer timers,
      Executor serial,
      Runnable changed) {
    this.balancer = balancer;
    this.check = check;
    this.callers = callers;
    this.timers = timers;
    this.serial = serial;
    this.changed = changed;
  }

  /**
   * Goes on with another check. The verdicts stay, probes that run go on, and of the next ones none
   * comes later than it would have.
   */
  void use(HealthCheck check) {
    this.check = check;
    watches.values().forEach(Watch::hasten);
    launchNext();
  }

  /** Begins to watch an endpoint that came or returned. */
  void watch(LiveEndpoint endpoint) {
    watch(endpoint, check.initiallyHealthy());
  }

  /** Begins to watch an endpoint that has been in use, so that it is taken for healthy at first. */
  void adopt(LiveEndpoint endpoint) {
    watch(endpoint, true);
  }

  private void watch(LiveEndpoint endpoint, boolean healthy) {
    if (!watches.containsKey(endpoint)) {
      Watch watch = new Watch(endpoint, healthy);
      watches.put(endpoint, watch);
      long wait = watch.firstWaitNanos();
      if (wait == 0) {
        enqueue(watch, watch.round);
      } else {
        watch.await(wait);
      }
    }
  }

  /** Ends to watch an endpoint that left. */
  void forget(LiveEndpoint endpoint) {
    Watch watch = watches.remove(endpoint);
    if (watch != null) {
      watch.round++;
      watch.cancelTimer();
      queue.remove(watch);
      if (watch.call != null) {
        ended(watch);
        launchNext();
      }
    }
  }

  void close() {
    for (Watch watch : watches.values()) {
      watch.round++;
      watch.cancelTimer();
      ended(watch);
    }
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
      Iterator<Watch> first = queue.iterator();
      Watch next = first.next();
      first.remove();
      launch(next);
    }
  }

  private void launch(Watch watch) {
    running++;
    int round = ++watch.round;
    ProbeCall call = new ProbeCall(watch, round, watch.endpoint.server());
    watch.call = call;
    watch.timer =
        timers.after(call.timeout.toNanos(), () -> finish(watch, round, null, call.late()));
    calls.add(call);
    makeCalls();
  }

  private void makeCalls() {
    if (calling.compareAndSet(false, true)) {
      try {
        callers.execute(this::callAll);
      } catch (RejectedExecutionException e) {
        calls.clear(); // the scheduler was shut down: nobody is asked any more
      }
    }
  }

  private void callAll() {
    for (ProbeCall call = calls.poll(); call != null; call = calls.poll()) {
      call.run();
    }
    calling.set(false);
    if (!calls.isEmpty()) {
      makeCalls(); // one came just now
    }
  }

  /** Nobody waits for the running probe any more. */
  private void ended(Watch watch) {
    ProbeCall call = watch.call;
    if (call != null) {
      watch.call = null;
      running--;
      call.end();
    }
  }

  private void finish(
      Watch watch, int round, @Nullable HealthReport report, @Nullable Throwable error) {
    if (watch.round != round) {
      return;
    }
    watch.cancelTimer();
    ended(watch);
    HealthReport before = watch.verdict;
    watch.take(report != null ? report : HealthReport.unhealthy(words(error)));
    watch.round++;
    watch.await(watch.nextWaitNanos());
    launchNext();
    if (!before.equals(watch.verdict)) {
      changed.run();
    }
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
    HealthReport verdict;
    int round;
    @Nullable ProbeCall call; // while a probe runs
    private boolean held; // until the first good answer
    private boolean answered;
    private boolean first; // the last answer was the first one
    private boolean lastWasGood;
    private int streak; // of answers of the same kind
    private @Nullable Future<?> timer; // of the next probe, or of the end of the one that runs
    private long dueNanos; // when the next one is

    Watch(LiveEndpoint endpoint, boolean healthy) {
      this.endpoint = endpoint;
      held = !healthy;
      verdict = healthy ? HealthReport.healthy() : HealthReport.unhealthy("not yet probed");
    }

    /** Has the next probe queued after this time. */
    void await(long nanos) {
      int awaited = round;
      dueNanos = balancer.nanoTime().getAsLong() + nanos;
      timer = timers.after(nanos, () -> enqueue(this, awaited));
    }

    /** Has the next probe queued earlier, if the options of now say so. */
    void hasten() {
      if (call == null && !queue.contains(this)) {
        cancelTimer();
        long rest = Math.max(0, dueNanos - balancer.nanoTime().getAsLong());
        round++;
        await(Math.min(rest, answered ? nextWaitNanos() : firstWaitNanos()));
      }
    }

    /** Takes one answer; the verdict changes when the answers in a row reach the threshold. */
    void take(HealthReport report) {
      boolean good = report.state() == HealthReport.State.HEALTHY;
      first = !answered;
      streak = answered && good == lastWasGood ? streak + 1 : 1;
      lastWasGood = good;
      answered = true;
      if (report.state() == HealthReport.State.DRAINING) {
        verdict = report;
      } else if (good) {
        boolean enough = streak >= (held ? 1 : check.healthyThreshold());
        verdict = enough ? report : verdict;
        held = false;
      } else if (held) {
        verdict = HealthReport.unhealthy("no probe has passed yet, the last: " + report.reason());
      } else if (streak >= check.unhealthyThreshold()
          && verdict.state() == HealthReport.State.HEALTHY) { // who drains may stop to answer
        verdict = HealthReport.unhealthy(streak + " probes failed, the last: " + report.reason());
      }
    }

    /** Many servers that come at once are not asked at once, unless traffic waits for it. */
    long firstWaitNanos() {
      return held || check.jitter() == 0
          ? 0
          : (long) (check.fastInterval().toNanos() * balancer.random().nextDouble());
    }

    long nextWaitNanos() {
      boolean calm = lastWasGood && verdict.state() == HealthReport.State.HEALTHY;
      long interval = (calm ? check.interval() : check.fastInterval()).toNanos();
      double draw = balancer.random().nextDouble();
      if (first && calm && check.jitter() > 0) {
        return (long) (interval * draw); // anywhere in the interval, so that the load is even
      }
      return (long) (interval * (1 + check.jitter() * (2 * draw - 1)));
    }

    void cancelTimer() {
      if (timer != null) {
        timer.cancel(false);
      }
    }
  }

  /** One call of the probe. */
  private final class ProbeCall {
    private final Watch watch;
    private final int round;
    private final Server server;
    private final HealthProbe probe = check.probe();
    private final Duration timeout = check.timeout();
    private volatile boolean over;
    private volatile @Nullable Future<?> answer;

    ProbeCall(Watch watch, int round, Server server) {
      this.watch = watch;
      this.round = round;
      this.server = server;
    }

    /** Starts the probe, on the scheduler. */
    void run() {
      if (over) {
        return;
      }
      try {
        CompletionStage<HealthReport> stage = probe.probe(server, timeout);
        var unused =
            stage.whenComplete(
                (report, error) -> serial.execute(() -> finish(watch, round, report, error)));
        if (stage instanceof Future<?> future) {
          answer = future;
          if (over) {
            cancel(future);
          }
        }
      } catch (Throwable e) {
        serial.execute(() -> finish(watch, round, null, e));
      }
    }

    Throwable late() {
      return new TimeoutException("no answer in " + timeout);
    }

    /** Gives the probe up; of this and the end of {@link #run}, the later one cancels it. */
    void end() {
      over = true;
      Future<?> future = answer;
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
