package io.evenload.okhttp;

import io.evenload.Gate;
import io.evenload.Outcome;
import io.evenload.Server;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowSynchronizationStrategy;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** The circuit breaker of one server, by resilience4j, as a gate. */
final class BreakerGate implements Gate {

  /*
   * Nothing here or in the breaker takes a lock on the hot path: its window is lock-free, and no consumer of its events is
   * registered, since then it would make an event object for each call. So transitions are found by comparing the state
   * after each step; one that a timer makes is found by the balancer's tick.
   *
   * While half-open the breaker has a number of permits. A trial takes one and its result counts; a cancelled trial gives
   * its permit back. But the breaker cannot tell a trial from an attempt that was admitted before it opened. So trials are
   * counted, every end takes one off while there are any, and only a cancelled one that did gives back a permit. With p
   * permits, t counted trials and r results, p + t + r never falls below the permitted number: no permit is lost, and the
   * breaker cannot get stuck. And p never exceeds that number.
   *
   * A trial may last for hours, as a stream, or hang. After each wait of the open state without a new one, another trial
   * is allowed.
   *
   * A window of the last n calls that holds n successes is the same after one more. So that one is not recorded, which
   * would cost a new entry and a write that all threads share. The successes in turn are counted before they are recorded,
   * and a failure is recorded before the count begins anew: so as many as are counted were recorded after the last failure,
   * or are about to be. While the breaker is not closed nothing is counted, since another window is in use.
   */

  private final LongSupplier nanoTime;
  private final Runnable changed;
  private final CircuitBreaker breaker;
  private final int windowSize; // in calls; so many as never come if the window is one of time
  private final long slowNanos;
  private final AtomicInteger successes = new AtomicInteger();
  private final AtomicInteger trials = new AtomicInteger();
  private final AtomicLong lastTrialNanos;
  private volatile long openedNanos;
  private volatile long waitNanos;
  private volatile double openedShare;
  private volatile State seen;

  BreakerGate(CircuitBreakerConfig config, String name, LongSupplier nanoTime, Runnable changed) {
    this.nanoTime = nanoTime;
    this.changed = changed;
    this.lastTrialNanos = new AtomicLong(nanoTime.getAsLong());
    this.breaker = CircuitBreaker.of(name, adapted(config));
    this.seen = breaker.getState();
    this.windowSize =
        config.getSlidingWindowType() == SlidingWindowType.COUNT_BASED
            ? config.getSlidingWindowSize()
            : Integer.MAX_VALUE;
    this.slowNanos = config.getSlowCallDurationThreshold().toNanos();
  }

  /** Returns the factory of breakers with this config. */
  static Gate.Factory factory(CircuitBreakerConfig config) {
    return (Server server, LongSupplier nanoTime, Runnable changed) ->
        new BreakerGate(config, server.id(), nanoTime, changed);
  }

  /** Returns the user's config on the balancer's time, with the interceptor's judgement. */
  private CircuitBreakerConfig adapted(CircuitBreakerConfig config) {
    IntervalFunction wait = config.getWaitIntervalFunctionInOpenState();
    CircuitBreakerConfig.Builder builder = CircuitBreakerConfig.from(config);
    if (BreakerCheck.TAKES_CLOCK) {
      builder.clock(new NanoClock(nanoTime)); // in real time the system's will do
    }
    if (BreakerCheck.LOCK_FREE) {
      LockFree.use(builder);
    }
    return builder
        .currentTimestampFunction(clock -> nanoTime.getAsLong(), TimeUnit.NANOSECONDS)
        .recordException(failure -> true)
        .ignoreException(failure -> false)
        .recordExceptions()
        .ignoreExceptions()
        .waitIntervalFunctionInOpenState(opened -> waiting(wait.apply(opened)))
        .build();
  }

  /** The breaker opens now for so many milliseconds. */
  private long waiting(long millis) {
    openedNanos = nanoTime.getAsLong();
    waitNanos = TimeUnit.MILLISECONDS.toNanos(millis);
    return millis;
  }

  @Override
  public boolean open() {
    State state = breaker.getState();
    return state == State.OPEN
        ? nanoTime.getAsLong() - openedNanos > waitNanos
        : state != State.FORCED_OPEN;
  }

  /**
   * While the breaker is not closed, what made it open: of the few trials of a half-open one too
   * little could be told.
   */
  @Override
  public double failureShare() {
    return breaker.getState() == State.CLOSED ? measured() : openedShare;
  }

  /** The share of attempts that failed, or were slow if more of them were. */
  private double measured() {
    CircuitBreaker.Metrics metrics = breaker.getMetrics();
    return Math.max(0, Math.max(metrics.getFailureRate(), metrics.getSlowCallRate())) / 100;
  }

  @Override
  public String reason() {
    CircuitBreaker.Metrics metrics = breaker.getMetrics();
    String prefix =
        breaker.getState() == State.FORCED_OPEN ? "breaker forced open" : "breaker open";
    CircuitBreakerConfig config = breaker.getCircuitBreakerConfig();
    float failed = metrics.getFailureRate(); // negative if there were too few attempts
    float slow = metrics.getSlowCallRate();
    if (failed >= config.getFailureRateThreshold()) {
      return prefix + share(failed, metrics, "failed");
    }
    return slow >= config.getSlowCallRateThreshold()
        ? prefix + share(slow, metrics, "slow")
        : prefix;
  }

  private static String share(float percent, CircuitBreaker.Metrics metrics, String what) {
    return ": " + Math.round(percent) + " % of " + metrics.getNumberOfBufferedCalls() + " " + what;
  }

  @Override
  public boolean tryAcquire() {
    boolean acquired = breaker.tryAcquirePermission() || replacesTrial();
    State state = announce();
    if (acquired && state == State.HALF_OPEN) {
      trials.incrementAndGet();
      lastTrialNanos.set(nanoTime.getAsLong());
    }
    return acquired;
  }

  /** Whether the trials that run have taken so long that another one may begin. */
  private boolean replacesTrial() {
    if (breaker.getState() != State.HALF_OPEN) {
      return false;
    }
    long last = lastTrialNanos.get();
    long now = nanoTime.getAsLong();
    if (now - last <= waitNanos || !lastTrialNanos.compareAndSet(last, now)) {
      return false;
    }
    breaker.releasePermission();
    return breaker.tryAcquirePermission();
  }

  @Override
  public void release(Outcome outcome, long latencyNanos) {
    boolean trial = trials.get() > 0 && trials.getAndUpdate(count -> Math.max(0, count - 1)) > 0;
    switch (outcome) {
      case SUCCESS -> succeeded(latencyNanos);
      case FAILURE, REFUSED, TIMED_OUT -> {
        breaker.onError(latencyNanos, TimeUnit.NANOSECONDS, new Failed());
        successes.set(0);
      }
      case ABANDONED, CANCELLED -> {
        if (trial) {
          breaker.releasePermission();
        }
      }
    }
    announce();
  }

  private void succeeded(long latencyNanos) {
    if (latencyNanos > slowNanos || breaker.getState() != State.CLOSED) {
      breaker.onSuccess(latencyNanos, TimeUnit.NANOSECONDS);
      successes.set(0);
    } else if (successes.get() < windowSize) {
      successes.incrementAndGet();
      breaker.onSuccess(latencyNanos, TimeUnit.NANOSECONDS);
    }
  }

  private State announce() {
    State state = breaker.getState();
    if (state != seen) {
      if (seen == State.CLOSED) {
        openedShare = measured();
      }
      seen = state;
      changed.run();
    }
    return state;
  }

  /** Names what older versions do not have; their windows take a lock for a moment at each end. */
  private static final class LockFree {
    private LockFree() {}

    static void use(CircuitBreakerConfig.Builder builder) {
      builder.slidingWindowSynchronizationStrategy(SlidingWindowSynchronizationStrategy.LOCK_FREE);
    }
  }

  /** What the breaker is told of a failure; what failed is the interceptor's to judge. */
  private static final class Failed extends Exception {
    private static final long serialVersionUID = 1L;

    Failed() {
      super("attempt failed", null, false, false);
    }
  }

  /** The balancer's time as a clock that begins at the epoch. */
  private static final class NanoClock extends Clock {
    private final LongSupplier nanoTime;
    private final long origin;

    NanoClock(LongSupplier nanoTime) {
      this.nanoTime = nanoTime;
      this.origin = nanoTime.getAsLong();
    }

    @Override
    public Instant instant() {
      return Instant.EPOCH.plusNanos(nanoTime.getAsLong() - origin);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this; // no one asks for a date
    }
  }
}
