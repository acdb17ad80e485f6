package io.evenload.okhttp;

import io.evenload.okhttp.CallListener.Refusal;
import java.util.Set;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;

/** Whether a request may be sent more than once, and after what. */
final class Repeatability {

  private static final Set<String> IDEMPOTENT =
      Set.of("GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PUT", "DELETE");

  private Repeatability() {}

  /**
   * Returns why the request must not be sent again; null if it may.
   *
   * @param tried what the last attempt came to
   * @param bodyBegun whether the body was begun in that attempt or in one before it
   */
  static @Nullable Refusal refusal(
      Request request, RetryPolicy policy, Verdict tried, boolean bodyBegun) {
    boolean unprocessed =
        tried.unprocessed(policy)
            || (tried.unprocessedWithoutBody() && request.body() != null && !bodyBegun);
    if (!unprocessed && !idempotent(request, policy)) {
      return Refusal.NOT_IDEMPOTENT;
    }
    return bodyBegun && bodyOnce(request) ? Refusal.BODY_NOT_REPEATABLE : null;
  }

  /** Whether the request may be sent twice at once. */
  static boolean atOnce(Request request, RetryPolicy policy) {
    return idempotent(request, policy) && !bodyOnce(request);
  }

  /** Whether it makes no difference how often the server processes the request. */
  static boolean idempotent(Request request, RetryPolicy policy) {
    String header = policy.idempotencyHeader();
    return IDEMPOTENT.contains(request.method())
        || (header != null && request.header(header) != null);
  }

  private static boolean bodyOnce(Request request) {
    RequestBody body = request.body();
    return body != null && (body.isOneShot() || body.isDuplex());
  }
}
