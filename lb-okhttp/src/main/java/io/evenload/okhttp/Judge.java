package io.evenload.okhttp;

import io.evenload.Outcome;
import io.evenload.Server;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Judges the attempts of one service: what each says of its server, and whether another one may go
 * better. Immutable and thread-safe.
 */
final class Judge {

  /*
   * There is one judge for all attempts, whichever call carries them. It goes by what was observed and by nothing else,
   * keeps nothing, and starts nothing, so that a table can test it. Three things are asked of it, each at its time:
   *
   *   answered  when the headers of a response are there
   *   failed    when there is an exception in its place: who is to blame is FailureKind's to tell
   *   ended     when the call is over that gave a response out, whose body may have failed since
   *
   * Whether what it calls retryable is in fact repeated depends on the request, the time and the budget: see
   * Repeatability and Retries. What the headers of a response hint at is read if the verdict says that it is the server's.
   */

  /** The fastest servers say this most often, and it is not their fault. */
  private static final int TOO_MANY_REQUESTS = 429;

  /** A proxy says so of a connection that was idle too long, before it closes it. */
  private static final int REQUEST_TIMEOUT = 408;

  private final @Nullable IntPredicate failureStatuses;
  private final RetryPolicy service;
  private final RateLimitedLog log;

  /**
   * Creates the judge.
   *
   * @param failureStatuses which statuses are failures by the user; null for 500 and more, and what
   *     the service retries
   * @param service the policy of the service, whatever a request has as its own
   */
  Judge(@Nullable IntPredicate failureStatuses, RetryPolicy service, RateLimitedLog log) {
    this.failureStatuses = failureStatuses;
    this.service = service;
    this.log = log;
  }

  /**
   * The server, or whoever was asked in its place, answered.
   *
   * @param policy the call's
   */
  Verdict answered(Response response, Observed seen, RetryPolicy policy, Server server) {
    if (response.networkResponse() == null || seen.misrouted()) {
      return Verdict.NOT_ASKED;
    }
    if (seen.foreign()) {
      return Verdict.REDIRECTED;
    }
    if (isForTheConnection(response, seen)) {
      return Verdict.failed(
          FailureKind.IDLE_TOO_LONG,
          Outcome.CANCELLED,
          policy.retryIf() == null || asked(policy.retryIf(), response, null, server));
    }
    int status = response.code();
    boolean retryable =
        policy.retryIf() != null
            ? asked(policy.retryIf(), response, null, server)
            : policy.retries(status)
                || (status == TOO_MANY_REQUESTS && RetryAfter.isIn(response.headers()));
    return Verdict.answered(outcome(status), retryable);
  }

  /**
   * Whether the response is not to this request, but says that nothing came for long over the
   * connection, which it closes. It was sent before the request arrived.
   */
  private static boolean isForTheConnection(Response response, Observed seen) {
    return response.code() == REQUEST_TIMEOUT
        && seen.reusedConnection()
        && response.priorResponse() == null
        && "close".equalsIgnoreCase(response.header("Connection"));
  }

  /**
   * The attempt ended with an exception.
   *
   * @param policy the call's
   */
  Verdict failed(IOException failure, Observed seen, RetryPolicy policy, Server server) {
    FailureKind kind = FailureKind.of(failure, seen, policy.staleWithin().toNanos());
    boolean retryable =
        kind.retryable()
            && (policy.retryIf() == null || asked(policy.retryIf(), null, failure, server));
    boolean blameless =
        seen.misrouted() || (failure instanceof AttemptTimeoutException && seen.starved());
    return Verdict.failed(kind, blameless ? Outcome.CANCELLED : kind.outcome(failure), retryable);
  }

  /**
   * The response was closed.
   *
   * @param judged what the attempt was judged to be by its headers
   * @return what it says of the server in the end
   */
  static Outcome closed(Outcome judged, Observed seen) {
    // Whether the rest of a body would have come nobody knows. A caller who reads none of it wants
    // none.
    return judged == Outcome.SUCCESS && seen.leftEarly() ? Outcome.CANCELLED : judged;
  }

  /**
   * The call is over that gave the attempt's response out, or was canceled before.
   *
   * @param failure how the call failed; null if it did not
   * @return what the end says of the server; null if no more than the verdict did
   */
  static @Nullable Outcome ended(@Nullable IOException failure, Observed seen) {
    if (failure == null || seen.misrouted() || seen.foreign()) {
      return null;
    }
    if (seen.interrupted()) {
      return Outcome.CANCELLED;
    }
    if (seen.canceled()) {
      if (!timedOut(failure) || seen.starved()) {
        return Outcome.CANCELLED;
      }
      if (!seen.responseStarted()) {
        return Outcome.ABANDONED;
      }
      // Once the response has begun, the time may as well have been the caller's, unless its body
      // stalls.
      return seen.stalled() ? Outcome.FAILURE : Outcome.CANCELLED;
    }
    // After an upgrade an exchange fails when either side hangs up, be it after a goodbye or not.
    return seen.exchangeFailed() && !seen.upgraded() ? Outcome.FAILURE : null;
  }

  /** Whether a canceled call was canceled by its own timeout, and not by the caller. */
  private static boolean timedOut(IOException failure) {
    return failure.getClass() == InterruptedIOException.class;
  }

  /** What a status says of the server. */
  Outcome outcome(int status) {
    if (failed(status)) {
      return Outcome.FAILURE;
    }
    return status == TOO_MANY_REQUESTS ? Outcome.CANCELLED : Outcome.SUCCESS;
  }

  private boolean failed(int status) {
    try {
      if (failureStatuses != null) {
        return failureStatuses.test(status);
      }
    } catch (RuntimeException e) {
      log.warn("failureStatuses threw; the default decides", e);
    }
    return status != TOO_MANY_REQUESTS && (status >= 500 || service.retries(status));
  }

  private boolean asked(
      BiPredicate<@Nullable Response, @Nullable IOException> retryIf,
      @Nullable Response response,
      @Nullable IOException failure,
      Server server) {
    try {
      return retryIf.test(response, failure);
    } catch (RuntimeException e) {
      log.warn(server.id() + ": retryIf threw; the attempt is not repeated", e);
      return false;
    }
  }
}
