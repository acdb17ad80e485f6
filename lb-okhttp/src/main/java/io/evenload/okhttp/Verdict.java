package io.evenload.okhttp;

import io.evenload.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * What an attempt came to, by its {@link Judge}. Immutable; a plain success makes no object.
 *
 * @param outcome what it says of the server
 * @param retryable whether it is among what the policy retries
 * @param fromServer whether the server itself answered, so that its headers are believed
 * @param failure the kind of its exception; null if there was a response, unless that was for
 *     another request than this one
 */
record Verdict(
    Outcome outcome, boolean retryable, boolean fromServer, @Nullable FailureKind failure) {

  /** Nothing is known of it: it still runs, was given up, or broke as nobody expects. */
  static final Verdict NONE = new Verdict(Outcome.CANCELLED, false, false, null);

  /** The cache answered, or another server than the chosen one, which says nothing of that one. */
  static final Verdict NOT_ASKED = NONE;

  /** The server answered with a redirect that led elsewhere. */
  static final Verdict REDIRECTED = new Verdict(Outcome.SUCCESS, false, false, null);

  private static final Verdict SERVED = new Verdict(Outcome.SUCCESS, false, true, null);

  /** The server itself answered. */
  static Verdict answered(Outcome outcome, boolean retryable) {
    return outcome == Outcome.SUCCESS && !retryable
        ? SERVED
        : new Verdict(outcome, retryable, true, null);
  }

  /** There was no response. */
  static Verdict failed(FailureKind failure, Outcome outcome, boolean retryable) {
    return new Verdict(outcome, retryable, false, failure);
  }

  /** Whether the caller gave up, or was made to. */
  boolean canceled() {
    return failure == FailureKind.CANCELED;
  }

  /** Whether the connection was to blame, so that the next attempt should have a fresh one. */
  boolean stale() {
    return failure != null && failure.stale();
  }

  /** Whether the request's body decides whether it was processed: not without it. */
  boolean unprocessedWithoutBody() {
    return failure == FailureKind.IDLE_TOO_LONG;
  }

  /** Whether the server did nothing for the request, as far as the policy believes it. */
  boolean unprocessed(RetryPolicy policy) {
    return failure != null
        && failure.unprocessed()
        && (failure != FailureKind.REFUSED || policy.refusalsTrusted());
  }
}
