package io.evenload;

import static java.util.Objects.requireNonNull;

import io.evenload.discovery.Networks;
import io.evenload.health.HealthCheck;
import java.time.Duration;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Has the endpoints asked whether they are well, and keeps the verdicts. Control path only.
 *
 * <p>When an endpoint is asked is {@link ProbeSchedule}'s, what its answers mean is {@link
 * Verdict}'s, and how it is asked is {@link ProbeCaller}'s.
 */
final class HealthMonitor {

  /*
   * Each endpoint is either waiting for its next probe, in the queue for a free place, or running. `round` numbers what
   * it does: whatever comes for an older round (a late answer, a second one, a timer, an endpoint that left) is dropped,
   * so a probe can do no more harm than to be taken for failed. What it returned is cancelled once nobody waits for it.
   *
   * The verdict on an endpoint that leaves the list, or the subset, is kept for a while: else a server that fails and
   * flaps would be well each time it comes back. Then it is asked at once.
   *
   * A call has a place from before it is made until the probe's stage completes, whether anybody waits for that or not:
   * until then it may hold a connection. One that never completes gives its place back after a while. Its time runs from
   * when it is called. While a probe of a server has not even returned, that server is not asked again: so there are no
   * more threads held than servers.
   */

  private static final Duration MIN_HELD = Duration.ofSeconds(10);
  private static final int HELD_TIMEOUTS = 10;

  private final BalancerContext balancer;
  private final Control control;
  private final ProbeCaller caller;
  private final Map<LiveEndpoint, Watch> watches = new LinkedHashMap<>();
  private final Set<Watch> queue = new LinkedHashSet<>(); // in the order of coming; any may leave
  private final Recent<Verdict> past = new Recent<>();
  private final Set<ProbeCaller.Call> running = new HashSet<>(); // those that have a place
  private HealthCheck check;
  private Networks networks;
  private HealthProbe probe;

  HealthMonitor(BalancerContext balancer, HealthCheck check, Networks networks, Control control) {
    this.balancer = balancer;
    this.check = check;
    this.networks = networks;
    this.control = control;
    this.caller = new ProbeCaller(balancer, control);
    this.probe = probe();
  }

  /** Has the next probes keep to these networks. */
  void keepWithin(Networks networks) {
    assert control.onPath();
    this.networks = networks;
    probe = probe();
  }

  private HealthProbe probe() {
    try {
      return requireNonNull(check.probe().within(networks), "HealthProbe.within returned null");
    } catch (Throwable e) {
      balancer.log().warn("HealthProbe.within threw; the probe is used as it is", e);
      return check.probe();
    }
  }

  /**
   * Goes on with another check. The verdicts stay, probes that run go on, and of the next ones none
   * comes later than it would have.
   */
  void use(HealthCheck check) {
    assert control.onPath();
    this.check = check;
    probe = probe();
    watches.values().forEach(Watch::hasten);
    launchNext();
  }

  /** Lets an endpoint be probed as long as this client may call it. */
  void follow(RosterEntry entry) {
    assert control.onPath();
    if (entry.inUse()) {
      watch(entry.endpoint, check.initiallyHealthy());
    } else {
      forget(entry.endpoint);
    }
  }

  /** Begins to watch an endpoint that has been in use, so that it is taken for healthy at first. */
  void adopt(LiveEndpoint endpoint) {
    assert control.onPath();
    watch(endpoint, true);
  }

  private void watch(LiveEndpoint endpoint, boolean healthy) {
    if (!watches.containsKey(endpoint)) {
      Verdict former = past.take(endpoint.server(), balancer.nanoTime().getAsLong());
      Watch watch = new Watch(endpoint, former == null ? Verdict.before(healthy) : former);
      watches.put(endpoint, watch);
      long wait = former == null ? watch.firstWaitNanos() : 0;
      if (wait == 0) {
        enqueue(watch, watch.round);
      } else {
        watch.await(wait);
      }
    }
  }

  private void forget(LiveEndpoint endpoint) {
    Watch watch = watches.remove(endpoint);
    if (watch != null) {
      past.put(endpoint.server(), watch.verdict, balancer.nanoTime().getAsLong());
      watch.round++;
      watch.cancelTimer();
      queue.remove(watch);
      ended(watch);
    }
  }

  void close() {
    assert control.onPath();
    for (Watch watch : watches.values()) {
      watch.round++;
      watch.cancelTimer();
      ended(watch);
    }
    watches.clear();
    queue.clear();
    running.forEach(call -> call.setTimer(null));
    running.clear();
  }

  /** What the probes say of an endpoint. */
  HealthReport report(LiveEndpoint endpoint) {
    Verdict verdict = verdict(endpoint);
    return verdict == null ? HealthReport.healthy() : verdict.report();
  }

  /** Whether traffic waits for the first probe of the endpoint to pass. */
  boolean holds(LiveEndpoint endpoint) {
    Verdict verdict = verdict(endpoint);
    return verdict != null && verdict.held();
  }

  private @Nullable Verdict verdict(LiveEndpoint endpoint) {
    Watch watch = watches.get(endpoint);
    return watch != null
        ? watch.verdict
        : past.get(endpoint.server(), balancer.nanoTime().getAsLong());
  }

  /** Forgets what is known of those that left too long ago. */
  void expire(long now) {
    past.expire(now);
  }

  /** Whether the endpoint has not answered since it is watched. */
  boolean awaits(LiveEndpoint endpoint) {
    Watch watch = watches.get(endpoint);
    return watch != null && !watch.verdict.answered();
  }

  private void enqueue(Watch watch, int round) {
    if (watch.round == round) {
      queue.add(watch);
      launchNext();
    }
  }

  private void launchNext() {
    while (running.size() < check.maxConcurrentProbes() && !queue.isEmpty()) {
      Iterator<Watch> first = queue.iterator();
      Watch next = first.next();
      first.remove();
      launch(next);
    }
  }

  private void launch(Watch watch) {
    int round = ++watch.round;
    Duration timeout = check.timeout();
    ProbeCaller.Call last = watch.last;
    if (last != null && last.blocks()) {
      Throwable blocks = new TimeoutException("the last probe has not returned yet");
      control.execute(() -> finish(watch, round, null, blocks));
      return;
    }
    ProbeCaller.Call call =
        caller.call(
            probe,
            watch.endpoint.server(),
            timeout,
            new ProbeCaller.Caller() {
              @Override
              public void begins(ProbeCaller.Call call) {
                call.setTimeout(
                    control.after(
                        timeout.toNanos(), () -> finish(watch, round, null, late(timeout))));
              }

              @Override
              public void answered(
                  ProbeCaller.Call call, @Nullable HealthReport report, @Nullable Throwable error) {
                free(call);
                finish(watch, round, report, error);
                launchNext();
              }
            });
    watch.last = call;
    watch.call = call;
    running.add(call);
  }

  /** Takes the place back that a call had. */
  private void free(ProbeCaller.Call call) {
    assert control.onPath();
    if (running.remove(call)) {
      call.setTimer(null);
    }
  }

  private static Throwable late(Duration timeout) {
    return new TimeoutException("no answer in " + timeout);
  }

  /** Nobody waits for the running probe any more. */
  private void ended(Watch watch) {
    ProbeCaller.Call call = watch.call;
    if (call == null) {
      return;
    }
    watch.call = null;
    if (running.contains(call)) {
      call.end();
      Duration held = check.timeout().multipliedBy(HELD_TIMEOUTS);
      long nanos = (held.compareTo(MIN_HELD) < 0 ? MIN_HELD : held).toNanos();
      call.setTimer(control.after(nanos, () -> letGo(call)));
    }
  }

  /** The call holds its place for too long. */
  private void letGo(ProbeCaller.Call call) {
    free(call);
    launchNext();
  }

  private void finish(
      Watch watch, int round, @Nullable HealthReport report, @Nullable Throwable error) {
    assert control.onPath();
    if (watch.round != round) {
      return;
    }
    watch.cancelTimer();
    ended(watch);
    HealthReport before = watch.verdict.report();
    HealthReport answer = report != null ? report : HealthReport.unhealthy(words(error));
    watch.verdict = watch.verdict.after(answer, check);
    watch.round++;
    watch.await(watch.nextWaitNanos());
    launchNext();
    if (!before.equals(watch.verdict.report())) {
      control.requestRefresh();
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
    Verdict verdict;
    int round;
    ProbeCaller.@Nullable Call call; // while a probe runs that is waited for
    ProbeCaller.@Nullable Call last; // as may run still
    private @Nullable Future<?> timer; // of the next probe
    private long dueNanos; // when the next one is

    Watch(LiveEndpoint endpoint, Verdict verdict) {
      this.endpoint = endpoint;
      this.verdict = verdict;
    }

    /** Has the next probe queued after this time. */
    void await(long nanos) {
      int awaited = round;
      dueNanos = balancer.nanoTime().getAsLong() + nanos;
      timer = control.after(nanos, () -> enqueue(this, awaited));
    }

    /** Has the next probe queued earlier, if the options of now say so. */
    void hasten() {
      if (call == null && !queue.contains(this)) {
        cancelTimer();
        long rest = Math.max(0, dueNanos - balancer.nanoTime().getAsLong());
        round++;
        await(Math.min(rest, verdict.answered() ? nextWaitNanos() : firstWaitNanos()));
      }
    }

    long firstWaitNanos() {
      return ProbeSchedule.firstWaitNanos(check, verdict, balancer.random());
    }

    long nextWaitNanos() {
      return ProbeSchedule.nextWaitNanos(check, verdict, balancer.random());
    }

    void cancelTimer() {
      if (timer != null) {
        timer.cancel(false);
      }
    }
  }
}
