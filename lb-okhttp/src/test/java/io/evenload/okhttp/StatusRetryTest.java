package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.util.Arrays;
import mockwebserver3.SocketEffect;
import okhttp3.RequestBody;
import okhttp3.internal.http2.ErrorCode;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Responses that ask for another try, and those that do not. */
class StatusRetryTest {

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("27: a 503 sends a GET to the next server")
  void get_unavailable_goesToNextServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    Reply reply = client.get("/");

    assertThat(reply.code()).isEqualTo(200);
    assertThat(reply.server()).isEqualTo("b");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("28: a 503 sends a GET to the next server when both have the same port")
  void get_unavailableSamePort_goesToNextServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire, "127.0.0.1", 0).next(response -> response.code(503));
    Backend b = backends.start("b", wire, "127.0.0.2", a.port());
    BalancedClient client = backends.client(a, b).build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("28: a 503 sends a GET to the next server when the logical URL has their port too")
  void get_unavailableSamePortAsUrl_goesToNextServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire, "127.0.0.1", 0).next(response -> response.code(503));
    Backend b = backends.start("b", wire, "127.0.0.2", a.port());
    BalancedClient client = backends.client(a, b).build();
    String url = wire.scheme + "://" + BalancedClient.HOST + ":" + a.port() + "/";

    assertThat(client.execute(client.request("/").url(url).build()).server()).isEqualTo("b");
    assertThat(a.hits()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("27: the last response is the caller's when every server answers 503")
  void get_allUnavailable_callerGetsResponse(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).always(response -> response.code(503));
    Backend b = backends.start("b", wire).always(response -> response.code(503).body("sorry"));
    BalancedClient client = backends.client(a, b).balancing(Policies.attempts(2)).build();

    Reply reply = client.get("/");

    assertThat(reply.code()).isEqualTo(503);
    assertThat(reply.body()).isEqualTo("sorry");
    assertThat(client.ended()).containsExactly(failed(a.server()), failed(b.server()));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("27: a 503 that one server sent a POST for is not sent again")
  void post_unavailable_isNotSentAgain(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    assertThat(client.post("/orders", "one order").code()).isEqualTo(503);
    assertThat(a.hits()).isEqualTo(1);
    assertThat(b.hits()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("42: Retry-After: 0 does not make OkHttp send a GET twice to the same server")
  void get_retryAfterZero_isSentOncePerServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.always(response -> response.code(503).setHeader("Retry-After", "0"));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("42: Retry-After: 0 does not make OkHttp send a POST twice; the caller sees it")
  void post_retryAfterZero_isSentOnce(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.always(response -> response.code(503).setHeader("Retry-After", "0"));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    Reply reply = client.post("/orders", "one order");

    assertThat(reply.code()).isEqualTo(503);
    assertThat(reply.headers().get("Retry-After")).isEqualTo("0");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(b.hits()).isZero();
  }

  @RepeatedTest(8) // by chance it would be right each second time
  @DisplayName("21: once all were asked, one that wants to be left alone for longer still is")
  void get_allWereAsked_goesWhereNoWaitIsWanted() throws IOException {
    Backend a = backends.start("a");
    a.always(response -> response.code(503).setHeader("Retry-After", "30"));
    Backend b = backends.start("b").next(response -> response.code(503));
    BalancedClient client = client(3, a, b);

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(b.hits()).isEqualTo(2);
  }

  @Test
  @DisplayName("21: a server that wants to be left alone is asked if no other one is left")
  void get_onlyTheOneThatWantsAWaitIsLeft_isAsked() throws IOException {
    Backend a = backends.start("a");
    a.next(response -> response.code(503).setHeader("Retry-After", "30"));
    Backend b = backends.start("b");
    BalancedClient client = client(3, a, b);
    b.answering(
        response -> {
          client.balancer().admin().drain("b");
          return response.get().code(503).build();
        });

    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(a.hits()).isEqualTo(2);
    assertThat(b.hits()).isEqualTo(1);
  }

  private BalancedClient client(int attempts, Backend... at) {
    return backends
        .client(at)
        .balancing(options -> options.retry(Policies.immediate(attempts).build()))
        .build();
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_1", "HTTP_2_CLEARTEXT"})
  @DisplayName("42: a host that is not balanced keeps OkHttp's own handling of Retry-After: 0")
  void get_retryAfterZeroFromOtherHost_isOkHttpsBusiness(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    Backend other = backends.start("other", wire);
    other.next(response -> response.code(503).setHeader("Retry-After", "0"));
    BalancedClient client = backends.client(a).build();

    String url = "http://localhost:" + other.port() + "/";
    assertThat(client.execute(client.request("/").url(url).build()).code()).isEqualTo(200);
    assertThat(other.hits()).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("43: a 408 does not make OkHttp send a POST twice")
  void post_requestTimeout_isSentOnce(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(408));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    assertThat(client.post("/orders", "one order").code()).isEqualTo(408);
    assertThat(a.hits()).isEqualTo(1);
    assertThat(b.hits()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("43: a 408 does not make OkHttp send a GET twice to the same server")
  void get_requestTimeout_isSentOncePerServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).always(response -> response.code(408));
    BalancedClient client = backends.client(a).balancing(Policies.attempts(1)).build();

    assertThat(client.get("/").code()).isEqualTo(408);
    assertThat(a.hits()).isEqualTo(1);
  }

  @Test
  @DisplayName("44: a 413 that comes before the body was sent is the caller's, over HTTP/1.1")
  void post_tooLargeEarly_callerGetsResponse() throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              connection.readHead();
              connection.respond("413 Content Too Large", "Connection: close");
              // The socket closes with most of the body unread, which resets it.
            });
    Backend b = backends.start("b");
    BalancedClient client = backends.client(Wire.HTTP_1, a.server(), b.server()).build();

    Reply reply = client.execute(client.request("/").post(large()).build());

    assertThat(reply.code()).isEqualTo(413);
    assertThat(a.requests()).hasSize(1);
    assertThat(b.hits()).isZero();
  }

  @Test
  @DisplayName("44: a 413 that comes before the body was sent is the caller's, over HTTP/2")
  void post_tooLargeEarlyHttp2_callerGetsResponse() throws IOException {
    Backend a = backends.start("a", Wire.HTTP_2);
    a.next(
        response ->
            response
                .code(413)
                .doNotReadRequestBody()
                .onResponseEnd(new SocketEffect.CloseStream(ErrorCode.NO_ERROR.getHttpCode())));
    Backend b = backends.start("b", Wire.HTTP_2);
    BalancedClient client = backends.client(a, b).build();

    Reply reply = client.execute(client.request("/").post(large()).build());

    assertThat(reply.code()).isEqualTo(413);
    assertThat(a.hits()).isEqualTo(1);
    assertThat(b.hits()).isZero();
    assertThat(client.failureRate(a.server())).as("a client's error").isZero();
  }

  /** More than any socket buffers: 32 MiB. */
  private static RequestBody large() {
    byte[] chunk = new byte[32 << 20];
    Arrays.fill(chunk, (byte) 'x');
    return RequestBody.create(chunk);
  }
}
