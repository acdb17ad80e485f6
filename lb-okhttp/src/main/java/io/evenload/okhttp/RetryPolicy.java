package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.time.Duration;
import java.util.BitSet;
import java.util.Collection;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Supplier;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * When a call is tried again at another server, and after which wait. Immutable. A request may
 * carry one as a tag, which then holds for it in place of the interceptor's, but for the
 * {@linkplain Builder#budgetRatio budget}, which is the service's:
 *
 * <pre>{@code
 * new Request.Builder().url("http://orders/v1/items").tag(RetryPolicy.class, RetryPolicy.none())
 * }</pre>
 *
 * <p>An attempt is repeated if the server answered with one of the {@linkplain
 * Builder#statuses(Collection) statuses}, with 429 and a {@code Retry-After}, or if it failed on
 * the way, unless {@link Builder#retryIf} says otherwise, and if all of this holds:
 *
 * <ul>
 *   <li>the method is idempotent (GET, HEAD, OPTIONS, TRACE, QUERY, PUT or DELETE), the request has
 *       an {@linkplain Builder#idempotencyKey(String) idempotency key}, or the server certainly did
 *       nothing for it, as when it could not be connected to, or {@linkplain
 *       Builder#refusalsTrusted said so};
 *   <li>the request body was not begun, or can be sent twice: it is neither one-shot nor duplex;
 *   <li>an attempt is left, and the wait fits in what is left of the call's timeout;
 *   <li>the budget allows it.
 * </ul>
 *
 * <p>Otherwise the caller gets the last response or exception as it is. The wait is random between
 * zero and a limit that doubles with each retry ("full jitter"). A 429 with a {@code Retry-After}
 * makes it that much longer. That of any other status binds its server only: it counts once all
 * servers that may be chosen were tried and said so, and then the shortest does.
 *
 * <p>The budget keeps retries from multiplying the load of servers that fail: it allows a share of
 * the requests of the last 10 seconds, and a few a second beside, for each service of the
 * interceptor. It follows Finagle's {@code RetryBudget}. The retry of an attempt that was refused
 * for load, by a 429, a {@code Retry-After} or as {@link Throttling} says, counts as two. One
 * replay on a fresh connection is free of budget and wait: that of an idempotent request whose idle
 * pooled connection broke as soon as it was used (see {@link Builder#staleWithin}), or was answered
 * by a proxy's 408 of before, since the server had closed it while it was idle. A request that
 * cannot be repeated is not sent on a pooled connection that is known to be closed, or is when
 * looked at: it takes a fresh one.
 */
public final class RetryPolicy {

  /** 3 attempts in all: a second server may fail too, a third rarely does. */
  public static final int DEFAULT_MAX_ATTEMPTS = 3;

  /** 502 and 503, with which a proxy or a server says that it did not process the request. */
  public static final Set<Integer> DEFAULT_STATUSES = Set.of(502, 503);

  /** 25 ms: short, since the next attempt goes to another server; long enough to spread a burst. */
  public static final Duration DEFAULT_BASE_BACKOFF = Duration.ofMillis(25);

  /** 1 s: a call with a usual timeout gets its attempts. */
  public static final Duration DEFAULT_MAX_BACKOFF = Duration.ofSeconds(1);

  /** 5 s: a wait holds a thread. */
  public static final Duration DEFAULT_MAX_RETRY_AFTER = Duration.ofSeconds(5);

  /** 100 ms: a round trip, and what a busy client needs to notice. */
  public static final Duration DEFAULT_STALE_WITHIN = Duration.ofMillis(100);

  /** 20 % of the requests of the last 10 s, as in Finagle. */
  public static final double DEFAULT_BUDGET_RATIO = 0.2;

  /** 1 a second, for services with few requests; Finagle has 10. */
  public static final double DEFAULT_BUDGET_PER_SECOND = 1;

  private static final RetryPolicy NONE = builder().maxAttempts(1).build();
  private static final RetryPolicy DEFAULTS = builder().build();

  private final int maxAttempts;
  private final Set<Integer> statuses;
  private final BitSet statusBits;
  private final Duration baseBackoff;
  private final Duration maxBackoff;
  private final Duration maxRetryAfter;
  private final boolean budgeted;
  private final double budgetRatio;
  private final double budgetPerSecond;
  private final @Nullable BiPredicate<@Nullable Response, @Nullable IOException> retryIf;
  private final @Nullable String idempotencyHeader;
  private final @Nullable Supplier<String> idempotencyKeys;
  private final boolean refusalsTrusted;
  private final Duration staleWithin;
  private final Duration attemptTimeout;
  private final @Nullable HedgePolicy hedge;

  private RetryPolicy(Builder builder) {
    maxAttempts = builder.maxAttempts;
    statuses = builder.statuses;
    statusBits = new BitSet();
    statuses.forEach(statusBits::set);
    baseBackoff = builder.baseBackoff;
    maxBackoff = builder.maxBackoff;
    maxRetryAfter = builder.maxRetryAfter;
    budgeted = builder.budgeted;
    budgetRatio = builder.budgetRatio;
    budgetPerSecond = builder.budgetPerSecond;
    retryIf = builder.retryIf;
    idempotencyHeader = builder.idempotencyHeader;
    idempotencyKeys = builder.idempotencyKeys;
    refusalsTrusted = builder.refusalsTrusted;
    staleWithin = builder.staleWithin;
    attemptTimeout = builder.attemptTimeout;
    hedge = builder.hedge;
  }

  /** Returns the policy of the defaults. */
  public static RetryPolicy defaults() {
    return DEFAULTS;
  }

  /**
   * Returns a policy that never sends anything twice, not even over a pooled connection that turns
   * out to be closed.
   */
  public static RetryPolicy none() {
    return NONE;
  }

  /**
   * Returns a policy of so many attempts in all, and the defaults for the rest.
   *
   * @throws IllegalArgumentException if the number is not 1 to 100
   */
  public static RetryPolicy of(int maxAttempts) {
    return builder().maxAttempts(maxAttempts).build();
  }

  /** Returns a builder that has the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder that has what this policy has, to make one that differs in little. */
  public Builder newBuilder() {
    return new Builder(this);
  }

  /** The attempts of a call in all, 1 or more; 3 by default. */
  public int maxAttempts() {
    return maxAttempts;
  }

  /** The statuses that are retried, 429 aside; 502 and 503 by default. */
  public Set<Integer> statuses() {
    return statuses;
  }

  /** Whether the status is one of them, without an object for the number. */
  boolean retries(int status) {
    return statusBits.get(status);
  }

  /** The limit of the wait before the first retry; 25 ms by default. */
  public Duration baseBackoff() {
    return baseBackoff;
  }

  /** The limit of every wait that no server asked for; 1 s by default. */
  public Duration maxBackoff() {
    return maxBackoff;
  }

  /** The longest {@code Retry-After} that is waited for; 5 s by default. */
  public Duration maxRetryAfter() {
    return maxRetryAfter;
  }

  /** Whether there is a budget; true by default. */
  public boolean budgeted() {
    return budgeted;
  }

  /** The retries for each request of the last 10 s; 0.2 by default. */
  public double budgetRatio() {
    return budgetRatio;
  }

  /** The retries a second that are allowed beside the share; 1 by default. */
  public double budgetPerSecond() {
    return budgetPerSecond;
  }

  /**
   * The name of the header with an idempotency key; null, which is the default, if there is none.
   */
  public @Nullable String idempotencyHeader() {
    return idempotencyHeader;
  }

  /** Whether a refused HTTP/2 stream counts as not processed; true by default. */
  public boolean refusalsTrusted() {
    return refusalsTrusted;
  }

  /**
   * How soon after the beginning of a request its pooled connection breaks if the server had closed
   * that while it was idle; 100 ms by default.
   */
  public Duration staleWithin() {
    return staleWithin;
  }

  /**
   * The longest that an attempt may take until its response begins; zero, the default, is no limit.
   */
  public Duration attemptTimeout() {
    return attemptTimeout;
  }

  /** When a second attempt is made beside the first; null, which is the default, means never. */
  public @Nullable HedgePolicy hedge() {
    return hedge;
  }

  /**
   * Returns a copy of the statuses.
   *
   * @throws IllegalArgumentException if one is not 400 to 599
   */
  static Set<Integer> checkedStatuses(Collection<Integer> statuses) {
    for (int status : requireNonNull(statuses, "statuses")) {
      if (status < 400 || status > 599) {
        throw new IllegalArgumentException("statuses: " + status + " (expected: 400 to 599)");
      }
    }
    return Set.copyOf(statuses);
  }

  @Nullable BiPredicate<@Nullable Response, @Nullable IOException> retryIf() {
    return retryIf;
  }

  @Nullable Supplier<String> idempotencyKeys() {
    return idempotencyKeys;
  }

  /** Whether the attempts need calls of their own. */
  boolean nests() {
    return hedge != null || !attemptTimeout.isZero();
  }

  /** All options but the functions. */
  @Override
  public String toString() {
    return "RetryPolicy{maxAttempts="
        + maxAttempts
        + ", statuses="
        + statuses
        + ", baseBackoff="
        + baseBackoff
        + ", maxBackoff="
        + maxBackoff
        + ", maxRetryAfter="
        + maxRetryAfter
        + (budgeted
            ? ", budgetRatio=" + budgetRatio + ", budgetPerSecond=" + budgetPerSecond
            : ", no budget")
        + (idempotencyHeader == null ? "" : ", idempotencyKey=" + idempotencyHeader)
        + (refusalsTrusted ? "" : ", refusals not trusted")
        + (staleWithin.equals(DEFAULT_STALE_WITHIN) ? "" : ", staleWithin=" + staleWithin)
        + (attemptTimeout.isZero() ? "" : ", attemptTimeout=" + attemptTimeout)
        + (hedge == null ? "" : ", hedge=" + hedge)
        + "}";
  }

  /** Collects the options of a {@link RetryPolicy}; not thread-safe. */
  public static final class Builder {

    private static final int MOST_ATTEMPTS = 100;
    private static final Duration LONGEST = Duration.ofHours(1);
    private static final double HIGHEST_RATIO = 10;
    private static final double HIGHEST_PER_SECOND = 1_000_000;

    private int maxAttempts = DEFAULT_MAX_ATTEMPTS;
    private Set<Integer> statuses = DEFAULT_STATUSES;
    private Duration baseBackoff = DEFAULT_BASE_BACKOFF;
    private Duration maxBackoff = DEFAULT_MAX_BACKOFF;
    private Duration maxRetryAfter = DEFAULT_MAX_RETRY_AFTER;
    private boolean budgeted = true;
    private double budgetRatio = DEFAULT_BUDGET_RATIO;
    private double budgetPerSecond = DEFAULT_BUDGET_PER_SECOND;
    private @Nullable BiPredicate<@Nullable Response, @Nullable IOException> retryIf;
    private @Nullable String idempotencyHeader;
    private @Nullable Supplier<String> idempotencyKeys;
    private boolean refusalsTrusted = true;
    private Duration staleWithin = DEFAULT_STALE_WITHIN;
    private Duration attemptTimeout = Duration.ZERO;
    private @Nullable HedgePolicy hedge;

    private Builder() {}

    private Builder(RetryPolicy policy) {
      maxAttempts = policy.maxAttempts;
      statuses = policy.statuses;
      baseBackoff = policy.baseBackoff;
      maxBackoff = policy.maxBackoff;
      maxRetryAfter = policy.maxRetryAfter;
      budgeted = policy.budgeted;
      budgetRatio = policy.budgetRatio;
      budgetPerSecond = policy.budgetPerSecond;
      retryIf = policy.retryIf;
      idempotencyHeader = policy.idempotencyHeader;
      idempotencyKeys = policy.idempotencyKeys;
      refusalsTrusted = policy.refusalsTrusted;
      attemptTimeout = policy.attemptTimeout;
      hedge = policy.hedge;
      staleWithin = policy.staleWithin;
    }

    /**
     * Sets the attempts of a call in all; 1 means no retry, 3 is the default.
     *
     * @throws IllegalArgumentException if the number is not 1 to 100
     */
    public Builder maxAttempts(int maxAttempts) {
      if (maxAttempts < 1 || maxAttempts > MOST_ATTEMPTS) {
        throw new IllegalArgumentException(
            "maxAttempts: " + maxAttempts + " (expected: 1 to " + MOST_ATTEMPTS + ")");
      }
      this.maxAttempts = maxAttempts;
      return this;
    }

    /**
     * Sets the statuses that are retried, 502 and 503 by default. A status of this set also counts
     * as a failure of the server. 429 needs no mention: it is retried if it says when.
     *
     * @throws IllegalArgumentException if a status is not 400 to 599
     */
    public Builder statuses(Collection<Integer> statuses) {
      this.statuses = checkedStatuses(statuses);
      return this;
    }

    /**
     * Sets the limit of the wait before the first retry, which doubles with each further one; 25 ms
     * by default. Zero retries at once.
     *
     * @throws IllegalArgumentException if the duration is not zero to one hour
     */
    public Builder baseBackoff(Duration baseBackoff) {
      this.baseBackoff = checked("baseBackoff", baseBackoff);
      return this;
    }

    /**
     * Sets the limit of every wait that no server asked for; 1 s by default.
     *
     * @throws IllegalArgumentException if the duration is not zero to one hour
     */
    public Builder maxBackoff(Duration maxBackoff) {
      this.maxBackoff = checked("maxBackoff", maxBackoff);
      return this;
    }

    /**
     * Sets the longest {@code Retry-After} that is waited for; 5 s by default. A response that asks
     * for more is returned as it is.
     *
     * @throws IllegalArgumentException if the duration is not zero to one hour
     */
    public Builder maxRetryAfter(Duration maxRetryAfter) {
      this.maxRetryAfter = checked("maxRetryAfter", maxRetryAfter);
      return this;
    }

    /**
     * Sets the retries for each request of the last 10 seconds; 0.2 by default.
     *
     * @throws IllegalArgumentException if the ratio is not 0 to 10
     */
    public Builder budgetRatio(double ratio) {
      if (!(ratio >= 0 && ratio <= HIGHEST_RATIO)) {
        throw new IllegalArgumentException(
            "budgetRatio: " + ratio + " (expected: 0 to " + HIGHEST_RATIO + ")");
      }
      this.budgetRatio = ratio;
      this.budgeted = true;
      return this;
    }

    /**
     * Sets the retries a second that are allowed beside the share; 1 by default. They are counted
     * over 10 seconds, so that 1 allows 10 at once.
     *
     * @throws IllegalArgumentException if the number is not 0 to 1,000,000
     */
    public Builder budgetPerSecond(double retries) {
      if (!(retries >= 0 && retries <= HIGHEST_PER_SECOND)) {
        throw new IllegalArgumentException(
            "budgetPerSecond: " + retries + " (expected: 0 to " + HIGHEST_PER_SECOND + ")");
      }
      this.budgetPerSecond = retries;
      this.budgeted = true;
      return this;
    }

    /**
     * Sets what decides, in place of the statuses, 429 and any failure, whether an attempt is among
     * those to repeat. It gets the response, or else the exception, of an attempt that a server
     * answered or that failed on the way. It is not asked about a response from the cache or of
     * another host after a redirect, about an exception of the caller's own code, nor about a call
     * that was cancelled or timed out. All else that a retry needs is still needed.
     *
     * <p>It should be pure and fast, and safe from any thread. It may look into the body with
     * {@link Response#peekBody} alone. If it throws, that is logged, and the attempt is not
     * repeated. Whether an attempt counts as a failure of the server does not depend on it.
     */
    public Builder retryIf(BiPredicate<@Nullable Response, @Nullable IOException> predicate) {
      this.retryIf = requireNonNull(predicate, "predicate");
      return this;
    }

    /**
     * Says which header, such as {@code Idempotency-Key}, makes servers do a request once though it
     * may arrive twice. A request that has it is retried and hedged whatever its method.
     *
     * @throws IllegalArgumentException if the name is empty or has other characters than letters,
     *     digits and {@code !#$%&'*+-.^_`|~}
     */
    public Builder idempotencyKey(String header) {
      this.idempotencyHeader = HeaderName.checked("header", header);
      this.idempotencyKeys = null;
      return this;
    }

    /**
     * Does as {@link #idempotencyKey(String)}, and gives a key to a request that has none and whose
     * method is not idempotent. All attempts of a call have the same one.
     *
     * @param keys makes the keys, such as {@code () -> UUID.randomUUID().toString()}; safe from any
     *     thread. What it throws, the call throws.
     * @throws IllegalArgumentException as the other one does
     */
    public Builder idempotencyKey(String header, Supplier<String> keys) {
      idempotencyKey(header);
      this.idempotencyKeys = requireNonNull(keys, "keys");
      return this;
    }

    /**
     * Sets whether a server is believed that refuses an HTTP/2 stream ({@code REFUSED_STREAM}) or
     * says goodbye before it ({@code GOAWAY}); true by default. If it is, a request that is not
     * idempotent is sent again, since it was not processed (RFC 9113, section 8.7).
     *
     * <p>HAProxy refuses a stream also when the server behind it closed a reused connection without
     * an answer, although that server may have processed the request (HAProxy's issue 3414). Where
     * a request must by no means run twice and such a proxy speaks HTTP/2, set this to false: then
     * the caller gets the exception. OkHttp's exceptions do not tell the two cases apart.
     */
    public Builder refusalsTrusted(boolean trusted) {
      this.refusalsTrusted = trusted;
      return this;
    }

    /**
     * Sets, for experts, how soon after the beginning of a request its pooled connection breaks if
     * the server had closed that while it was idle; 100 ms by default. What breaks so soon is
     * nobody's fault, and is repeated at once and free of the budget if the request is idempotent;
     * what breaks later, or under the requests of other calls too, is a failure of the server,
     * which died at its work. Longer round trips than 100 ms need more; zero makes each a failure.
     *
     * @throws IllegalArgumentException if the duration is not zero to one hour
     */
    public Builder staleWithin(Duration time) {
      requireNonNull(time, "time");
      if (time.isNegative() || time.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            "staleWithin: " + time + " (expected: PT0S to " + LONGEST + ")");
      }
      this.staleWithin = time;
      return this;
    }

    /**
     * Sets the longest that an attempt may take from its start until the headers of the response
     * are there, however the bytes trickle in; zero, the default, is no limit. Then the attempt has
     * failed and may be repeated; its connection is lost with HTTP/1.1. The body is not covered,
     * since it could not be repeated: OkHttp's read timeout and the call's timeout are for that.
     * Each attempt becomes an OkHttp call of its own, with its own events for an {@code
     * EventListener}. A request with {@code Upgrade} is not covered.
     *
     * <p>What blocks in an attempt and cannot be made to stop, such as the lookup of a name, is
     * left behind when the time is over; only a request body that is being written is waited for,
     * since the next attempt would write it too. For that the attempt runs on a daemon thread, of
     * which all interceptors share at most 1,024; when all are taken, the thread of the call makes
     * it, and waits for what blocks. So interceptors behind this one, listeners, a {@code Dns}, an
     * {@code Authenticator} and a request body find the context class loader of the caller there,
     * but none of its thread-locals.
     *
     * @throws IllegalArgumentException if the duration is not zero, or 1 ms to one hour
     */
    public Builder attemptTimeout(Duration timeout) {
      requireNonNull(timeout, "timeout");
      if (!timeout.isZero()
          && (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(LONGEST) > 0)) {
        throw new IllegalArgumentException(
            "attemptTimeout: " + timeout + " (expected: PT0S, or PT0.001S to " + LONGEST + ")");
      }
      this.attemptTimeout = timeout;
      return this;
    }

    /** Sets when a second attempt is made while the first has no answer; by default never. */
    public Builder hedge(HedgePolicy hedge) {
      this.hedge = requireNonNull(hedge, "hedge");
      return this;
    }

    /** Makes no second attempt beside a slow one, as by default. */
    public Builder withoutHedge() {
      this.hedge = null;
      return this;
    }

    /** Turns the budget off: a service that fails gets every retry as load. */
    public Builder withoutBudget() {
      this.budgeted = false;
      return this;
    }

    /**
     * Returns the policy.
     *
     * @throws IllegalArgumentException if the base backoff is more than the maximum
     */
    public RetryPolicy build() {
      if (baseBackoff.compareTo(maxBackoff) > 0) {
        throw new IllegalArgumentException(
            "baseBackoff: " + baseBackoff + " (expected: <= maxBackoff, " + maxBackoff + ")");
      }
      return new RetryPolicy(this);
    }

    private static Duration checked(String name, Duration duration) {
      requireNonNull(duration, name);
      if (duration.isNegative() || duration.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            name + ": " + duration + " (expected: PT0S to " + LONGEST + ")");
      }
      return duration;
    }
  }
}
