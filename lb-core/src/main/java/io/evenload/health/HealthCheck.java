package io.evenload.health;

import static java.util.Objects.requireNonNull;

import io.evenload.HealthProbe;
import java.time.Duration;

/**
 * How a balancer asks its servers whether they are well: the probe, how often, and how many answers
 * change its mind. Immutable.
 *
 * <p>Off unless given to {@link io.evenload.LoadBalancer.Builder#healthCheck}: many clients times
 * many servers is a load of its own. A server that fails its probes is not chosen while enough
 * others are well; see {@link io.evenload.LoadBalancer.Builder#panicThreshold}.
 */
public final class HealthCheck {

  private final HealthProbe probe;
  private final Duration interval;
  private final Duration fastInterval;
  private final Duration timeout;
  private final double jitter;
  private final int healthyThreshold;
  private final int unhealthyThreshold;
  private final int maxConcurrentProbes;
  private final boolean initiallyHealthy;

  private HealthCheck(Builder builder) {
    probe = builder.probe;
    interval = builder.interval;
    fastInterval = builder.fastInterval.compareTo(interval) < 0 ? builder.fastInterval : interval;
    timeout = builder.timeout;
    jitter = builder.jitter;
    healthyThreshold = builder.healthyThreshold;
    unhealthyThreshold = builder.unhealthyThreshold;
    maxConcurrentProbes = builder.maxConcurrentProbes;
    initiallyHealthy = builder.initiallyHealthy;
  }

  /** Returns a check by this probe with all defaults. */
  public static HealthCheck of(HealthProbe probe) {
    return builder(probe).build();
  }

  /** Returns a builder. */
  public static Builder builder(HealthProbe probe) {
    return new Builder(probe);
  }

  /** The question asked. */
  public HealthProbe probe() {
    return probe;
  }

  /**
   * The time from one answer of a healthy server to the next question, before jitter; after its
   * first answer any part of it.
   */
  public Duration interval() {
    return interval;
  }

  /**
   * The time from one answer of a server that is not known to be healthy to the next question,
   * before jitter; at most {@link #interval()}.
   */
  public Duration fastInterval() {
    return fastInterval;
  }

  /** How long an answer is waited for. */
  public Duration timeout() {
    return timeout;
  }

  /** By which part each wait is shorter or longer at random. */
  public double jitter() {
    return jitter;
  }

  /** How many good answers in a row make an unhealthy server healthy. */
  public int healthyThreshold() {
    return healthyThreshold;
  }

  /** How many bad answers in a row make a healthy server unhealthy. */
  public int unhealthyThreshold() {
    return unhealthyThreshold;
  }

  /** How many probes of one balancer run at once. */
  public int maxConcurrentProbes() {
    return maxConcurrentProbes;
  }

  /** Whether a new server may be chosen before its first answer. */
  public boolean initiallyHealthy() {
    return initiallyHealthy;
  }

  /** Collects the options of a {@link HealthCheck}; not thread-safe. */
  public static final class Builder {

    /**
     * 10 seconds: with 3 bad answers needed, and faster questions after the first, an outage shows
     * within about 12 s if connections are refused, and within about 15 s if nothing is answered.
     */
    public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(10);

    /** 1 second: what is new or unwell is decided soon. */
    public static final Duration DEFAULT_FAST_INTERVAL = Duration.ofSeconds(1);

    /** 1 second: a health endpoint that needs longer is not well. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(1);

    /** A fifth: enough that clients started together drift apart within minutes. */
    public static final double DEFAULT_JITTER = 0.2;

    /** 2 good answers, as in HAProxy. */
    public static final int DEFAULT_HEALTHY_THRESHOLD = 2;

    /** 3 bad answers, as in HAProxy: one lost packet is no outage. */
    public static final int DEFAULT_UNHEALTHY_THRESHOLD = 3;

    /** 100: to probe 10,000 servers that all hang takes 100 timeouts. */
    public static final int DEFAULT_MAX_CONCURRENT_PROBES = 100;

    private final HealthProbe probe;
    private Duration interval = DEFAULT_INTERVAL;
    private Duration fastInterval = DEFAULT_FAST_INTERVAL;
    private Duration timeout = DEFAULT_TIMEOUT;
    private double jitter = DEFAULT_JITTER;
    private int healthyThreshold = DEFAULT_HEALTHY_THRESHOLD;
    private int unhealthyThreshold = DEFAULT_UNHEALTHY_THRESHOLD;
    private int maxConcurrentProbes = DEFAULT_MAX_CONCURRENT_PROBES;
    private boolean initiallyHealthy = true;

    private Builder(HealthProbe probe) {
      this.probe = requireNonNull(probe, "probe");
    }

    /**
     * Sets the time from one answer of a healthy server to the next question, before jitter; 10
     * seconds by default. After a server's first answer it is a random part of that, so that the
     * questions to many servers are spread evenly, unless the jitter is 0.
     *
     * @throws IllegalArgumentException if the interval is not 10 ms to 1 day
     */
    public Builder interval(Duration interval) {
      this.interval = checked("interval", interval);
      return this;
    }

    /**
     * Sets the time from one answer to the next question for a server that is new, unhealthy, or
     * just gave a bad answer; 1 second by default. If the interval is shorter, that one holds.
     *
     * @throws IllegalArgumentException if the interval is not 10 ms to 1 day
     */
    public Builder fastInterval(Duration interval) {
      this.fastInterval = checked("fastInterval", interval);
      return this;
    }

    /**
     * Sets how long an answer is waited for; 1 second by default.
     *
     * @throws IllegalArgumentException if the timeout is not 10 ms to 1 day
     */
    public Builder timeout(Duration timeout) {
      this.timeout = checked("timeout", timeout);
      return this;
    }

    /**
     * Sets by which part each wait is shorter or longer at random; 0.2 by default.
     *
     * @throws IllegalArgumentException if the jitter is not 0 to 0.5
     */
    public Builder jitter(double jitter) {
      if (!(jitter >= 0 && jitter <= 0.5)) {
        throw new IllegalArgumentException("jitter: " + jitter + " (expected: 0 to 0.5)");
      }
      this.jitter = jitter;
      return this;
    }

    /**
     * Sets how many good answers in a row make an unhealthy server healthy; 2 by default.
     *
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Builder healthyThreshold(int answers) {
      this.healthyThreshold = positive("healthyThreshold", answers);
      return this;
    }

    /**
     * Sets how many bad answers in a row make a healthy server unhealthy; 3 by default.
     *
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Builder unhealthyThreshold(int answers) {
      this.unhealthyThreshold = positive("unhealthyThreshold", answers);
      return this;
    }

    /**
     * Sets how many probes run at once, over all servers of one balancer; 100 by default.
     *
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Builder maxConcurrentProbes(int probes) {
      this.maxConcurrentProbes = positive("maxConcurrentProbes", probes);
      return this;
    }

    /**
     * Sets whether a new server may be chosen before its first answer; true by default. Otherwise
     * traffic is held back until the first good answer, as far as enough other servers are well.
     */
    public Builder initiallyHealthy(boolean healthy) {
      this.initiallyHealthy = healthy;
      return this;
    }

    /** Returns the check. */
    public HealthCheck build() {
      return new HealthCheck(this);
    }

    private static Duration checked(String name, Duration value) {
      requireNonNull(value, name);
      if (value.compareTo(Duration.ofMillis(10)) < 0 || value.compareTo(Duration.ofDays(1)) > 0) {
        throw new IllegalArgumentException(name + ": " + value + " (expected: PT0.01S to PT24H)");
      }
      return value;
    }

    private static int positive(String name, int value) {
      if (value < 1) {
        throw new IllegalArgumentException(name + ": " + value + " (expected: 1 or more)");
      }
      return value;
    }
  }
}
