package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.okhttp.CallAttempt.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import okhttp3.Call;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RetriesTest {

  private static final Judge JUDGE =
      new Judge(null, RetryPolicy.defaults(), new RateLimitedLog(System::nanoTime));

  private static final Server SERVER = Server.of("10.0.0.1", 80);
  private static final long LIMIT = RetryPolicy.DEFAULT_BASE_BACKOFF.toNanos();

  @SuppressWarnings("UnnecessaryLambda") // one name for it everywhere
  private static final BooleanSupplier NONE_LEFT = () -> false;

  private final VirtualTiming time = new VirtualTiming();
  private final List<String> told = new ArrayList<>();
  private final OkHttpClient client = new OkHttpClient();

  @ParameterizedTest
  @ValueSource(ints = {502, 503})
  void delayNanos_retriedStatus_isTheBackoff(int status) {
    assertThat(decide(get(), answered(status), 1)).isBetween(0L, LIMIT);
    assertThat(told).singleElement().asString().startsWith("retried 1 " + status + " after ");
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 302, 404, 429, 500, 504})
  void delayNanos_otherStatus_isNo(int status) {
    assertThat(decide(get(), answered(status), 1)).isEqualTo(Retries.NO);
    assertThat(told).isEmpty();
  }

  @Test
  void delayNanos_statusNotFromTheServer_isNo() {
    AttemptRecord cached = attempt();
    cached.answered(response(503), JUDGE, RetryPolicy.defaults(), 0);
    assertThat(decide(get(), cached, 1)).isEqualTo(Retries.NO);
    assertThat(cached.verdict().outcome()).isEqualTo(Outcome.CANCELLED);
  }

  @Test
  void delayNanos_tooManyRequestsThatSayWhen_isRetried() {
    AttemptRecord tried = answered(429, "Retry-After", "2");
    assertThat(decide(get(), tried, 1)).isBetween(seconds(2), seconds(2) + LIMIT);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "1.5", "soon"})
  void delayNanos_tooManyRequestsThatSayNothingReadable_isNo(String value) {
    assertThat(decide(get(), answered(429, "Retry-After", value), 1)).isEqualTo(Retries.NO);
    assertThat(told).isEmpty();
  }

  @Test
  void delayNanos_retryAfterAsDate_isMeasured() {
    AttemptRecord tried = answered(503, "Retry-After", "Tue, 14 Nov 2023 22:13:23 GMT");
    assertThat(time.epochMillis()).as("22:13:20").isEqualTo(1_700_000_000_000L);
    assertThat(decide(get(), tried, 1)).isBetween(seconds(3), seconds(3) + LIMIT);
  }

  @Test
  void delayNanos_unavailableAndAnotherServerLeft_isTheBackoff() {
    AttemptRecord tried = answered(503, "Retry-After", "60");
    assertThat(decide(get(), tried, 1, () -> true)).isBetween(0L, LIMIT);
  }

  @Test
  void delayNanos_tooManyRequestsAndAnotherServerLeft_bindsTheCall() {
    AttemptRecord tried = answered(429, "Retry-After", "2");
    assertThat(decide(get(), tried, 1, () -> true)).isBetween(seconds(2), seconds(2) + LIMIT);
  }

  @Test
  void delayNanos_allUnavailable_isTheShortestTheyAskedFor() {
    AttemptRecord first = answered(null, Server.of("10.0.0.1", 80), 503, "Retry-After", "3");
    assertThat(decide(get(), first, 1, () -> true)).isBetween(0L, LIMIT);
    time.advance(Duration.ofSeconds(1));
    AttemptRecord second = answered(first, Server.of("10.0.0.2", 80), 503, "Retry-After", "60");
    assertThat(decide(get(), second, 2)).isBetween(seconds(2), seconds(2) + 2 * LIMIT);
  }

  @Test
  void delayNanos_oneServerTwice_isWhatItAskedForLast() {
    AttemptRecord first = answered(null, SERVER, 503, "Retry-After", "1");
    assertThat(decide(get(), first, 1)).isBetween(seconds(1), seconds(1) + LIMIT);
    time.advance(Duration.ofSeconds(2));
    AttemptRecord second = answered(first, SERVER, 503, "Retry-After", "2");
    assertThat(decide(get(), second, 2)).isBetween(seconds(2), seconds(2) + 2 * LIMIT);
  }

  @Test
  void delayNanos_oneOfTheServersSaidNothing_isTheBackoff() {
    AttemptRecord first = answered(null, Server.of("10.0.0.1", 80), 502);
    AttemptRecord second = answered(first, Server.of("10.0.0.2", 80), 503, "Retry-After", "60");
    assertThat(decide(get(), second, 2)).isBetween(0L, 2 * LIMIT);
  }

  @Test
  void delayNanos_retryAfterOverTheCap_isRefused() {
    assertThat(decide(get(), answered(503, "Retry-After", "6"), 1)).isEqualTo(Retries.NO);
    assertThat(told).containsExactly("notRetried 1 503 RETRY_AFTER_TOO_LONG");
  }

  @Test
  void delayNanos_retryAfterOverTheDeadline_isRefused() {
    Call call = client.newCall(get());
    call.timeout().timeout(2, TimeUnit.SECONDS);
    assertThat(decide(call, answered(503, "Retry-After", "2"), 1)).isEqualTo(Retries.NO);
    assertThat(told).containsExactly("notRetried 1 503 DEADLINE");
  }

  @Test
  void delayNanos_deadlineUsedUp_isRefused() {
    Call call = client.newCall(get());
    call.timeout().timeout(2, TimeUnit.SECONDS);
    BalancedCall balanced = balanced(call);
    assertThat(balanced.remainingNanos()).isEqualTo(seconds(2));
    time.advance(Duration.ofMillis(1500));
    assertThat(balanced.remainingNanos()).isEqualTo(seconds(2) / 4);
    call.timeout().deadlineNanoTime(time.nanos() + 7);
    assertThat(balanced.remainingNanos()).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
  void delayNanos_idempotentMethod_isRetried(String method) {
    RequestBody body = method.equals("PUT") ? RequestBody.create("x", null) : null;
    assertThat(decide(request(method, body), answered(503), 1, NONE_LEFT)).isNotEqualTo(Retries.NO);
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PATCH"})
  void delayNanos_otherMethod_isRetriedOnlyIfUnprocessed(String method) {
    Request request = request(method, RequestBody.create("x", null));
    assertThat(decide(request, answered(503), 1, NONE_LEFT)).isEqualTo(Retries.NO);
    assertThat(told).containsExactly("notRetried 1 503 NOT_IDEMPOTENT");
    assertThat(decide(request, failed(FailureKind.MAYBE_SENT), 1)).isEqualTo(Retries.NO);
    assertThat(decide(request, failed(FailureKind.MAYBE_STALE), 1, NONE_LEFT))
        .isEqualTo(Retries.NO);
    assertThat(decide(request, failed(FailureKind.NOT_SENT), 1)).isNotEqualTo(Retries.NO);
    assertThat(decide(request, failed(FailureKind.REFUSED), 1)).isNotEqualTo(Retries.NO);
    assertThat(decide(request, failed(FailureKind.SHUT_DOWN), 1)).isNotEqualTo(Retries.NO);
  }

  @ParameterizedTest
  @EnumSource(
      value = FailureKind.class,
      names = {"CANCELED", "CALLER"})
  void delayNanos_callersFault_isNo(FailureKind kind) {
    assertThat(decide(get(), failed(kind), 1, NONE_LEFT)).isEqualTo(Retries.NO);
    assertThat(told).isEmpty();
  }

  @Test
  void delayNanos_oneShotBody_isRetriedOnlyIfNotBegun() {
    Call call = client.newCall(request("PUT", oneShot()));
    BalancedCall balanced = balanced(call);
    Retries retries = retries(RetryPolicy.defaults());
    AttemptRecord refused = failed(FailureKind.NOT_SENT);
    assertThat(
            retries.delayNanos(balanced, call.request(), retries.policy(), refused, 1, NONE_LEFT))
        .isNotEqualTo(Retries.NO);
    balanced.carrier().requestBodyStart(call);
    assertThat(
            retries.delayNanos(balanced, call.request(), retries.policy(), refused, 1, NONE_LEFT))
        .isEqualTo(Retries.NO);
    assertThat(told).last().isEqualTo("notRetried 1 IOException BODY_NOT_REPEATABLE");
  }

  @Test
  void delayNanos_lastAttempt_isRefused() {
    assertThat(decide(get(), answered(503), 3)).isEqualTo(Retries.NO);
    assertThat(told).containsExactly("notRetried 3 503 ATTEMPTS_EXHAUSTED");
  }

  @Test
  void delayNanos_budgetUsedUp_isRefused() {
    Call call = client.newCall(get());
    Retries retries = retries(RetryPolicy.builder().budgetPerSecond(0.1).budgetRatio(0.5).build());
    retries.request();
    retries.request();
    for (int i = 0; i < 2; i++) {
      assertThat(
              retries.delayNanos(
                  balanced(call), get(), retries.policy(), answered(503), 1, NONE_LEFT))
          .isNotEqualTo(Retries.NO);
    }
    assertThat(
            retries.delayNanos(
                balanced(call), get(), retries.policy(), answered(503), 1, NONE_LEFT))
        .isEqualTo(Retries.NO);
    assertThat(told).last().isEqualTo("notRetried 1 503 BUDGET_EXHAUSTED");
  }

  /** It says that there is too much load, to which the retry adds. */
  @Test
  void delayNanos_refusedForLoad_countsAsTwoInTheBudget() {
    Call call = client.newCall(get());
    Retries retries = retries(RetryPolicy.builder().budgetPerSecond(0.2).budgetRatio(0).build());
    AttemptRecord refused = answered(503, "Retry-After", "0");
    assertThat(retries.left()).isEqualTo(2);

    long delay = retries.delayNanos(balanced(call), get(), retries.policy(), refused, 1, NONE_LEFT);

    assertThat(delay).isNotEqualTo(Retries.NO);
    assertThat(retries.left()).isZero();
    retries.notMade(retries.policy(), refused);
    assertThat(retries.left()).isEqualTo(2);
  }

  @Test
  void delayNanos_staleConnection_isFreeAndAtOnce() {
    Call call = client.newCall(get());
    Retries retries = retries(RetryPolicy.builder().budgetPerSecond(0).budgetRatio(0).build());
    assertThat(
            retries.delayNanos(
                balanced(call),
                get(),
                retries.policy(),
                failed(FailureKind.MAYBE_STALE),
                1,
                NONE_LEFT))
        .isZero();
  }

  @Test
  void delayNanos_none_neverRetries() {
    Call call = client.newCall(get());
    Retries retries = retries(RetryPolicy.none());
    retries.request();
    for (FailureKind kind : FailureKind.values()) {
      assertThat(
              retries.delayNanos(
                  balanced(call), get(), retries.policy(), failed(kind), 1, NONE_LEFT))
          .isEqualTo(Retries.NO);
    }
  }

  private long decide(Request request, AttemptRecord tried, int number) {
    return decide(client.newCall(request), tried, number);
  }

  private long decide(Request request, AttemptRecord tried, int number, BooleanSupplier untried) {
    Call call = client.newCall(request);
    RetryPolicy policy = RetryPolicy.defaults();
    return retries(policy).delayNanos(balanced(call), request, policy, tried, number, untried);
  }

  private long decide(Call call, AttemptRecord tried, int number) {
    RetryPolicy policy = RetryPolicy.defaults();
    return retries(policy)
        .delayNanos(balanced(call), call.request(), policy, tried, number, NONE_LEFT);
  }

  private BalancedCall balanced(Call call) {
    return requireNonNull(BalancedCall.of(call, time.timing()));
  }

  private Retries retries(RetryPolicy policy) {
    return new Retries(
        "orders",
        policy,
        time.timing(),
        new CallListener() {
          @Override
          public void retried(Retried event) {
            FailedAttempt attempt = event.attempt();
            told.add(
                "retried " + attempt.number() + " " + attempt.reason() + " after " + event.delay());
          }

          @Override
          public void notRetried(NotRetried event) {
            FailedAttempt attempt = event.attempt();
            told.add(
                "notRetried " + attempt.number() + " " + attempt.reason() + " " + event.refusal());
          }
        });
  }

  private static Request get() {
    return request("GET", null);
  }

  private static Request request(String method, @Nullable RequestBody body) {
    return new Request.Builder().url("http://orders/").method(method, body).build();
  }

  private AttemptRecord answered(int status, String... headers) {
    return answered(null, SERVER, status, headers);
  }

  private AttemptRecord answered(
      @Nullable AttemptRecord previous, Server server, int status, String... headers) {
    Response.Builder response = response(status).newBuilder().networkResponse(response(status));
    if (headers.length > 0) {
      response.header(headers[0], headers[1]);
    }
    AttemptRecord record = attempt(previous, server);
    record.answered(response.build(), JUDGE, RetryPolicy.defaults(), 0);
    return record;
  }

  private AttemptRecord attempt() {
    return attempt(null, SERVER);
  }

  private AttemptRecord attempt(@Nullable AttemptRecord previous, Server server) {
    Call call = client.newCall(get());
    return new AttemptRecord(
        "orders", balanced(call).carrier(), server, Reason.FIRST, false, previous, 0);
  }

  private static Response response(int status) {
    return new Response.Builder()
        .request(get())
        .protocol(Protocol.HTTP_1_1)
        .code(status)
        .message("")
        .build();
  }

  private AttemptRecord failed(FailureKind kind) {
    AttemptRecord record = attempt();
    record.failed(
        new IOException("broke"),
        Verdict.failed(kind, kind.outcome(new IOException()), kind.retryable()),
        0);
    return record;
  }

  private static RequestBody oneShot() {
    return new RequestBody() {
      @Override
      public @Nullable MediaType contentType() {
        return null;
      }

      @Override
      public boolean isOneShot() {
        return true;
      }

      @Override
      public void writeTo(BufferedSink sink) {}
    };
  }

  private static long seconds(int seconds) {
    return TimeUnit.SECONDS.toNanos(seconds);
  }
}
