package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import okhttp3.Response;

/**
 * How much of its calls to a service a client leaves unsent while the service as a whole refuses
 * them. It is what sheds load where all servers are equally bad, so that choosing another one does
 * not help; off unless it is {@linkplain ServiceOptions#throttling set}:
 *
 * <pre>{@code
 * LoadBalancingInterceptor.builder().service("orders", orders).throttling(Throttling.defaults()).build();
 * }</pre>
 *
 * <p>Of the last seconds' calls {@code max(0, (calls - ratio * accepted) / (calls + 1))} is the
 * share that is not sent, as in "Handling Overload" of Google's <a
 * href="https://sre.google/sre-book/handling-overload/">SRE book</a>: with a ratio of 2 it begins
 * when more than half of the calls are refused, and what is sent then is twice what is accepted.
 * Calls that are not sent fail at once with a {@link ThrottledException}. One of ten is always
 * sent, so that the end is seen; when most of those are accepted, twice as many are let through
 * every half a second or so, until all are.
 *
 * <p>A call is refused if the last attempt at it was: by a 429, by a status of 500 or more with a
 * {@code Retry-After}, by another {@linkplain Builder#statuses status that means so}, or by a
 * refused HTTP/2 stream. Any other answer was accepted, a 500 too, since the server worked on it: a
 * bug is not overload. Timeouts, connections that fail, cancelled calls and responses from the
 * cache count neither way.
 *
 * <p>A refused attempt is not repeated either, but for one of twenty, while fewer than four of five
 * such repeats are accepted: when all servers refuse, repeats are only more load. Where one of
 * several refuses they go on.
 *
 * <p>Each service of an interceptor counts for itself, over all its servers. Immutable and
 * thread-safe.
 */
public final class Throttling {

  /** 2, as in the SRE book: what is sent is at most twice what is accepted. */
  public static final double DEFAULT_RATIO = 2;

  /**
   * 10 s, and not the 2 minutes of the SRE book: with 30 s and more a simulated service took longer
   * than 5 s until all was well again after an overload. With 2 s chance decides where calls are
   * few.
   */
  public static final Duration DEFAULT_WINDOW = Duration.ofSeconds(10);

  /** 20: of so many a healthy service hardly ever refuses half by chance. */
  public static final int DEFAULT_MINIMUM_CALLS = 20;

  /** 429: servers and proxies say so of nothing but load. A bare 503 is as often a fault. */
  public static final Set<Integer> DEFAULT_STATUSES = Set.of(429);

  private static final int FIRST_SERVER_ERROR = 500;

  private static final Throttling DEFAULTS = builder().build();

  private final double ratio;
  private final Duration window;
  private final int minimumCalls;
  private final Set<Integer> statuses;

  private Throttling(Builder builder) {
    ratio = builder.ratio;
    window = builder.window;
    minimumCalls = builder.minimumCalls;
    statuses = builder.statuses;
  }

  /** Returns throttling by the defaults. */
  public static Throttling defaults() {
    return DEFAULTS;
  }

  /** Returns a builder that has the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** How many calls are sent for each that is accepted; 2 by default. */
  public double ratio() {
    return ratio;
  }

  /** How far back calls count; 10 s by default. */
  public Duration window() {
    return window;
  }

  /** How many calls there must have been for any to be left unsent; 20 by default. */
  public int minimumCalls() {
    return minimumCalls;
  }

  /** The statuses that are refusals whatever else the response says; 429 by default. */
  public Set<Integer> statuses() {
    return statuses;
  }

  /** Whether the server refused an attempt for load, as long as its response is open. */
  boolean refused(AttemptRecord tried) {
    Verdict verdict = tried.verdict();
    Response response = tried.response();
    return response == null
        ? verdict.failure() == FailureKind.REFUSED
        : verdict.fromServer() && refuses(response);
  }

  private boolean refuses(Response response) {
    int status = response.code();
    return statuses.contains(status)
        || (status >= FIRST_SERVER_ERROR && RetryAfter.isIn(response.headers()));
  }

  /** All options. */
  @Override
  public String toString() {
    return "Throttling{ratio="
        + ratio
        + ", window="
        + window
        + ", minimumCalls="
        + minimumCalls
        + ", statuses="
        + statuses
        + "}";
  }

  /** Collects the options of {@link Throttling}; not thread-safe. */
  public static final class Builder {

    private static final double HIGHEST_RATIO = 100;
    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofHours(1);
    private static final int MOST_CALLS = 1_000_000;

    private double ratio = DEFAULT_RATIO;
    private Duration window = DEFAULT_WINDOW;
    private int minimumCalls = DEFAULT_MINIMUM_CALLS;
    private Set<Integer> statuses = DEFAULT_STATUSES;

    private Builder() {}

    /**
     * Sets how many calls are sent for each that is accepted; 2 by default. With less, servers
     * refuse less, at the price of calls that would have been accepted by chance.
     *
     * @throws IllegalArgumentException if the ratio is not 1 to 100
     */
    public Builder ratio(double ratio) {
      if (!(ratio >= 1 && ratio <= HIGHEST_RATIO)) {
        throw new IllegalArgumentException(
            "ratio: " + ratio + " (expected: 1 to " + HIGHEST_RATIO + ")");
      }
      this.ratio = ratio;
      return this;
    }

    /**
     * Sets how far back calls count; 10 s by default.
     *
     * @throws IllegalArgumentException if the duration is not 1 s to one hour
     */
    public Builder window(Duration window) {
      requireNonNull(window, "window");
      if (window.compareTo(SHORTEST) < 0 || window.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            "window: " + window + " (expected: " + SHORTEST + " to " + LONGEST + ")");
      }
      this.window = window;
      return this;
    }

    /**
     * Sets how many calls there must have been within the window for any to be left unsent; 20 by
     * default.
     *
     * @throws IllegalArgumentException if the number is not 1 to 1,000,000
     */
    public Builder minimumCalls(int calls) {
      if (calls < 1 || calls > MOST_CALLS) {
        throw new IllegalArgumentException(
            "minimumCalls: " + calls + " (expected: 1 to " + MOST_CALLS + ")");
      }
      this.minimumCalls = calls;
      return this;
    }

    /**
     * Sets the statuses that are refusals whatever else the response says; 429 by default. Add 503
     * where servers, or a proxy before them, say so of overload and of nothing else: if a bug
     * answers with it, calls are left unsent that would have gone well.
     *
     * @throws IllegalArgumentException if a status is not 400 to 599
     */
    public Builder statuses(Collection<Integer> statuses) {
      this.statuses = RetryPolicy.checkedStatuses(statuses);
      return this;
    }

    /** Returns the throttling. */
    public Throttling build() {
      return new Throttling(this);
    }
  }
}
