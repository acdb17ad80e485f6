package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static io.evenload.okhttp.BalancedClient.Ended.timedOut;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Outcome;
import io.evenload.okhttp.BalancedClient.Ended;
import io.evenload.okhttp.BalancedClient.Reply;
import io.evenload.okhttp.CallListener.Refusal;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import okhttp3.Response;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The limits of time of one attempt and of a call, and what the server is told of them. */
class AttemptTimeoutTest {

  private static final String HEADER = "X-Request-Timeout";

  @RegisterExtension final Backends backends = new Backends();

  private final ManualTimer timer = new ManualTimer();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("48: an attempt that takes too long is cut, and the next one goes elsewhere")
  void attemptTimeout_stalled_goesToNextServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    BalancedClient client = client(Duration.ofSeconds(1), a, b);
    client.warmUp(a, b);
    a.next(AttemptTimeoutTest::stall);

    PendingReply pending = PendingReply.enqueue(client.http().newCall(client.request("/").build()));
    backends.await(() -> a.hits() == 2);
    timer.fire();

    assertThat(pending.reply().server()).isEqualTo("b");
    client.await(() -> client.ended().size() == 2);
    assertThat(client.ended()).containsExactly(timedOut(a.server()), succeeded(b));
  }

  @Test
  @DisplayName("48: a server that lets the headers trickle is cut too")
  void attemptTimeout_tricklingHeaders_goesToNextServer() throws IOException {
    CountDownLatch trickled = new CountDownLatch(1);
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              connection.readRequest();
              byte[] part = "HTTP/1.1 200 OK\r\nSlow: ".getBytes(US_ASCII);
              connection.send(part, 0, part.length);
              trickled.countDown();
              connection.awaitClientClose();
            });
    Backend b = backends.start("b");
    BalancedClient client =
        backends
            .client(Wire.HTTP_1, a.server(), b.server())
            .balancing(
                interceptor ->
                    interceptor
                        .timing(timer.timing())
                        .retry(Policies.immediate(2).attemptTimeout(Duration.ofSeconds(1)).build()))
            .build();

    PendingReply pending = PendingReply.enqueue(client.http().newCall(client.request("/").build()));
    backends.await(() -> trickled.getCount() == 0);
    timer.fire();

    assertThat(pending.reply().server()).isEqualTo("b");
    client.await(() -> client.ended().size() == 2);
    assertThat(client.ended()).containsExactly(timedOut(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("48: the timeout of an attempt does not cover the body")
  void attemptTimeout_readingBody_isOver(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).always(response -> response.body("x".repeat(500_000)));
    BalancedClient client = client(Duration.ofSeconds(1), a);

    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(timer.waiting()).isZero();
      timer.fire();
      assertThat(response.body().string()).hasSize(500_000);
    }
  }

  @Test
  @DisplayName("48: the last attempt's timeout is the caller's, who learns what it was")
  void attemptTimeout_lastAttempt_isTold() throws IOException {
    Backend a = backends.start("a").always(AttemptTimeoutTest::stall);
    BalancedClient client =
        backends
            .client(a)
            .balancing(
                interceptor ->
                    interceptor.retry(
                        Policies.immediate(1).attemptTimeout(Duration.ofMillis(200)).build()))
            .build();

    assertThatThrownBy(() -> client.get("/"))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessage("no response within 200 ms (attemptTimeout)");
    assertThat(client.ended()).containsExactly(timedOut(a.server()));
  }

  @Test
  @DisplayName("48: a POST whose attempt takes too long is not sent again")
  void attemptTimeout_post_isNotRepeated() {
    Backend a = backends.start("a").always(AttemptTimeoutTest::stall);
    Backend b = backends.start("b");
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(
                interceptor ->
                    interceptor.retry(
                        Policies.immediate(2).attemptTimeout(Duration.ofMillis(200)).build()))
            .build();

    assertThatThrownBy(() -> client.post("/", "x")).isInstanceOf(SocketTimeoutException.class);
    assertThat(client.calls().refusals()).containsExactly(Refusal.NOT_IDEMPOTENT);
    assertThat(b.hits()).isZero();
  }

  @Test
  @DisplayName("7: two clocks for one moment do not tell two things of it")
  void attemptTimeout_notBeforeTheCallsOwn_isTheCalls() throws IOException {
    Backend a = backends.start("a").always(AttemptTimeoutTest::stall);
    Backend b = backends.start("b").always(AttemptTimeoutTest::stall);
    for (int i = 0; i < 5; i++) {
      BalancedClient client =
          backends
              .client(a, b)
              .balancing(
                  interceptor ->
                      interceptor.retry(
                          Policies.immediate(3).attemptTimeout(Duration.ofMillis(200)).build()))
              .http(http -> http.callTimeout(Duration.ofMillis(200)))
              .build();

      assertThatThrownBy(() -> client.get("/"))
          .isExactlyInstanceOf(InterruptedIOException.class)
          .hasMessage("timeout");
      client.await(() -> client.inFlight() == 0);
      assertThat(client.ended())
          .extracting(Ended::outcome)
          .containsAnyOf(Outcome.ABANDONED, Outcome.CANCELLED) // the latter if it came too late
          .hasSize(1);
    }
  }

  @Test
  void attemptTimeout_notBeforeTheCallsOwn_needsNoClock() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client =
        backends
            .client(a)
            .balancing(
                interceptor ->
                    interceptor
                        .timing(timer.timing())
                        .retry(Policies.immediate(3).attemptTimeout(Duration.ofMinutes(1)).build()))
            .http(http -> http.callTimeout(Duration.ofMinutes(1)))
            .build();

    assertThat(client.get("/").code()).isEqualTo(200);
    assertThat(timer.scheduled()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void timeoutHeader_callTimeout_tellsWhatIsLeft(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(interceptor -> interceptor.timeoutHeader(HEADER))
            .http(http -> http.callTimeout(Duration.ofSeconds(60)))
            .build();

    client.get("/");

    long first = told(a);
    assertThat(first).isBetween(1L, 60_000L);
    assertThat(told(b)).isBetween(1L, first);
  }

  @Test
  void timeoutHeader_shorterAttemptTimeout_tellsThat() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client =
        backends
            .client(a)
            .balancing(
                interceptor ->
                    interceptor
                        .timeoutHeader(HEADER)
                        .retry(
                            Policies.immediate(1).attemptTimeout(Duration.ofSeconds(30)).build()))
            .http(http -> http.callTimeout(Duration.ofSeconds(60)))
            .build();

    client.get("/");

    assertThat(told(a)).isEqualTo(30_000);
  }

  @Test
  void timeoutHeader_noLimitOrOwnHeader_isLeftAlone() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client =
        backends.client(a).balancing(interceptor -> interceptor.timeoutHeader(HEADER)).build();

    client.get("/");
    assertThat(a.onlyRequest().getHeaders().get(HEADER)).isNull();
    Reply own = client.execute(client.request("/").header(HEADER, "7").build());
    assertThat(own.code()).isEqualTo(200);
    assertThat(a.requests().get(1).getHeaders().get(HEADER)).isEqualTo("7");
  }

  private BalancedClient client(Duration attemptTimeout, Backend... at) {
    return backends
        .client(at)
        .balancing(
            interceptor ->
                interceptor
                    .timing(timer.timing())
                    .retry(Policies.immediate(3).attemptTimeout(attemptTimeout).build()))
        .build();
  }

  private static long told(Backend backend) {
    return Long.parseLong(String.valueOf(backend.onlyRequest().getHeaders().get(HEADER)));
  }

  private static MockResponse.Builder stall(MockResponse.Builder response) {
    return response.onResponseStart(SocketEffect.Stall.INSTANCE);
  }
}
