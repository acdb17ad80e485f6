package io.evenload.okhttp;

import io.evenload.okhttp.CallListener.FailedAttempt;
import io.evenload.okhttp.CallListener.Refusal;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import okhttp3.Call;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides for one service whether an attempt is repeated, and when. */
final class Retries {

  private static final int TOO_MANY_REQUESTS = 429;

  /** Instead of a wait: the attempt is not repeated. */
  static final long NO = -1;

  private static final Logger logger =
      LoggerFactory.getLogger("io.evenload.okhttp.LoadBalancingInterceptor");

  private final String host;
  private final RetryPolicy policy;
  private final Timing timing;
  private final RetryBudget counted; // by any policy that this service has had
  private final @Nullable RetryBudget budget; // of what was counted; null if there is none
  private final Throttling refusals; // says what is refused for load
  private final CallListener listener;

  Retries(String host, RetryPolicy policy, Timing timing, CallListener listener) {
    this(
        host,
        policy,
        Throttling.defaults(),
        timing,
        listener,
        new RetryBudget(0, 0, timing.nanoTime()));
  }

  private Retries(
      String host,
      RetryPolicy policy,
      Throttling refusals,
      Timing timing,
      CallListener listener,
      RetryBudget last) {
    this.host = host;
    this.refusals = refusals;
    this.policy = policy;
    this.timing = timing;
    this.listener = listener;
    this.counted = last;
    this.budget =
        policy.budgeted() ? last.with(policy.budgetRatio(), policy.budgetPerSecond()) : null;
  }

  /**
   * Returns the retries of another policy, whose budget goes on from what was counted.
   *
   * @param refusals says what is refused for load; null for what says so by default
   */
  Retries with(RetryPolicy policy, @Nullable Throttling refusals) {
    Throttling known = refusals == null ? Throttling.defaults() : refusals;
    return new Retries(host, policy, known, timing, listener, counted);
  }

  RetryPolicy policy() {
    return policy;
  }

  /** Counts a call, of which the budget allows a share of retries. */
  void request() {
    if (budget != null) {
      budget.request();
    }
  }

  /** Takes a further attempt out of the budget, if there is one and the policy heeds it. */
  boolean tryRetry(RetryPolicy policy) {
    return tryRetry(policy, 1);
  }

  private boolean tryRetry(RetryPolicy policy, int retries) {
    return budget == null || !policy.budgeted() || budget.tryRetry(retries);
  }

  /** How many further attempts the budget has left; infinite without one. */
  double left() {
    return budget == null ? Double.POSITIVE_INFINITY : Math.max(0, budget.left());
  }

  /** Gives back what {@link #tryRetry} took, since the attempt is not made. */
  void giveBack(RetryPolicy policy) {
    giveBack(policy, 1);
  }

  private void giveBack(RetryPolicy policy, int retries) {
    if (budget != null && policy.budgeted()) {
      budget.giveBack(retries);
    }
  }

  /** Returns the request as all attempts send it, which leads back to them. */
  Request prepared(Request request, RetryPolicy policy, BalancedCall balanced) {
    Request.Builder builder = request.newBuilder().tag(Tags.HISTORY, balanced);
    String header = policy.idempotencyHeader();
    Supplier<String> keys = policy.idempotencyKeys();
    if (header != null && keys != null && !Repeatability.idempotent(request, policy)) {
      builder.header(header, balanced.idempotencyKey(keys));
    }
    return builder.build();
  }

  /**
   * Returns the nanoseconds to wait before the next attempt, or {@link #NO}. What is waited for is
   * told before; what is made at once is told by {@link #retriedAtOnce} when it has a server.
   *
   * @param number the attempts made so far
   * @param untried whether a server may be chosen that was not tried
   */
  long delayNanos(
      BalancedCall balanced,
      Request request,
      RetryPolicy policy,
      AttemptRecord tried,
      int number,
      BooleanSupplier untried) {
    if (!tried.verdict().retryable()) {
      return NO;
    }
    Duration asked = asked(balanced, tried, number, untried);
    boolean stale = tried.verdict().stale();
    long delay =
        stale
            ? 0
            : new Backoff(policy, timing.random()).nanos(number)
                + (asked == null ? 0 : asked.toNanos());
    Refusal refusal = refusal(balanced, request, policy, tried, number, asked, delay);
    tried.repeatCounts(refusals.refused(tried) ? RetryBudget.AFTER_REFUSAL : 1);
    if (refusal == null && !stale && !tryRetry(policy, tried.repeatCounts())) {
      refusal = Refusal.BUDGET_EXHAUSTED;
    }
    if (refusal != null) {
      refused(balanced.call(), policy, tried, number, refusal);
      return NO;
    }
    if (logger.isDebugEnabled()) {
      logger.debug(
          "{}: attempt {} of {} at {} failed ({}); next in {} ms",
          host,
          number,
          policy.maxAttempts(),
          tried.server().id(),
          tried.result(),
          delay / 1_000_000);
    }
    if (delay > 0) {
      retried(balanced.call(), tried, number, delay);
    }
    return delay;
  }

  /** Tells that the attempt is repeated without a wait. */
  void retriedAtOnce(Call call, AttemptRecord tried, int number) {
    retried(call, tried, number, 0);
  }

  private void retried(Call call, AttemptRecord tried, int number, long delayNanos) {
    listener.retried(
        new CallListener.Retried(failed(call, tried, number), Duration.ofNanos(delayNanos)));
  }

  /** Takes back what {@link #delayNanos} allowed, since the attempt is not made. */
  void notMade(RetryPolicy policy, AttemptRecord tried) {
    if (!tried.verdict().stale()) {
      giveBack(policy, tried.repeatCounts());
    }
  }

  /** Tells that the attempt is not repeated. */
  void refused(Call call, RetryPolicy policy, AttemptRecord tried, int number, Refusal refusal) {
    logger.debug(
        "{}: attempt {} of {} at {} failed ({}); not retried: {}",
        host,
        number,
        policy.maxAttempts(),
        tried.server().id(),
        tried.result(),
        refusal);
    listener.notRetried(new CallListener.NotRetried(failed(call, tried, number), refusal));
  }

  private static @Nullable Refusal refusal(
      BalancedCall balanced,
      Request request,
      RetryPolicy policy,
      AttemptRecord tried,
      int number,
      @Nullable Duration asked,
      long delay) {
    boolean bodyBegun = balanced.carrier().bodyStarted() || tried.carrier().bodyStarted();
    Refusal refusal = Repeatability.refusal(request, policy, tried.verdict(), bodyBegun);
    if (refusal != null) {
      return refusal;
    }
    if (number >= policy.maxAttempts()) {
      return Refusal.ATTEMPTS_EXHAUSTED;
    }
    if (asked != null && asked.compareTo(policy.maxRetryAfter()) > 0) {
      return Refusal.RETRY_AFTER_TOO_LONG;
    }
    if (delay >= balanced.remainingNanos()) {
      return Refusal.DEADLINE;
    }
    return tried.inVain() ? Refusal.THROTTLED : null;
  }

  /*
   * The Retry-After of a 503, or of whatever else is repeated, is about the server that sent it, which another one knows
   * nothing of, so it is kept with the attempt until there is nobody else to ask: a server that asks for a year is left
   * alone, and keeps nobody from the others. Once all were asked, the wait is for the one that asked for least, and goes to
   * one whose time is over (BalancedCall.spare). That of a 429 is about the caller, who has used up a share that is mostly
   * of all servers.
   */

  /** How long the call was asked to wait; null if it was not. */
  private @Nullable Duration asked(
      BalancedCall balanced, AttemptRecord tried, int number, BooleanSupplier untried) {
    Response response = tried.response();
    Duration asked =
        response == null
            ? null
            : RetryAfter.of(response.headers(), timing.epochMillis().getAsLong());
    if (asked == null || response == null || response.code() == TOO_MANY_REQUESTS) {
      return asked;
    }
    tried.askedToWait(balanced.now() + asked.toNanos());
    return untried.getAsBoolean() ? null : tried.shortestWait(number, balanced.now());
  }

  private FailedAttempt failed(Call call, AttemptRecord tried, int number) {
    return new FailedAttempt(host, call, tried.server(), number, tried.result(), tried.failure());
  }
}
