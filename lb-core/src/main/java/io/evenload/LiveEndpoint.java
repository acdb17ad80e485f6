package io.evenload;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What an attempt knows of an endpoint: the counters, and what the control path says of it. What
 * the control path alone knows is in {@link RosterEntry}.
 */
final class LiveEndpoint extends PaddingAfterLoad implements Endpoint {

  final BalancerContext balancer;

  // Written on the control path alone, read anywhere.
  private volatile Server server;
  private volatile double weight = 1;
  private volatile Chooser.@Nullable Tracker tracker;
  private volatile Standing standing = Standing.ELIGIBLE;
  private volatile GateChain gates = GateChain.NONE;
  private volatile @Nullable Pool pool;
  private volatile StreakAlarm alarm = StreakAlarm.NONE;

  /** The admission of a single attempt while the breaker is open and nothing else is left. */
  final GateChain trial;

  LiveEndpoint(BalancerContext balancer, Server server) {
    this.balancer = balancer;
    this.server = server;
    this.trial = GateChain.of(List.of(new Trial(balancer.nanoTime())), balancer.log());
  }

  @Override
  public Server server() {
    return server;
  }

  @Override
  public double weight() {
    return weight;
  }

  @Override
  public Chooser.@Nullable Tracker tracker() {
    return tracker;
  }

  Standing standing() {
    return standing;
  }

  EndpointState state() {
    return standing.state();
  }

  GateChain gates() {
    return gates;
  }

  @Nullable Pool pool() {
    return pool;
  }

  /** Takes the description of the latest list; tells whether it differs. */
  boolean describe(Server server) {
    boolean changed = !server.equals(this.server);
    this.server = server;
    return changed;
  }

  /** Sets the effective weight; tells whether it differs. */
  boolean setWeight(double weight) {
    boolean changed = weight != this.weight;
    this.weight = weight;
    return changed;
  }

  void enter(Pool pool, Chooser.@Nullable Tracker tracker) {
    this.tracker = tracker;
    this.pool = pool;
  }

  void stand(Standing standing) {
    this.standing = standing;
  }

  void setGates(GateChain gates) {
    this.gates = gates;
  }

  /** Has this alarm told of the outcomes from now on. */
  void setAlarm(StreakAlarm alarm) {
    this.alarm = alarm;
  }

  /** Whether an attempt may go here, if panic ignores health. */
  boolean allows(boolean panic) {
    EndpointState state = state();
    return state == EndpointState.ELIGIBLE || (panic && state.overriddenByPanic());
  }

  /** Whether traffic is meant for this endpoint, whatever its health and its gates. */
  boolean inService() {
    return state().inService();
  }

  /** Tells the tracker that an attempt is about to take a slot; {@link #left} must follow. */
  void arriving(Chooser.@Nullable Tracker tracker) {
    if (tracker != null) {
      try {
        tracker.arriving();
      } catch (Throwable e) {
        balancer.log().warn("Chooser.Tracker.arriving of " + server.id() + " threw", e);
      }
    }
  }

  /** Tells the tracker that an attempt has no slot here any more, or did not get one. */
  void left(Chooser.@Nullable Tracker tracker) {
    if (tracker != null) {
      try {
        tracker.left();
      } catch (Throwable e) {
        balancer.log().warn("Chooser.Tracker.left of " + server.id() + " threw", e);
      }
    }
  }

  /**
   * Takes the end of an attempt, whose caller makes sure that this happens once.
   *
   * @param responded whether a response had begun before
   * @param bodyNanos how long the server kept its caller waiting after that
   */
  void end(Attempt attempt, Outcome outcome, boolean responded, long bodyNanos, long now) {
    long latencyNanos = attempt.latencyNanos();
    long withBody = latencyNanos + Math.min(bodyNanos, Long.MAX_VALUE - latencyNanos);
    Chooser.Tracker tracker = attempt.tracker;
    boolean again = failsAgain(attempt, outcome);
    try {
      if (again) {
        recordAgain(outcome, withBody, now);
      } else {
        count(attempt, outcome, responded, withBody, now);
      }
      if (tracker != null) {
        ended(tracker, outcome, withBody, now);
      }
      if (again) {
        attempt.gates.releaseAgain(outcome, latencyNanos);
      } else {
        attempt.gates.release(outcome, latencyNanos);
      }
    } finally {
      // After the failure was recorded, so that a failing server is at no moment merely idle.
      leave();
      left(tracker);
      balancer.noRoom().mayBe();
    }
    balancer.pulse().passes(now);
    balancer.listeners().attemptEnded(attempt);
  }

  /**
   * Whether a request failed that had failed elsewhere before, so that it is likely to be its own
   * fault. Of the requests that are repeated here nearly all may be such, though of all requests
   * few are; so these failures say nothing of the endpoint. That no connection came about is no
   * request's fault.
   */
  private boolean failsAgain(Attempt attempt, Outcome outcome) {
    if (!mayBeTheRequests(outcome)) {
      return false;
    }
    for (Attempt each = attempt.previous; each != null; each = each.previous) {
      if (each.endpoint != this && mayBeTheRequests(each.outcome())) {
        return true;
      }
    }
    return false;
  }

  private static boolean mayBeTheRequests(@Nullable Outcome outcome) {
    return outcome == Outcome.FAILURE || outcome == Outcome.TIMED_OUT;
  }

  private void count(
      Attempt attempt, Outcome outcome, boolean responded, long latencyNanos, long now) {
    if (outcome == Outcome.CANCELLED) {
      if (responded) {
        answered();
      }
      return;
    }
    if (outcome.failed() && Double.isNaN(latencyNanos())) {
      assume(usualLatencyNanos(), now);
    }
    boolean failedAll = failedSinceSuccess() >= ALL_FAILED;
    record(outcome, latencyNanos, now);
    if (outcome == Outcome.ABANDONED) {
      return;
    }
    boolean success = outcome == Outcome.SUCCESS;
    alarm.counted(count(success));
    if (!success) {
      balancer.refusedAttempts().failed(attempt.cause());
    } else if (state() == EndpointState.BREAKER_OPEN || (failedAll && gates().breaks())) {
      alarm.recovered();
    }
  }

  /** What attempts take at the others of the pool; NaN if nothing is known of them. */
  private double usualLatencyNanos() {
    Pool pool = this.pool;
    return pool == null ? Double.NaN : pool.latencyNanos();
  }

  LoadBalancerStatus.EndpointStatus status() {
    Standing now = standing;
    return new LoadBalancerStatus.EndpointStatus(
        server, now.state(), now.reason(), weight, inFlight(), latencyNanos(), failureRate());
  }

  private void ended(Chooser.Tracker tracker, Outcome outcome, long latencyNanos, long now) {
    try {
      tracker.ended(outcome, latencyNanos, now);
    } catch (Throwable e) {
      balancer.log().warn("Chooser.Tracker.ended of " + server.id() + " threw", e);
    }
  }

  @Override
  public String toString() {
    return server.id() + " (" + state() + ", " + inFlight() + " in flight)";
  }

  private static final class Trial implements Gate {

    /*
     * A trial that hangs must not hide for its whole timeout that the endpoint works again. One that ends late makes room
     * for one more than that, which does no harm.
     */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long IDLE = Long.MIN_VALUE;

    private final LongSupplier nanoTime;
    private final AtomicLong begun = new AtomicLong(IDLE);

    Trial(LongSupplier nanoTime) {
      this.nanoTime = nanoTime;
    }

    @Override
    public boolean open() {
      return true;
    }

    @Override
    public boolean tryAcquire() {
      long last = begun.get();
      long now = nanoTime.getAsLong();
      return !holds(last, now) && begun.compareAndSet(last, now);
    }

    /** Whether it is, for now: what is remembered of that does not hold for long. */
    @Override
    public boolean full() {
      return holds(begun.get(), nanoTime.getAsLong());
    }

    private static boolean holds(long last, long now) {
      return last != IDLE && now - last < LONGEST_WAIT_NANOS;
    }

    @Override
    public void release(Outcome outcome, long latencyNanos) {
      begun.set(IDLE);
    }
  }
}
