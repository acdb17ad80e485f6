package io.evenload.testing.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

final class BackendTest {

  @RegisterExtension final Backends backends = new Backends();

  private final OkHttpClient client =
      new OkHttpClient.Builder().retryOnConnectionFailure(false).build();
  private final OkHttpClient impatient =
      client.newBuilder().readTimeout(Duration.ofMillis(200)).build();

  @Test
  void request_unscripted_isAnsweredWithTheIdAndCounted() throws IOException {
    Backend a = backends.start("a");

    assertThat(get(a)).isEqualTo("200 a");
    assertThat(get(a)).isEqualTo("200 a");

    assertThat(a.requestCount()).isEqualTo(2);
    assertThat(a.requests()).extracting(RecordedRequest::getTarget).containsOnly("/items");
    assertThat(a.server().id()).isEqualTo("a");
    assertThat(a.server().port()).isEqualTo(a.port());
  }

  @Test
  void next_several_eachOnceAndThenAlways() throws IOException {
    Backend a =
        backends
            .start("a")
            .next(Reply.status(503), Reply.ok().body("other"))
            .next(Reply.status(404))
            .always(Reply.status(204));

    assertThat(List.of(get(a), get(a), get(a), get(a), get(a)))
        .containsExactly("503 a", "200 other", "404 a", "204 ", "204 ");
  }

  @Test
  void always_several_flaps() throws IOException {
    Backend a = backends.start("a").always(Reply.ok(), Reply.ok(), Reply.status(503));

    assertThat(List.of(get(a), get(a), get(a), get(a), get(a)))
        .containsExactly("200 a", "200 a", "503 a", "200 a", "200 a");
  }

  @Test
  void reset_afterRequest_breaksTheConnectionAndCounts() throws IOException {
    Backend a = backends.start("a").next(Reply.reset());

    assertThatExceptionOfType(SocketException.class)
        .isThrownBy(() -> get(a))
        .withMessageContaining("reset");
    assertThat(a.requestCount()).isEqualTo(1);
    assertThat(get(a)).isEqualTo("200 a");
  }

  @Test
  void hang_clientWaits_itsTimeoutEndsIt() throws IOException {
    Backend a = backends.start("a").next(Reply.hang());

    assertThatExceptionOfType(SocketTimeoutException.class)
        .isThrownBy(() -> Clients.text(impatient, url(a)));
    assertThat(a.requestCount()).isEqualTo(1);
    assertThat(get(a)).isEqualTo("200 a");
  }

  @Test
  void after_longerThanTheClientWaits_itsTimeoutEndsIt() throws IOException {
    Backend a =
        backends
            .start("a")
            .next(Reply.ok().after(Duration.ofMillis(1)), Reply.ok().after(Duration.ofHours(1)));

    assertThat(get(a)).isEqualTo("200 a");
    assertThatExceptionOfType(SocketTimeoutException.class)
        .isThrownBy(() -> Clients.text(impatient, url(a)));
  }

  @Test
  void stop_andRestart_refusesAndAnswersAtTheSamePort() throws IOException {
    Backend a = backends.start("a").next(Reply.ok(), Reply.status(404));
    assertThat(get(a)).isEqualTo("200 a");

    a.stop().stop();
    client.connectionPool().evictAll();
    assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> get(a));
    a.restart().restart();
    assertThat(get(a)).isEqualTo("404 a");
    a.stop();
    client.connectionPool().evictAll();
    assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> get(a));

    assertThat(a.requestCount()).isEqualTo(2);
  }

  @Test
  void header_andMockResponse_areSentAsTheyAre() throws IOException {
    Backend a =
        backends
            .start("a")
            .next(
                Reply.ok().header("Retry-After", "1").header("Retry-After", "2"),
                Reply.of(new MockResponse.Builder().code(418).body("tea").build()));

    try (Response response = Clients.get(client, url(a))) {
      assertThat(response.headers("Retry-After")).containsExactly("2");
    }
    assertThat(get(a)).isEqualTo("418 tea");
  }

  @Test
  void stop_connectionInUse_isReset() throws IOException {
    Backend a = backends.start("a");
    assertThat(get(a)).isEqualTo("200 a");

    a.stop();

    assertThatExceptionOfType(SocketException.class)
        .isThrownBy(() -> get(a))
        .withMessageContaining("reset");
  }

  @Test
  void start_configured_isSoAgainAfterRestart() throws IOException {
    Backend a =
        backends.start("a", server -> server.setProtocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE)));
    OkHttpClient http2 =
        client.newBuilder().protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE)).build();

    assertThat(Clients.text(http2, url(a))).isEqualTo("200 a");
    a.stop().restart();
    http2.connectionPool().evictAll();
    assertThat(Clients.text(http2, url(a))).isEqualTo("200 a");
  }

  @Test
  void reply_badValues_areRefusedByName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Reply.status(100))
        .withMessage("status: 100 (expected: 200 to 599)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Reply.ok().after(Duration.ofNanos(-1)))
        .withMessage("delay: PT-0.000000001S (expected: PT0S to PT1H)");
  }

  private String get(Backend backend) throws IOException {
    return Clients.text(client, url(backend));
  }

  private static String url(Backend backend) {
    return "http://127.0.0.1:" + backend.port() + "/items";
  }
}
