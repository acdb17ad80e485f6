package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Outcome;
import io.evenload.okhttp.CallListener.Refusal;
import java.io.IOException;
import java.util.List;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whether a request may be sent again, by what it is and what came of the last attempt. */
final class RepeatabilityTest {

  private static final RetryPolicy DEFAULTS = RetryPolicy.defaults();
  private static final RetryPolicy KEYED =
      RetryPolicy.builder().idempotencyKey("Idempotency-Key").build();
  private static final RetryPolicy DISTRUSTING =
      RetryPolicy.builder().refusalsTrusted(false).build();

  private static final RequestBody TEXT = RequestBody.create("x", null);
  private static final RequestBody ONE_SHOT = body(true, false);
  private static final RequestBody DUPLEX = body(false, true);
  private static final Verdict STATUS = Verdict.answered(Outcome.FAILURE, true);
  private static final boolean BEGUN = true;
  private static final boolean UNTOUCHED = false;

  static List<Arguments> attempts() {
    return List.of(
        // An idempotent request may be sent again, whatever came of it.
        row(request("GET", null), DEFAULTS, STATUS, UNTOUCHED, null),
        row(request("DELETE", null), DEFAULTS, of(FailureKind.MAYBE_SENT), UNTOUCHED, null),
        row(request("PUT", TEXT), DEFAULTS, of(FailureKind.MAYBE_STALE), BEGUN, null),
        row(request("QUERY", TEXT), DEFAULTS, of(FailureKind.MAYBE_SENT), BEGUN, null),
        // Another only if it was certainly not processed.
        row(request("POST", TEXT), DEFAULTS, STATUS, BEGUN, Refusal.NOT_IDEMPOTENT),
        row(
            request("POST", TEXT),
            DEFAULTS,
            of(FailureKind.MAYBE_SENT),
            BEGUN,
            Refusal.NOT_IDEMPOTENT),
        row(
            request("POST", TEXT),
            DEFAULTS,
            of(FailureKind.MAYBE_STALE),
            UNTOUCHED,
            Refusal.NOT_IDEMPOTENT),
        row(request("POST", TEXT), DEFAULTS, of(FailureKind.NOT_SENT), UNTOUCHED, null),
        row(request("POST", TEXT), DEFAULTS, of(FailureKind.SHUT_DOWN), UNTOUCHED, null),
        row(request("POST", TEXT), DEFAULTS, of(FailureKind.REFUSED), BEGUN, null),
        row(
            request("POST", TEXT),
            DISTRUSTING,
            of(FailureKind.REFUSED),
            BEGUN,
            Refusal.NOT_IDEMPOTENT),
        row(request("POST", TEXT), DISTRUSTING, of(FailureKind.NOT_SENT), UNTOUCHED, null),
        // A key makes it idempotent, if the policy knows it as one.
        row(keyed("POST", TEXT), KEYED, STATUS, BEGUN, null),
        row(request("POST", TEXT), KEYED, STATUS, BEGUN, Refusal.NOT_IDEMPOTENT),
        row(keyed("POST", TEXT), DEFAULTS, STATUS, BEGUN, Refusal.NOT_IDEMPOTENT),
        // What a body cannot give twice is sent once.
        row(request("PUT", ONE_SHOT), DEFAULTS, STATUS, BEGUN, Refusal.BODY_NOT_REPEATABLE),
        row(request("PUT", DUPLEX), DEFAULTS, STATUS, BEGUN, Refusal.BODY_NOT_REPEATABLE),
        row(request("PUT", ONE_SHOT), DEFAULTS, of(FailureKind.NOT_SENT), UNTOUCHED, null),
        row(
            request("POST", ONE_SHOT),
            DEFAULTS,
            of(FailureKind.REFUSED),
            BEGUN,
            Refusal.BODY_NOT_REPEATABLE));
  }

  @ParameterizedTest
  @MethodSource("attempts")
  void refusal(
      Request request,
      RetryPolicy policy,
      Verdict tried,
      boolean bodyBegun,
      @Nullable Refusal expected) {
    assertThat(Repeatability.refusal(request, policy, tried, bodyBegun)).isEqualTo(expected);
  }

  static List<Arguments> hedges() {
    return List.of(
        Arguments.of(request("GET", null), DEFAULTS, true),
        Arguments.of(request("PUT", TEXT), DEFAULTS, true),
        Arguments.of(request("PUT", ONE_SHOT), DEFAULTS, false),
        Arguments.of(request("PUT", DUPLEX), DEFAULTS, false),
        Arguments.of(request("POST", TEXT), DEFAULTS, false),
        Arguments.of(keyed("POST", TEXT), KEYED, true),
        Arguments.of(keyed("POST", ONE_SHOT), KEYED, false));
  }

  @ParameterizedTest
  @MethodSource("hedges")
  void atOnce(Request request, RetryPolicy policy, boolean expected) {
    assertThat(Repeatability.atOnce(request, policy)).isEqualTo(expected);
  }

  private static Arguments row(
      Request request,
      RetryPolicy policy,
      Verdict tried,
      boolean bodyBegun,
      @Nullable Refusal expected) {
    return Arguments.of(request, policy, tried, bodyBegun, expected);
  }

  private static Verdict of(FailureKind kind) {
    return Verdict.failed(kind, kind.outcome(new IOException()), kind.retryable());
  }

  private static Request request(String method, @Nullable RequestBody body) {
    return new Request.Builder().url("http://orders/").method(method, body).build();
  }

  private static Request keyed(String method, RequestBody body) {
    return request(method, body).newBuilder().header("Idempotency-Key", "k").build();
  }

  private static RequestBody body(boolean oneShot, boolean duplex) {
    return new RequestBody() {
      @Override
      public @Nullable MediaType contentType() {
        return null;
      }

      @Override
      public boolean isOneShot() {
        return oneShot;
      }

      @Override
      public boolean isDuplex() {
        return duplex;
      }

      @Override
      public void writeTo(BufferedSink sink) {}
    };
  }
}
