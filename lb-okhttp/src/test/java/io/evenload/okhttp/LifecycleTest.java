package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import okhttp3.Headers;
import okhttp3.Response;
import okio.BufferedSource;
import okio.Okio;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** When an attempt begins and ends, as the balancer counts it. */
class LifecycleTest {

  private static final String BODY = "some words";

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("55: an attempt is in flight until its body is read to the end")
  void body_readToEnd_endsAttempt(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.body(BODY));
    BalancedClient client = backends.client(a).build();

    try (Response response = open(client)) {
      assertThat(client.inFlight()).as("in flight with the body unread").isEqualTo(1);
      BufferedSource source = response.body().source();
      assertThat(source.readByteArray()).hasSize(BODY.length());
      assertThat(source.exhausted()).isTrue();
      assertThat(client.inFlight()).as("in flight when read, not closed").isZero();
    }
    assertThat(client.ended()).containsExactly(succeeded(a));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("55: closing a body, unread or read, once or twice, ends the attempt once")
  void body_closedTwice_endsAttemptOnce(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.body(BODY));
    BalancedClient client = backends.client(a).build();

    Response response = open(client);
    assertThat(client.inFlight()).isEqualTo(1);
    response.close();
    assertThat(client.inFlight()).isZero();
    response.close();
    response.body().close();

    assertThat(client.inFlight()).isZero();
    assertThat(client.ended()).containsExactly(succeeded(a));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName(
      "55: closing a body that is still arriving ends the attempt; the server did its part")
  void body_closedWhileArriving_endsAttempt(Wire wire) throws IOException {
    Backend a =
        backends
            .start("a", wire)
            .next(
                response ->
                    response.body("x".repeat(1 << 20)).onResponseBody(SocketEffect.Stall.INSTANCE));
    BalancedClient client = backends.client(a).build();

    try (Response response = open(client)) {
      assertThat(response.body().source().readByte()).isEqualTo((byte) 'x');
      assertThat(client.inFlight()).isEqualTo(1);
    }

    assertThat(client.inFlight()).isZero();
    assertThat(client.failureRate(a.server())).isZero();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("55: a HEAD ends its attempt although nobody closes its response")
  @SuppressWarnings("resource") // what is tested
  void head_neverClosed_endsAttempt(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.nextBare(response -> response.setHeader("Content-Length", 1000));
    BalancedClient client = backends.client(a).build();

    Response response = client.http().newCall(client.request("/").head().build()).execute();

    assertThat(response.header("Content-Length")).isEqualTo("1000");
    assertThat(client.inFlight()).isZero();
    assertThat(client.ended()).containsExactly(succeeded(a));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("55: a 204 ends its attempt although nobody closes its response")
  @SuppressWarnings("resource") // what is tested
  void noContent_neverClosed_endsAttempt(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.nextBare(response -> response.code(204).removeHeader("Content-Length"));
    BalancedClient client = backends.client(a).build();

    assertThat(open(client).code()).isEqualTo(204);

    assertThat(client.inFlight()).isZero();
    assertThat(client.ended()).containsExactly(succeeded(a));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("55: a response that breaks off ends its attempt, and is the server's failure")
  void body_truncated_endsAttempt(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.next(
        response ->
            response.body("x".repeat(1 << 20)).onResponseBody(new SocketEffect.CloseSocket()));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    try (Response response = open(client)) {
      assertThat(response.code()).isEqualTo(200);
      assertThatThrownBy(() -> response.body().bytes()).isInstanceOf(IOException.class);
    }

    assertThat(client.inFlight()).isZero();
    assertThat(b.hits()).as("the caller has the response: too late to retry").isZero();
    assertThat(client.ended()).containsExactly(failed(a.server()));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("55: reading the trailers ends the attempt although nobody reads the body")
  void trailers_read_endsAttempt(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.next(response -> withTrailers(response, wire));
    BalancedClient client = backends.client(a).build();

    try (Response response = open(client)) {
      assertThat(client.inFlight()).isEqualTo(1);
      assertThat(response.trailers()).isEqualTo(Headers.of("checksum", "c-1"));
      assertThat(client.inFlight()).isZero();
    }
    assertThat(client.ended()).containsExactly(succeeded(a));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("55: only the last attempt of a retried call is in flight while its body is read")
  void body_afterRetry_onlyLastAttemptInFlight(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire).next(response -> response.body(BODY));
    BalancedClient client = backends.client(a, b).build();

    try (Response response = open(client)) {
      assertThat(client.inFlight()).isEqualTo(1);
      assertThat(client.ended()).containsExactly(failed(a.server()));
      assertThat(Okio.buffer(response.body().source()).readUtf8()).isEqualTo(BODY);
    }

    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  private static MockResponse.Builder withTrailers(MockResponse.Builder response, Wire wire) {
    MockResponse.Builder chunked =
        wire == Wire.HTTP_1
            ? response.removeHeader("Content-Length").chunkedBody(BODY, 4)
            : response.body(BODY);
    return chunked.trailers(Headers.of("checksum", "c-1"));
  }

  private static Response open(BalancedClient client) throws IOException {
    return client.http().newCall(client.request("/").build()).execute();
  }
}
