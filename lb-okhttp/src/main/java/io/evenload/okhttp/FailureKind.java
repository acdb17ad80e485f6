package io.evenload.okhttp;

import io.evenload.Outcome;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.UnknownServiceException;

/** What an attempt's exception tells: who is to blame, and whether the request was sent. */
enum FailureKind {

  /*
   * The signals were measured on OkHttp 5.5.1; its exceptions alone do not tell these cases apart.
   *
   * A connection of the pool that the server has closed meanwhile shows the same signs whether or not the server processed
   * the request, so such a request is replayed only if it is idempotent. The server is not blamed, and the replay is free,
   * if the connection had been idle and broke as soon as something was sent: one that breaks later, or under the
   * requests of others too, broke because the server died at its work. A reset of an HTTP/2
   * stream came over a live connection and is the server's word, except CANCEL, which OkHttp also says when it closed.
   *
   * What neither broke a connection nor an exchange was thrown by code of the caller's: a request body, an interceptor
   * behind ours, an authenticator.
   */

  /** The caller gave up, or the call's timeout did. */
  CANCELED(Outcome.CANCELLED),

  /** The way to the server failed before anything was sent. */
  NOT_SENT(Outcome.FAILURE),

  /** The server said that it refused the request before it processed any of it. */
  REFUSED(Outcome.FAILURE),

  /** OkHttp found the connection shut down before it sent anything. */
  SHUT_DOWN(Outcome.CANCELLED),

  /** A connection from the pool broke before the response began, perhaps long ago. */
  MAYBE_STALE(Outcome.CANCELLED),

  /** A proxy had given up waiting for a request on an idle connection, and said so with a 408. */
  IDLE_TOO_LONG(Outcome.CANCELLED),

  /** The request may have reached the server. */
  MAYBE_SENT(Outcome.FAILURE),

  /** The caller's own code, or the client's configuration, failed. */
  CALLER(Outcome.CANCELLED);

  private final Outcome outcome;

  FailureKind(Outcome outcome) {
    this.outcome = outcome;
  }

  /**
   * Returns the kind of an exception.
   *
   * @param staleNanos within what time after something was sent a connection breaks that was closed
   *     before
   */
  static FailureKind of(IOException failure, Observed seen, long staleNanos) {
    if (seen.interrupted()) {
      return CANCELED; // that closes the socket of a virtual thread, whose exceptions then tell
      // nothing
    }
    if (failure instanceof AttemptTimeoutException) {
      return seen.headersStarted() ? MAYBE_SENT : NOT_SENT; // its call was canceled for it
    }
    if (seen.canceled()) {
      return CANCELED;
    }
    if (seen.foundShutDown(failure)) {
      return SHUT_DOWN;
    }
    if (seen.refusedByServer(failure)) {
      return REFUSED;
    }
    if (seen.failedBeforeSending()) {
      return failure instanceof UnknownServiceException ? CALLER : NOT_SENT;
    }
    if (seen.foreign() || !seen.exchangeFailed()) {
      return CALLER;
    }
    boolean stale =
        seen.reusedConnection()
            && !seen.sharedConnection()
            && seen.brokeAfterNanos() < staleNanos
            && !seen.responseStarted()
            && !seen.resetByServer(failure)
            && !(failure instanceof InterruptedIOException);
    return stale ? MAYBE_STALE : MAYBE_SENT;
  }

  /** What the attempt says of the server. */
  Outcome outcome() {
    return outcome;
  }

  /** Whether the server certainly did nothing for the request, if it is believed. */
  boolean unprocessed() {
    return this == NOT_SENT || this == REFUSED || this == SHUT_DOWN;
  }

  /** Whether another attempt may go better. */
  boolean retryable() {
    return this != CANCELED && this != CALLER;
  }

  /** Whether the connection was to blame, so that the next attempt should have a fresh one. */
  boolean stale() {
    return this == MAYBE_STALE || this == SHUT_DOWN || this == IDLE_TOO_LONG;
  }
}
