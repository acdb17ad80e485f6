package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.Request;
import okhttp3.Response;
import okio.AsyncTimeout;
import okio.Timeout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Calls of threads that are under a deadline. */
@SuppressWarnings("try") // scopes that are only to be closed
final class DeadlineTest {

  private static final String HEADER = "X-Request-Timeout";
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Duration LONG = Duration.ofMinutes(10);

  @RegisterExtension final Backends backends = new Backends();

  private final Backend a = backends.start("a");
  private final Backend b = backends.start("b");
  private final BalancedClient client = client(Policies.immediate(2).build(), Duration.ZERO);

  /** How an attempt is made. */
  private enum Made {
    BY_THE_CALL,
    WITH_A_TIMEOUT_OF_ITS_OWN
  }

  /** A read would time out after ten minutes. */
  @ParameterizedTest
  @EnumSource(Made.class)
  void call_noAnswerUntilThen_endsAsByItsTimeout(Made made) {
    a.always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    RetryPolicy.Builder policy = Policies.immediate(2);
    BalancedClient calling =
        client(
            (made == Made.BY_THE_CALL ? policy : policy.attemptTimeout(LONG)).build(),
            Duration.ZERO);
    try (Deadline.Scope scope = Deadline.in(SHORT).begin()) {
      assertThatThrownBy(() -> calling.get("/")).isInstanceOf(InterruptedIOException.class);
    }
    assertThat(b.hits()).isZero();
  }

  @Test
  void call_bodyStallsUntilThen_endsAsByItsTimeout() throws IOException {
    a.always(
        response -> response.body("x".repeat(1 << 20)).onResponseBody(SocketEffect.Stall.INSTANCE));
    try (Deadline.Scope scope = Deadline.in(Duration.ofSeconds(1)).begin();
        Response response = client.http().newCall(client.request("/").build()).execute()) {
      assertThatThrownBy(() -> response.body().bytes()).isInstanceOf(InterruptedIOException.class);
    }
  }

  @Test
  void call_retryComesLaterThanThat_isNotRepeated() throws IOException {
    a.always(response -> response.code(503).setHeader("Retry-After", "30"));
    b.always(response -> response.code(503).setHeader("Retry-After", "30"));
    try (Deadline.Scope scope = Deadline.in(Duration.ofSeconds(20)).begin()) {
      assertThat(client(Policies.immediate(3).build(), Duration.ZERO).get("/").code())
          .isEqualTo(503);
    }
    assertThat(a.hits() + b.hits()).isEqualTo(2);
  }

  @Test
  void call_deadlineIsOver_isNotSent() {
    try (Deadline.Scope scope = Deadline.in(Duration.ofSeconds(-1)).begin()) {
      assertThatThrownBy(() -> client.get("/"))
          .isInstanceOf(InterruptedIOException.class)
          .hasMessage("timeout");
    }
    assertThat(a.hits()).isZero();
  }

  @Test
  void header_underADeadline_tellsWhatIsLeft() throws IOException {
    try (Deadline.Scope scope = Deadline.in(Duration.ofSeconds(60)).begin()) {
      client.get("/");
    }
    assertThat(told()).isBetween(1L, 60_000L);
  }

  @Test
  void header_callEndsSooner_deadlineDoesNotLengthenIt() throws IOException {
    BalancedClient hurried = client(RetryPolicy.none(), Duration.ofSeconds(60));
    try (Deadline.Scope scope = Deadline.in(LONG).begin()) {
      hurried.get("/");
    }
    assertThat(told()).isBetween(1L, 60_000L);
  }

  @Test
  void header_noDeadline_isNotSent() throws IOException {
    client.get("/");
    assertThat(a.onlyRequest().getHeaders().get(HEADER)).isNull();
  }

  @Test
  void tag_ofAnEnqueuedCall_isItsDeadline() {
    a.always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    Request request = client.request("/").tag(Deadline.class, Deadline.in(SHORT)).build();
    assertThatThrownBy(() -> PendingReply.enqueue(client.http().newCall(request)).reply())
        .hasStackTraceContaining("InterruptedIOException");
  }

  @Test
  void begin_withinAnother_theEarlierHolds() {
    assertThat(Deadline.current()).isNull();
    try (Deadline.Scope outer = Deadline.in(LONG).begin()) {
      Deadline first = Deadline.current();
      try (Deadline.Scope later = Deadline.in(LONG.plusHours(1)).begin()) {
        assertThat(Deadline.current()).isSameAs(first);
      }
      try (Deadline.Scope earlier = Deadline.in(SHORT).begin()) {
        assertThat(Deadline.current().left()).isLessThanOrEqualTo(SHORT);
      }
      assertThat(Deadline.current()).isSameAs(first);
    }
    assertThat(Deadline.current()).isNull();
  }

  @Test
  void in_anyDuration_isNeitherNegativeNorOverflows() {
    assertThat(Deadline.in(Duration.ofSeconds(Long.MIN_VALUE)).left()).isZero();
    assertThat(Deadline.in(Duration.ofSeconds(Long.MAX_VALUE)).left())
        .isGreaterThan(Duration.ofDays(9_000));
    assertThat(Deadline.in(LONG).toString()).startsWith("Deadline in PT9M59");
  }

  @Test
  void carried_toAnotherThread_holdsThere() throws Exception {
    List<Deadline> seen = new ArrayList<>();
    Deadline deadline = Deadline.in(LONG);
    Runnable adds = () -> seen.add(Deadline.current());
    Callable<Deadline> asks;
    Runnable task;
    try (Deadline.Scope scope = deadline.begin()) {
      asks = Deadline.carried(() -> Deadline.current());
      task = Deadline.carried(adds);
      Deadline.carriedBy(DeadlineTest::elsewhere).execute(adds);
    }
    elsewhere(task);
    assertThat(seen).containsExactly(deadline, deadline);
    assertThat(asks.call()).isSameAs(deadline);
    assertThat(Deadline.current()).isNull();
    Callable<Deadline> none = Deadline::current;
    assertThat(Deadline.carried(none)).isSameAs(none);
  }

  /** The canary of what is relied on. */
  @Test
  void timeout_ofARunningCall_isATimerThatMayBeStartedAnew() throws IOException {
    Call call = client.http().newCall(client.request("/").build());
    try (Deadline.Scope scope = Deadline.in(LONG).begin()) {
      Reply.read(call.execute());
    }
    Timeout timeout = call.timeout();
    assertThat(timeout).isInstanceOf(AsyncTimeout.class);
    assertThat(timeout.hasDeadline()).isTrue();
    assertThat(((AsyncTimeout) timeout).exit()).as("over by its timer").isFalse();
  }

  private BalancedClient client(RetryPolicy policy, Duration callTimeout) {
    return backends
        .client(a, b)
        .balancing(options -> options.timeoutHeader(HEADER).retry(policy))
        .http(http -> http.readTimeout(LONG).callTimeout(callTimeout))
        .build();
  }

  private long told() {
    return Long.parseLong(a.onlyRequest().getHeaders().get(HEADER));
  }

  private static void elsewhere(Runnable task) {
    try {
      Thread thread = new Thread(task);
      thread.start();
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
