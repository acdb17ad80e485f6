package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Outcome;
import io.evenload.okhttp.BalancedClient.Reply;
import io.evenload.okhttp.Way.Caller;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import mockwebserver3.SocketEffect;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.internal.http2.ErrorCode;
import okio.BufferedSink;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * All that OkHttp does if {@code retryOnConnectionFailure} is on, which balanced calls turn off, in
 * the same situations with OkHttp alone and with balanced calls: a row of {@code
 * docs/okhttp-internals.md} each. Connection specs have {@link ConnectionSpecsTest}, the addresses
 * of a server while it is connected to {@link ServerAddressesTest}.
 */
class RetryOnConnectionFailureTest {

  private static final String FIRST = "127.0.0.1";
  private static final String SECOND = "127.0.0.2";

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("closed while idle: all requests are answered by both; OkHttp may send one twice")
  void pooledConnection_closedWhileIdle_allAreAnswered(Way way) throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              connection.readRequest();
              connection.respond("200 OK");
            });
    Caller caller = caller(way, a);
    for (int i = 0; i < 3; i++) {
      assertThat(caller.get("/get" + i).code()).isEqualTo(200);
      backends.await(a::noConnectionOpen);
      assertThat(caller.post("/post" + i).code()).isEqualTo(200);
      backends.await(a::noConnectionOpen);
    }
    assertThat(a.requests().stream().distinct()).hasSize(6);
    if (way.balances()) {
      assertThat(a.requests()).hasSize(6);
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("closed while idle: a body that can be sent once is lost by OkHttp alone")
  void pooledConnection_closedWhileIdle_oneShotBody(Way way) throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              connection.readRequest();
              connection.respond("200 OK");
            });
    Caller caller = caller(way, a);
    caller.get("/first");
    backends.await(a::noConnectionOpen);
    Request request = caller.request("/second").post(new OneShot()).build();

    if (way.balances()) {
      assertThat(caller.execute(request).code()).isEqualTo(200);
    } else {
      assertThatThrownBy(() -> caller.execute(request)).isInstanceOf(IOException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName(
      "broken when the server has read it: OkHttp sends a POST twice, balanced calls do not")
  void pooledConnection_breaksInUse_postIsNotSentTwice(Way way) throws IOException {
    RawBackend a = breakingAtSecond();
    Caller caller = caller(way, a);
    caller.get("/first");

    if (way.balances()) {
      assertThatThrownBy(() -> caller.post("/second")).isInstanceOf(IOException.class);
      assertThat(seen(a, "/second")).isEqualTo(1);
    } else {
      assertThat(caller.post("/second").code()).isEqualTo(200);
      assertThat(seen(a, "/second")).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("broken when the server has read it: a GET is repeated by both, here by the policy")
  void pooledConnection_breaksInUse_getIsRepeated(Way way) throws IOException {
    RawBackend a = breakingAtSecond();
    Caller caller = caller(way, a);
    caller.get("/first");

    if (way == Way.NOT_RETRIED) {
      assertThatThrownBy(() -> caller.get("/second")).isInstanceOf(IOException.class);
    } else {
      assertThat(caller.get("/second").code()).isEqualTo(200);
      assertThat(seen(a, "/second")).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("a fresh connection breaks in use: the GET goes to the next address by both")
  void freshConnection_breaksInUse_getGoesToNextAddress(Way way) throws IOException {
    for (Wire wire : Wire.values()) {
      Backend bad = breaking(wire);
      Backend b = backends.start("b", wire, SECOND, bad.port());
      Caller caller = caller(way, wire, bad.port(), FIRST, SECOND);

      if (way == Way.NOT_RETRIED) {
        assertThatThrownBy(() -> caller.get("/")).isInstanceOf(IOException.class);
      } else {
        assertThat(caller.get("/").server()).isEqualTo("b");
      }
      assertThat(caller.get("/").server()).isEqualTo("b");
      assertThat(bad.hits()).isEqualTo(1);
      assertThat(caller.ended().stream().filter(end -> end.outcome() == Outcome.FAILURE))
          .hasSize(way.balances() ? 1 : 0);
      assertThat(b.hits()).isEqualTo(way == Way.NOT_RETRIED ? 1 : 2);
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("a fresh connection breaks in use: OkHttp sends the POST to the next address too")
  void freshConnection_breaksInUse_postIsNotSentTwice(Way way) throws IOException {
    for (Wire wire : Wire.values()) {
      Backend bad = breaking(wire);
      Backend b = backends.start("b", wire, SECOND, bad.port());
      Caller caller = caller(way, wire, bad.port(), FIRST, SECOND);

      if (way.balances()) {
        assertThatThrownBy(() -> caller.post("/")).isInstanceOf(IOException.class);
        assertThat(b.hits()).isZero();
      } else {
        assertThat(caller.post("/").server()).isEqualTo("b");
      }
      assertThat(caller.post("/next").server()).isEqualTo("b");
      assertThat(bad.hits()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName(
      "a fresh connection breaks in use, and there is no other address: only a policy helps")
  void freshConnection_breaksInUse_onlyAddress(Way way) throws IOException {
    Backend a = backends.start("a");
    a.next(response -> response.onResponseStart(new SocketEffect.CloseSocket()));
    Caller caller = caller(way, Wire.HTTP_1, a.port(), FIRST);

    if (way == Way.OKHTTP || way == Way.NOT_RETRIED) {
      assertThatThrownBy(() -> caller.get("/")).isInstanceOf(IOException.class);
    } else {
      assertThat(caller.get("/").server()).isEqualTo("a");
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("a server is silent: OkHttp repeats nothing, the policy a GET")
  void readTimeout_isRepeatedByPolicyAlone(Way way) throws IOException {
    Backend a = backends.start("a");
    a.next(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    Caller caller =
        way.caller(
            backends,
            Wire.HTTP_1,
            a.port(),
            http -> http.readTimeout(Duration.ofMillis(500)),
            FIRST);

    if (way == Way.OKHTTP || way == Way.NOT_RETRIED) {
      assertThatThrownBy(() -> caller.get("/")).isInstanceOf(SocketTimeoutException.class);
    } else {
      assertThat(caller.get("/").server()).isEqualTo("a");
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("a refused stream on a pooled connection: the POST is sent again by both")
  void refusedStream_postIsSentAgain(Way way) throws IOException {
    Backend a = backends.start("a", Wire.HTTP_2);
    int refused = ErrorCode.REFUSED_STREAM.getHttpCode();
    Caller caller = caller(way, Wire.HTTP_2, a.port(), FIRST);
    caller.get("/first");
    a.next(response -> response.onRequestStart(new SocketEffect.CloseStream(refused)));

    boolean notRead = way == Way.SEPARATE || Boolean.getBoolean("io.evenload.okhttp.separateCalls");
    if (way == Way.NOT_RETRIED || (way.balances() && notRead)) {
      assertThatThrownBy(() -> caller.post("/")).isInstanceOf(IOException.class);
    } else {
      assertThat(caller.post("/").server()).isEqualTo("a");
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("a 408 that closes an idle connection: a GET is repeated by both")
  void timeoutStatus_onIdleConnection_getIsRepeated(Way way) throws IOException {
    RawBackend a = answering408ToSecond();
    Caller caller = caller(way, a);
    caller.get("/first");

    int second = caller.get("/second").code();
    assertThat(second).isEqualTo(way == Way.NOT_RETRIED ? 408 : 200);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("... a POST with its body by OkHttp alone")
  void timeoutStatus_onIdleConnection_postIsNotSentTwice(Way way) throws IOException {
    RawBackend a = answering408ToSecond();
    Caller caller = caller(way, a);
    caller.get("/first");

    Reply second = caller.post("/second");
    assertThat(second.code()).isEqualTo(way.balances() ? 408 : 200);
    assertThat(seen(a, "/second")).isEqualTo(way.balances() ? 1 : 2);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("a 408 on a fresh connection is an answer, which OkHttp alone asks for twice")
  void timeoutStatus_onFreshConnection_isTheAnswer(Way way) throws IOException {
    Backend a = backends.start("a").always(response -> response.code(408));
    Caller caller = caller(way, Wire.HTTP_1, a.port(), FIRST);

    assertThat(caller.get("/").code()).isEqualTo(408);
    assertThat(a.hits()).isEqualTo(way.balances() ? 1 : 2);
  }

  private Caller caller(Way way, RawBackend a) {
    return caller(way, Wire.HTTP_1, a.server().port(), FIRST);
  }

  private Caller caller(Way way, Wire wire, int port, String... addresses) {
    return way.caller(backends, wire, port, http -> {}, addresses);
  }

  private Backend breaking(Wire wire) {
    return backends
        .start("bad", wire)
        .always(response -> response.onResponseStart(new SocketEffect.CloseSocket()));
  }

  /** Closes the first connection when it has read its second request. */
  private RawBackend breakingAtSecond() throws IOException {
    return backends.raw(
        "a",
        connection -> {
          while (connection.readRequest() && connection.requestsRead() == 1) {
            connection.respond("200 OK");
          }
        });
  }

  /** Answers what comes second on a connection as a proxy does for one that was idle too long. */
  private RawBackend answering408ToSecond() throws IOException {
    return backends.raw(
        "a",
        connection -> {
          connection.readRequest();
          connection.respond("200 OK");
          if (connection.readRequest()) {
            connection.respond("408 Request Timeout", "Connection: close");
          }
        });
  }

  private static long seen(RawBackend a, String path) {
    return a.requests().stream().filter(line -> line.contains(path)).count();
  }

  /** A body that cannot be written twice. */
  private static final class OneShot extends RequestBody {
    @Override
    public boolean isOneShot() {
      return true;
    }

    @Override
    public MediaType contentType() {
      return MediaType.get("text/plain");
    }

    @Override
    public long contentLength() {
      return 1;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      sink.writeUtf8("1");
    }
  }
}
