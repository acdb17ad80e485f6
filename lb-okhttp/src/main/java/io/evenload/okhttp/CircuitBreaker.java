package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When a server that fails is called no more for a while. Immutable; two are equal if all their
 * options are.
 *
 * <pre>{@code
 * CircuitBreaker.builder().failurePercent(30).window(100).openTime(Duration.ofSeconds(10)).build()
 * }</pre>
 *
 * <p>Each server has a breaker of its own, which looks at the last attempts there. It opens when
 * too many of them failed, or were slow, and then its server is not chosen. After a while it lets a
 * few attempts through on trial, by which it closes or opens again. What counts as a failure is
 * what the interceptor says; see {@link ServiceOptions#failureStatuses}. The breaker is
 * resilience4j's, on the balancer's time.
 */
public final class CircuitBreaker {

  /** 50 %: a server that fails more often than it answers. */
  public static final int DEFAULT_FAILURE_PERCENT = 50;

  /** 100 %: only if all attempts are slow, since slow servers get fewer anyway. */
  public static final int DEFAULT_SLOW_PERCENT = 100;

  /** 60 s, as in resilience4j: longer than nearly every call's timeout. */
  public static final Duration DEFAULT_SLOW_AFTER = Duration.ofSeconds(60);

  /** The last 50 attempts at a server. */
  public static final int DEFAULT_WINDOW = 50;

  /** 20 attempts: fewer tell too little of a rate. */
  public static final int DEFAULT_MINIMUM_ATTEMPTS = 20;

  /** 5 s: about what a server takes to restart or a deployment to move on. */
  public static final Duration DEFAULT_OPEN_TIME = Duration.ofSeconds(5);

  /** 3 trials decide whether a breaker closes or opens again. */
  public static final int DEFAULT_TRIALS = 3;

  private static final CircuitBreaker DEFAULTS = builder().build();

  private final CircuitBreakerConfig config;
  private final Object identity; // the options as text, or the config of resilience4j

  private CircuitBreaker(CircuitBreakerConfig config, Object identity) {
    this.config = config;
    this.identity = identity;
  }

  /** Returns the circuit breaker of the defaults. */
  public static CircuitBreaker defaults() {
    return DEFAULTS;
  }

  /**
   * Returns the circuit breaker of a config of resilience4j, for those who have one. It is equal to
   * that of the very same config alone.
   *
   * <p>Its time is the balancer's (but a time-based window counts by the system's), its window is
   * always lock-free, and the predicates for exceptions and results are not asked.
   */
  public static CircuitBreaker of(CircuitBreakerConfig config) {
    requireNonNull(config, "config");
    return new CircuitBreaker(config, new SameConfig(config));
  }

  /** Returns a builder that has the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  CircuitBreakerConfig config() {
    return config;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CircuitBreaker breaker && identity.equals(breaker.identity);
  }

  @Override
  public int hashCode() {
    return identity.hashCode();
  }

  /** The options. */
  @Override
  public String toString() {
    return identity.toString();
  }

  /** A config that is equal to itself alone. */
  private record SameConfig(CircuitBreakerConfig config) {
    @Override
    @SuppressWarnings("ReferenceEquality") // this very one
    public boolean equals(Object other) {
      return other instanceof SameConfig same && same.config == config;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(config);
    }

    @Override
    public String toString() {
      return "CircuitBreaker{" + config + "}";
    }
  }

  /** Collects the options of a {@link CircuitBreaker}; not thread-safe. */
  public static final class Builder {

    private static final int MAX_PERCENT = 100;
    private static final int MAX_ATTEMPTS = 100_000;
    private static final Duration MIN_TIME = Duration.ofMillis(1);
    private static final Duration MAX_TIME = Duration.ofDays(1);

    private int failurePercent = DEFAULT_FAILURE_PERCENT;
    private int slowPercent = DEFAULT_SLOW_PERCENT;
    private Duration slowAfter = DEFAULT_SLOW_AFTER;
    private int window = DEFAULT_WINDOW;
    private @Nullable Integer minimumAttempts;
    private Duration openTime = DEFAULT_OPEN_TIME;
    private int trials = DEFAULT_TRIALS;

    private Builder() {}

    /**
     * Sets the share of failed attempts, in percent, from which a breaker opens; 50 by default.
     *
     * @throws IllegalArgumentException if it is not 1 to 100
     */
    public Builder failurePercent(int percent) {
      this.failurePercent = checked("failurePercent", percent, MAX_PERCENT);
      return this;
    }

    /**
     * Sets the share of slow attempts, in percent, from which a breaker opens; 100 by default.
     *
     * @throws IllegalArgumentException if it is not 1 to 100
     */
    public Builder slowPercent(int percent) {
      this.slowPercent = checked("slowPercent", percent, MAX_PERCENT);
      return this;
    }

    /**
     * Sets how long an attempt takes that is slow, until the response begins; 60 s by default.
     *
     * @throws IllegalArgumentException if it is not 1 ms to 1 day
     */
    public Builder slowAfter(Duration time) {
      this.slowAfter = checked("slowAfter", time);
      return this;
    }

    /**
     * Sets how many of the last attempts at a server a breaker looks at; 50 by default.
     *
     * @throws IllegalArgumentException if it is not 1 to 100,000
     */
    public Builder window(int attempts) {
      this.window = checked("window", attempts, MAX_ATTEMPTS);
      return this;
    }

    /**
     * Sets how many attempts there must be before a breaker opens; by default 20, or as many as the
     * window holds if that is fewer.
     *
     * @throws IllegalArgumentException if it is not 1 to 100,000
     */
    public Builder minimumAttempts(int attempts) {
      this.minimumAttempts = checked("minimumAttempts", attempts, MAX_ATTEMPTS);
      return this;
    }

    /**
     * Sets how long a breaker stays open before it lets attempts through on trial; 5 s by default.
     *
     * @throws IllegalArgumentException if it is not 1 ms to 1 day
     */
    public Builder openTime(Duration time) {
      this.openTime = checked("openTime", time);
      return this;
    }

    /**
     * Sets how many attempts on trial decide whether a breaker closes; 3 by default.
     *
     * @throws IllegalArgumentException if it is not 1 to 100,000
     */
    public Builder trials(int attempts) {
      this.trials = checked("trials", attempts, MAX_ATTEMPTS);
      return this;
    }

    /**
     * Returns the circuit breaker.
     *
     * @throws IllegalArgumentException if the minimum of attempts is more than the window holds, so
     *     that it would never be reached
     */
    public CircuitBreaker build() {
      int minimum =
          minimumAttempts == null ? Math.min(DEFAULT_MINIMUM_ATTEMPTS, window) : minimumAttempts;
      if (minimum > window) {
        throw new IllegalArgumentException(
            "minimumAttempts: " + minimum + " (expected: <= window, " + window + ")");
      }
      CircuitBreakerConfig config =
          CircuitBreakerConfig.custom()
              .failureRateThreshold(failurePercent)
              .slowCallRateThreshold(slowPercent)
              .slowCallDurationThreshold(slowAfter)
              .slidingWindowType(SlidingWindowType.COUNT_BASED)
              .slidingWindowSize(window)
              .minimumNumberOfCalls(minimum)
              .waitDurationInOpenState(openTime)
              .permittedNumberOfCallsInHalfOpenState(trials)
              .build();
      return new CircuitBreaker(config, text(minimum));
    }

    private String text(int minimum) {
      return "CircuitBreaker{failurePercent=%d, slowPercent=%d, slowAfter=%s, window=%d,"
              .formatted(failurePercent, slowPercent, slowAfter, window)
          + " minimumAttempts=%d, openTime=%s, trials=%d}".formatted(minimum, openTime, trials);
    }

    private static int checked(String name, int value, int max) {
      if (value < 1 || value > max) {
        throw new IllegalArgumentException(name + ": " + value + " (expected: 1 to " + max + ")");
      }
      return value;
    }

    private static Duration checked(String name, Duration time) {
      requireNonNull(time, name);
      if (time.compareTo(MIN_TIME) < 0 || time.compareTo(MAX_TIME) > 0) {
        throw new IllegalArgumentException(
            name + ": " + time + " (expected: " + MIN_TIME + " to " + MAX_TIME + ")");
      }
      return time;
    }
  }
}
