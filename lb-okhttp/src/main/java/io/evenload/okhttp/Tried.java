package io.evenload.okhttp;

import io.evenload.Outcome;
import io.evenload.Server;
import java.io.IOException;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * What came of one attempt.
 *
 * @param server the server that was chosen
 * @param outcome what it says of the server
 * @param response the response, whose body is open; null if there was an exception
 * @param failure the exception; null if there was a response
 * @param kind the kind of the exception; null if there was a response
 * @param fromServer whether the chosen server answered, rather than the cache, the host that it
 *     redirected to, or another server
 */
record Tried(
    Server server,
    Outcome outcome,
    @Nullable Response response,
    @Nullable IOException failure,
    @Nullable FailureKind kind,
    boolean fromServer) {

  /** The fastest servers say this most often, and it is not their fault. */
  private static final int TOO_MANY_REQUESTS = 429;

  static Tried answered(Server server, Response response, AttemptTrace trace, RetryPolicy policy) {
    int status = response.code();
    boolean network = response.networkResponse() != null && trace.misroutedTo() == null;
    Outcome outcome;
    if (!network) {
      outcome = Outcome.CANCELLED;
    } else if (trace.foreign()) {
      outcome = Outcome.SUCCESS; // the server did answer, with a redirect
    } else if (status == TOO_MANY_REQUESTS) {
      outcome = Outcome.CANCELLED;
    } else {
      boolean failed = status >= 500 || policy.statuses().contains(status);
      outcome = failed ? Outcome.FAILURE : Outcome.SUCCESS;
    }
    return new Tried(server, outcome, response, null, null, network && !trace.foreign());
  }

  static Tried failed(Server server, IOException failure, FailureKind kind, AttemptTrace trace) {
    Outcome outcome = trace.misroutedTo() == null ? kind.outcome() : Outcome.CANCELLED;
    return new Tried(server, outcome, null, failure, kind, false);
  }

  /** Whether it is among what the policy retries. */
  boolean retryable(RetryPolicy policy) {
    if (kind != null) {
      return kind.retryable();
    }
    if (response == null || !fromServer) {
      return false;
    }
    int status = response.code();
    return policy.statuses().contains(status)
        || (status == TOO_MANY_REQUESTS && response.header(RetryAfter.NAME) != null);
  }

  /** The status, or the simple name of the exception's class. */
  String reason() {
    return response != null
        ? Integer.toString(response.code())
        : failure != null ? failure.getClass().getSimpleName() : "";
  }
}
