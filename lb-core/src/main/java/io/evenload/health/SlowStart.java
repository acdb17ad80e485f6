package io.evenload.health;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * How an endpoint that is new, or comes back, is brought up to its full weight: with a small share
 * at first, so that cold caches and code that is not compiled yet do not meet full load. Immutable.
 *
 * <p>At the time {@code t} after its start, its weight is multiplied by {@code max(minShare,
 * (max(t, 1 s) / window)^(1 / aggression))}, which reaches 1 at the end of the window. The formula
 * is Envoy's. The weight moves in 20 steps. Every chooser that goes by {@link
 * io.evenload.Endpoint#weight()} follows it; those that hash do not, since keys must not move, and
 * neither does {@code firstAvailable}.
 */
public final class SlowStart {

  /** 30 s: what a JVM needs for most of its compilation under load. */
  public static final Duration DEFAULT_WINDOW = Duration.ofSeconds(30);

  /** 1: the weight grows linearly, as in Envoy. */
  public static final double DEFAULT_AGGRESSION = 1;

  /** A tenth, as in Envoy: enough requests to warm up at all. */
  public static final double DEFAULT_MIN_SHARE = 0.1;

  private static final Duration SHORTEST_WINDOW = Duration.ofSeconds(1);
  private static final Duration LONGEST_WINDOW = Duration.ofDays(1);
  private static final double NANOS_PER_SECOND = 1e9;

  private final Duration window;
  private final double aggression;
  private final double minShare;

  private SlowStart(Builder builder) {
    window = builder.window;
    aggression = builder.aggression;
    minShare = builder.minShare;
  }

  /**
   * Returns a slow start of this window, and the defaults for the rest.
   *
   * @throws IllegalArgumentException if the window is not 1 s to 1 day
   */
  public static SlowStart of(Duration window) {
    return builder().window(window).build();
  }

  /** Returns a builder that has the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** How long it takes to the full weight; 30 s by default. */
  public Duration window() {
    return window;
  }

  /** How soon the weight grows: above 1 faster at first, below 1 slower; 1 by default. */
  public double aggression() {
    return aggression;
  }

  /** The least share of the weight, 0.01 to 1; 0.1 by default. */
  public double minShare() {
    return minShare;
  }

  /**
   * Returns the share of its weight that an endpoint has so long after its start: {@link
   * #minShare()} to 1.
   */
  public double share(Duration elapsed) {
    double nanos = Math.max(NANOS_PER_SECOND, (double) elapsed.toNanos());
    double part = Math.min(1, nanos / window.toNanos());
    return Math.max(minShare, Math.pow(part, 1 / aggression));
  }

  /** The window, the aggression and the least share. */
  @Override
  public String toString() {
    return "SlowStart{window="
        + window
        + ", aggression="
        + aggression
        + ", minShare="
        + minShare
        + "}";
  }

  /** Collects the options of a {@link SlowStart}; not thread-safe. */
  public static final class Builder {
    private Duration window = DEFAULT_WINDOW;
    private double aggression = DEFAULT_AGGRESSION;
    private double minShare = DEFAULT_MIN_SHARE;

    private Builder() {}

    /**
     * Sets how long it takes to the full weight; 30 s by default.
     *
     * @throws IllegalArgumentException if the window is not 1 s to 1 day
     */
    public Builder window(Duration window) {
      requireNonNull(window, "window");
      if (window.compareTo(SHORTEST_WINDOW) < 0 || window.compareTo(LONGEST_WINDOW) > 0) {
        throw new IllegalArgumentException("window: " + window + " (expected: PT1S to PT24H)");
      }
      this.window = window;
      return this;
    }

    /**
     * Sets how soon the weight grows: above 1 faster at first, below 1 slower; 1 by default.
     *
     * @throws IllegalArgumentException if the aggression is not 0.1 to 10
     */
    public Builder aggression(double aggression) {
      if (!(aggression >= 0.1 && aggression <= 10)) {
        throw new IllegalArgumentException("aggression: " + aggression + " (expected: 0.1 to 10)");
      }
      this.aggression = aggression;
      return this;
    }

    /**
     * Sets the least share of the weight; 0.1 by default.
     *
     * @throws IllegalArgumentException if the share is not 0.01 to 1
     */
    public Builder minShare(double share) {
      if (!(share >= 0.01 && share <= 1)) {
        throw new IllegalArgumentException("minShare: " + share + " (expected: 0.01 to 1)");
      }
      this.minShare = share;
      return this;
    }

    /** Returns the slow start. */
    public SlowStart build() {
      return new SlowStart(this);
    }
  }
}
