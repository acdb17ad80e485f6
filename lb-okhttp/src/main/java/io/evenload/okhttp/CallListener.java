package io.evenload.okhttp;

import io.evenload.LoadBalancerListener;
import io.evenload.Server;
import java.io.IOException;
import java.time.Duration;
import okhttp3.Call;
import org.jspecify.annotations.Nullable;

/**
 * What is told of the calls that an interceptor balances. All methods do nothing by default. They
 * run on the thread of the call unless they say otherwise, so they should be fast. What a listener
 * throws is contained and logged.
 *
 * <p>How each attempt ended is told by {@link LoadBalancerListener#attemptEnded}.
 */
public interface CallListener {

  /**
   * An interceptor that tells this listener was built; told before all else, on the thread that
   * builds it.
   */
  default void addedTo(LoadBalancingInterceptor interceptor) {}

  /**
   * A call got its response, whose body is still to come, or failed. Told once for each call and
   * each service that it came to, since a redirect may lead to another one; also if no attempt was
   * made.
   *
   * @param host the service's host
   * @param last the attempt that the response or the failure is of; null if none was made
   * @param failure what the call fails with; null if there is a response. A timeout of the call is
   *     a {@link java.io.InterruptedIOException}, while a call that was cancelled fails otherwise
   * @param tookNanos since the call came to the balancer
   */
  default void ended(
      String host,
      Call call,
      @Nullable CallAttempt last,
      @Nullable Throwable failure,
      long tookNanos) {}

  /**
   * An attempt failed and is repeated.
   *
   * @param delay how long the call waits before
   */
  default void retried(FailedAttempt attempt, Duration delay) {}

  /** An attempt failed in a way that is retried, but this one is not. */
  default void notRetried(FailedAttempt attempt, Refusal refusal) {}

  /**
   * An attempt has no answer yet, and a second one begins at another server. On a thread of its
   * own.
   *
   * @param host the service's host
   * @param slow the server of the first attempt
   * @param second that of the second
   */
  default void hedged(String host, Call call, Server slow, Server second) {}

  /** An attempt has no answer when a second one is due, but that is not made. */
  default void notHedged(String host, Call call, Server slow, Refusal refusal) {}

  /**
   * A request went to another server than the chosen one. That is a fault of this library with the
   * OkHttp at hand; from now on the interceptor retries in a slower way that cannot misroute.
   *
   * @param host the service's host
   * @param expected the chosen server
   * @param actual where the request was sent, or would have been
   */
  default void misrouted(String host, Server expected, String actual) {}

  /**
   * An attempt that failed.
   *
   * @param host the service's host
   * @param call the call
   * @param server the server that was tried
   * @param number 1 for the first attempt of the call
   * @param reason what happened, of few different values: a status such as {@code 503}, or the
   *     simple name of the exception's class
   * @param failure the exception; null if the server answered
   */
  record FailedAttempt(
      String host,
      Call call,
      Server server,
      int number,
      String reason,
      @Nullable IOException failure) {}

  /** Why an attempt is not repeated or hedged. */
  enum Refusal {
    /** All attempts of the policy were made. */
    ATTEMPTS_EXHAUSTED,
    /** The method is not idempotent and the request may have been processed. */
    NOT_IDEMPOTENT,
    /** The request body was begun and cannot be sent twice. */
    BODY_NOT_REPEATABLE,
    /** The wait does not fit in what is left of the call's timeout. */
    DEADLINE,
    /** The server asks for a longer wait than the policy allows. */
    RETRY_AFTER_TOO_LONG,
    /** The service made too many retries and hedges lately. */
    BUDGET_EXHAUSTED,
    /** The balancer had no server, or for a hedge no other one, for another attempt. */
    NO_SERVER,
    /** All threads for second attempts are taken. */
    NO_THREAD
  }
}
