package io.evenload.health;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * How a balancer tells from the outcomes of real attempts that a server is worse than it should be,
 * and for how long it then takes the server out (ejects it). Immutable.
 *
 * <p>On by default. Four rules, of which the first three can be switched off, find the outliers:
 *
 * <ul>
 *   <li>failures in a row, seen as they happen;
 *   <li>a success rate below the mean of the server's priority by so many standard deviations, and
 *       below a floor, looked for once an interval;
 *   <li>a share of failures above a limit, looked for once an interval. The rule before cannot see
 *       bad servers once they are more than about a fifth.
 *   <li>no answer of any kind to 10 attempts or more within 5 seconds or more, each of which timed
 *       out or was {@linkplain io.evenload.Outcome#ABANDONED abandoned}, while most servers do
 *       answer: it takes requests and keeps silent. One answer, be it an error, is enough to not be
 *       found by this, so a server that is merely slower than its rivals is not blamed.
 * </ul>
 *
 * <p>What fails everywhere is the request's fault. So each rule also asks what the others do, and
 * finds nobody whose failures may be chance at the rate at which the others fail: 5 failures in a
 * row are enough where nobody else fails, but it takes 9 where the others fail in a tenth of their
 * attempts, and 41 where they do in six of ten. A request that fails at a server after it had
 * failed at another one counts for neither rule, unless no connection came about.
 *
 * <p>Each priority loses at most the given part of its servers, but may lose one. The last server
 * that may be chosen is never ejected, and while fewer than 3 are known only one that keeps silent.
 * Servers that drain, are withheld for their weight of 0, or are outside the client's {@link
 * io.evenload.Subset}, do not count as known. The rules apply to servers that may be chosen; one
 * that is kept out already, by its probes or its gate, is not ejected as well.
 *
 * <p>A server comes back when its time is over, within a second, and real traffic shows whether it
 * is well. Each further ejection lasts longer by the base time; each interval without one takes a
 * step back. Cancelled attempts do not count, and abandoned ones only by the last rule.
 *
 * <p>The rules and most defaults are those of Envoy's outlier detection and gRPC's proposal A50.
 */
public final class OutlierDetection {

  /** 5 failures in a row, as in Envoy: chance alone hardly does that to a server that is well. */
  public static final int DEFAULT_CONSECUTIVE_FAILURES = 5;

  /** 1.9 standard deviations below the mean, as in Envoy and gRPC. */
  public static final double DEFAULT_SUCCESS_RATE_DEVIATIONS = 1.9;

  /**
   * 0.9: where all others are perfect, any failure is many deviations away; a tenth of 100 attempts
   * is more than chance does.
   */
  public static final double DEFAULT_SUCCESS_RATE_FLOOR = 0.9;

  /** 5 servers, as in Envoy and gRPC: a deviation of fewer says little. */
  public static final int DEFAULT_SUCCESS_RATE_SERVERS = 5;

  /** 100 attempts in an interval, as in Envoy and gRPC. */
  public static final int DEFAULT_SUCCESS_RATE_ATTEMPTS = 100;

  /** 85 %, as in Envoy and gRPC. */
  public static final int DEFAULT_FAILURE_PERCENT = 85;

  /** 50 attempts in an interval, as in Envoy and gRPC. */
  public static final int DEFAULT_FAILURE_PERCENT_ATTEMPTS = 50;

  /** 10 attempts without any answer: a server that is only slow answers one of them first. */
  public static final int SILENT_ATTEMPTS = 10;

  /** 5 seconds without any answer: longer than a pause for garbage collection. */
  public static final Duration SILENT_TIME = Duration.ofSeconds(5);

  /** 10 seconds, as in Envoy and gRPC. */
  public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(10);

  /** 30 seconds, as in Envoy and gRPC: about what a restart takes. */
  public static final Duration DEFAULT_BASE_EJECTION_TIME = Duration.ofSeconds(30);

  /** 5 minutes, as in Envoy and gRPC: a server that was repaired is not forgotten. */
  public static final Duration DEFAULT_MAX_EJECTION_TIME = Duration.ofMinutes(5);

  /** A tenth: clients that ejected a server together bring it back one after another. */
  public static final double DEFAULT_JITTER = 0.1;

  /** 10 %, as in Envoy and gRPC: more failing at once is hardly their own fault. */
  public static final int DEFAULT_MAX_EJECTION_PERCENT = 10;

  private static final OutlierDetection DEFAULTS = builder().build();

  private final int consecutiveFailures;
  private final double successRateDeviations;
  private final double successRateFloor;
  private final int successRateServers;
  private final int successRateAttempts;
  private final int failurePercent;
  private final int failurePercentAttempts;
  private final Duration interval;
  private final Duration baseEjectionTime;
  private final Duration maxEjectionTime;
  private final double jitter;
  private final int maxEjectionPercent;

  private OutlierDetection(Builder builder) {
    consecutiveFailures = builder.consecutiveFailures;
    successRateDeviations = builder.successRateDeviations;
    successRateFloor = builder.successRateFloor;
    successRateServers = builder.successRateServers;
    successRateAttempts = builder.successRateAttempts;
    failurePercent = builder.failurePercent;
    failurePercentAttempts = builder.failurePercentAttempts;
    interval = builder.interval;
    baseEjectionTime = builder.baseEjectionTime;
    maxEjectionTime = builder.maxEjectionTime;
    jitter = builder.jitter;
    maxEjectionPercent = builder.maxEjectionPercent;
  }

  /** Returns the detection of the defaults. */
  public static OutlierDetection defaults() {
    return DEFAULTS;
  }

  /** Returns a builder that has the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** How many failures in a row eject a server; 0 if that rule is off. */
  public int consecutiveFailures() {
    return consecutiveFailures;
  }

  /** How many standard deviations below the mean a success rate may be; 0 if that rule is off. */
  public double successRateDeviations() {
    return successRateDeviations;
  }

  /** The success rate from which on a server is well, however much better the others are. */
  public double successRateFloor() {
    return successRateFloor;
  }

  /** How many servers of a priority need enough attempts for success rates to be compared. */
  public int successRateServers() {
    return successRateServers;
  }

  /** How many attempts in an interval a server needs for its success rate to be compared. */
  public int successRateAttempts() {
    return successRateAttempts;
  }

  /** The percentage of failures above which a server is ejected; 0 if that rule is off. */
  public int failurePercent() {
    return failurePercent;
  }

  /** How many attempts in an interval a server needs for its share of failures to be judged. */
  public int failurePercentAttempts() {
    return failurePercentAttempts;
  }

  /** The time over which outcomes are counted, and after which they are looked at. */
  public Duration interval() {
    return interval;
  }

  /** How long the first ejection lasts, and how much longer each further one; before jitter. */
  public Duration baseEjectionTime() {
    return baseEjectionTime;
  }

  /** How long an ejection lasts at most; before jitter. */
  public Duration maxEjectionTime() {
    return maxEjectionTime;
  }

  /** By which part, at most, each ejection is shorter at random. */
  public double jitter() {
    return jitter;
  }

  /** The percentage of a priority's servers that may be ejected at once, but one at least. */
  public int maxEjectionPercent() {
    return maxEjectionPercent;
  }

  /** Collects the options of an {@link OutlierDetection}; not thread-safe. */
  public static final class Builder {

    private int consecutiveFailures = DEFAULT_CONSECUTIVE_FAILURES;
    private double successRateDeviations = DEFAULT_SUCCESS_RATE_DEVIATIONS;
    private double successRateFloor = DEFAULT_SUCCESS_RATE_FLOOR;
    private int successRateServers = DEFAULT_SUCCESS_RATE_SERVERS;
    private int successRateAttempts = DEFAULT_SUCCESS_RATE_ATTEMPTS;
    private int failurePercent = DEFAULT_FAILURE_PERCENT;
    private int failurePercentAttempts = DEFAULT_FAILURE_PERCENT_ATTEMPTS;
    private Duration interval = DEFAULT_INTERVAL;
    private Duration baseEjectionTime = DEFAULT_BASE_EJECTION_TIME;
    private Duration maxEjectionTime = DEFAULT_MAX_EJECTION_TIME;
    private double jitter = DEFAULT_JITTER;
    private int maxEjectionPercent = DEFAULT_MAX_EJECTION_PERCENT;

    private Builder() {}

    /**
     * Sets how many failures in a row eject a server; 5 by default, 0 switches this rule off.
     *
     * @throws IllegalArgumentException if the number is not 0 to 1000
     */
    public Builder consecutiveFailures(int failures) {
      this.consecutiveFailures = inRange("consecutiveFailures", failures, 0, 1_000);
      return this;
    }

    /**
     * Sets how many standard deviations (of the population) below the mean of its priority a
     * server's success rate must be for an ejection; 1.9 by default, 0 switches this rule off.
     *
     * @throws IllegalArgumentException if the number is not 0 to 10
     */
    public Builder successRateDeviations(double deviations) {
      if (!(deviations >= 0 && deviations <= 10)) {
        throw new IllegalArgumentException(
            "successRateDeviations: " + deviations + " (expected: 0 to 10)");
      }
      this.successRateDeviations = deviations;
      return this;
    }

    /**
     * Sets the success rate from which on a server is well, however much better the others are; 0.9
     * by default, 1 leaves it to the comparison alone.
     *
     * @throws IllegalArgumentException if the rate is not 0 to 1
     */
    public Builder successRateFloor(double rate) {
      if (!(rate >= 0 && rate <= 1)) {
        throw new IllegalArgumentException("successRateFloor: " + rate + " (expected: 0 to 1)");
      }
      this.successRateFloor = rate;
      return this;
    }

    /**
     * Sets how many servers of a priority need enough attempts for success rates to be compared; 5
     * by default.
     *
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Builder successRateServers(int servers) {
      this.successRateServers = inRange("successRateServers", servers, 1, Integer.MAX_VALUE);
      return this;
    }

    /**
     * Sets how many attempts in an interval a server needs for its success rate to be compared; 100
     * by default.
     *
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Builder successRateAttempts(int attempts) {
      this.successRateAttempts = inRange("successRateAttempts", attempts, 1, Integer.MAX_VALUE);
      return this;
    }

    /**
     * Sets the percentage of failures above which a server is ejected; 85 by default, 0 switches
     * this rule off.
     *
     * @throws IllegalArgumentException if the percentage is not 0 to 99
     */
    public Builder failurePercent(int percent) {
      this.failurePercent = inRange("failurePercent", percent, 0, 99);
      return this;
    }

    /**
     * Sets how many attempts in an interval a server needs for its share of failures to be judged;
     * 50 by default.
     *
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Builder failurePercentAttempts(int attempts) {
      this.failurePercentAttempts =
          inRange("failurePercentAttempts", attempts, 1, Integer.MAX_VALUE);
      return this;
    }

    /**
     * Sets the time over which outcomes are counted, and after which they are looked at; 10 seconds
     * by default. It is measured in steps of a second.
     *
     * @throws IllegalArgumentException if the interval is not 1 second to 1 day
     */
    public Builder interval(Duration interval) {
      this.interval = checked("interval", interval);
      return this;
    }

    /**
     * Sets how long the first ejection lasts, before jitter; 30 seconds by default. Each further
     * one lasts longer by as much; each interval without an ejection takes a step back.
     *
     * @throws IllegalArgumentException if the time is not 1 second to 1 day
     */
    public Builder baseEjectionTime(Duration time) {
      this.baseEjectionTime = checked("baseEjectionTime", time);
      return this;
    }

    /**
     * Sets how long an ejection lasts at most; 5 minutes by default.
     *
     * @throws IllegalArgumentException if the time is not 1 second to 1 day
     */
    public Builder maxEjectionTime(Duration time) {
      this.maxEjectionTime = checked("maxEjectionTime", time);
      return this;
    }

    /**
     * Sets by which part, at most, each ejection is shorter at random; 0.1 by default.
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
     * Sets the percentage of a priority's servers that may be ejected at once; 10 by default. Of
     * few servers it is one at least, unless the percentage is 0, with which none is ejected.
     *
     * @throws IllegalArgumentException if the percentage is not 0 to 100
     */
    public Builder maxEjectionPercent(int percent) {
      this.maxEjectionPercent = inRange("maxEjectionPercent", percent, 0, 100);
      return this;
    }

    /**
     * Returns the detection.
     *
     * @throws IllegalArgumentException if the base ejection time is longer than the maximum
     */
    public OutlierDetection build() {
      if (baseEjectionTime.compareTo(maxEjectionTime) > 0) {
        throw new IllegalArgumentException(
            "baseEjectionTime: "
                + baseEjectionTime
                + " (expected: <= maxEjectionTime, "
                + maxEjectionTime
                + ")");
      }
      return new OutlierDetection(this);
    }

    private static Duration checked(String name, Duration value) {
      requireNonNull(value, name);
      if (value.compareTo(Duration.ofSeconds(1)) < 0 || value.compareTo(Duration.ofDays(1)) > 0) {
        throw new IllegalArgumentException(name + ": " + value + " (expected: PT1S to PT24H)");
      }
      return value;
    }

    private static int inRange(String name, int value, int min, int max) {
      if (value < min || value > max) {
        String range = max == Integer.MAX_VALUE ? min + " or more" : min + " to " + max;
        throw new IllegalArgumentException(name + ": " + value + " (expected: " + range + ")");
      }
      return value;
    }
  }
}
