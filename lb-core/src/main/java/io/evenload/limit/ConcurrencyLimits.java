package io.evenload.limit;

import static java.util.Objects.requireNonNull;

import io.evenload.Gate;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Limits on the attempts in flight at each server, as {@linkplain Gate gates}: give one to {@link
 * io.evenload.LoadBalancer.Builder#gate}. An attempt that a server has no room for goes to another
 * one; if none has, {@code start} fails, saying that they are at their limit.
 *
 * <p>A limit is that of one client. Those that adapt find it for themselves: {@link #aimd} from
 * failures, {@link #gradient2} from latency. Both change at most once a round trip (and 10 times a
 * second), grow only while at least half of the limit is in use, and take no notice of cancelled
 * attempts. The algorithms are those of Netflix's <a
 * href="https://github.com/Netflix/concurrency-limits">concurrency-limits</a>.
 *
 * <p>The factories are immutable and may be shared by balancers; each endpoint gets a limit of its
 * own. They are lock-free.
 */
public final class ConcurrencyLimits {

  private ConcurrencyLimits() {}

  /**
   * Returns a limit that does not change.
   *
   * @throws IllegalArgumentException if the limit is less than 1
   */
  public static Gate.Factory fixed(int limit) {
    int checked = Builder.positive("limit", limit);
    return (server, nanoTime, changed) -> new ConcurrencyGate(nanoTime, checked);
  }

  /** Returns {@link Builder#aimd} with all defaults. */
  public static Gate.Factory aimd() {
    return builder().aimd();
  }

  /** Returns {@link Builder#gradient2} with all defaults. */
  public static Gate.Factory gradient2() {
    return builder().gradient2();
  }

  /** Returns a builder of limits that adapt. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects the options of a limit that adapts; not thread-safe. */
  public static final class Builder {

    /** 20, as in Netflix's: most servers can do that at once, and the right limit is soon found. */
    public static final int DEFAULT_INITIAL = 20;

    /** 1: a single attempt is enough to see whether a server has recovered. */
    public static final int DEFAULT_MIN = 1;

    /** 200, as in Netflix's: about the threads of a server that has one for each request. */
    public static final int DEFAULT_MAX = 200;

    /** 5 seconds, as in Netflix's: whoever waits that long waits in a queue. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

    private int initial = DEFAULT_INITIAL;
    private int min = DEFAULT_MIN;
    private int max = DEFAULT_MAX;
    private Duration timeout = DEFAULT_TIMEOUT;

    private Builder() {}

    /**
     * Sets the limit of a new endpoint; 20 by default.
     *
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public Builder initial(int limit) {
      this.initial = positive("initial", limit);
      return this;
    }

    /**
     * Sets what the limit never falls below; 1 by default.
     *
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public Builder min(int limit) {
      this.min = positive("min", limit);
      return this;
    }

    /**
     * Sets what the limit never exceeds; 200 by default.
     *
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public Builder max(int limit) {
      this.max = positive("max", limit);
      return this;
    }

    /**
     * Sets the latency above which {@link #aimd} counts even a success as a sign of overload; 5
     * seconds by default.
     *
     * @throws IllegalArgumentException if the timeout is not 1 ms to 1 hour
     */
    public Builder timeout(Duration timeout) {
      requireNonNull(timeout, "timeout");
      if (timeout.compareTo(Duration.ofMillis(1)) < 0
          || timeout.compareTo(Duration.ofHours(1)) > 0) {
        throw new IllegalArgumentException("timeout: " + timeout + " (expected: PT0.001S to PT1H)");
      }
      this.timeout = timeout;
      return this;
    }

    /**
     * Returns a limit that grows by 1, and becomes 0.9 of itself when more than 5 % of the attempts
     * failed or were slower than the timeout. For servers that refuse what is too much for them.
     *
     * @throws IllegalArgumentException if the initial limit is not between the least and the most
     */
    public Gate.Factory aimd() {
      return factory(new Aimd(timeout.toNanos()));
    }

    /**
     * Returns a limit that follows the ratio of long-term to present latency: what makes attempts
     * wait at the server is too much. For servers that queue what is too much for them.
     *
     * @throws IllegalArgumentException if the initial limit is not between the least and the most
     */
    public Gate.Factory gradient2() {
      return factory(null);
    }

    private Gate.Factory factory(@Nullable LimitRule shared) {
      if (min > max) {
        throw new IllegalArgumentException("min: " + min + " (expected: <= max, " + max + ")");
      }
      if (initial < min || initial > max) {
        throw new IllegalArgumentException(
            "initial: " + initial + " (expected: " + min + " to " + max + ")");
      }
      int first = initial;
      int least = min;
      int most = max;
      return (server, nanoTime, changed) ->
          new ConcurrencyGate(
              nanoTime, first, least, most, shared != null ? shared : new Gradient2());
    }

    static int positive(String name, int value) {
      if (value < 1) {
        throw new IllegalArgumentException(name + ": " + value + " (expected: 1 or more)");
      }
      return value;
    }
  }
}
