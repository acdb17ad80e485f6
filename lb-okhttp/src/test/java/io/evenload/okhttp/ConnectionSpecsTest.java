package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.refused;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Outcome;
import io.evenload.okhttp.BalancedClient.Ended;
import io.evenload.okhttp.BalancedClient.Reply;
import io.evenload.okhttp.Way.Caller;
import java.io.IOException;
import java.net.ProtocolException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.ConnectionSpec;
import okhttp3.EventListener;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import okhttp3.TlsVersion;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Servers that speak TLS 1.2 alone, and clients whose first connection spec is TLS 1.3. */
class ConnectionSpecsTest {

  private static final String FIRST = "127.0.0.1";
  private static final String SECOND = "127.0.0.2";

  @RegisterExtension final Backends backends = new Backends();

  private final Tls12 tls = new Tls12();

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("the next spec is tried for a POST, which is sent once, and nobody is to blame")
  void post_firstSpecRefused_isSentOnceByTheNext(Way way) throws IOException {
    Backend a = server("a", FIRST, 0);
    Caller caller = way.caller(backends, Wire.HTTP_2, a.port(), ConnectionSpecsTest::both, FIRST);

    assertThat(caller.post("/orders").server()).isEqualTo("a");
    int handshakes = tls.handshakes();
    assertThat(handshakes).isEqualTo(way.balances() ? 3 : 2);
    assertThat(caller.post("/orders").server()).isEqualTo("a");
    assertThat(tls.handshakes()).as("the connection is in the pool").isEqualTo(handshakes);
    assertThat(a.hits()).isEqualTo(2);
    assertThat(caller.ended()).allMatch(ended -> ended.outcome() == Outcome.SUCCESS);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("at the second address too, if the first refuses connections")
  void post_firstAddressRefuses_isSentByTheNextSpecToTheSecond(Way way) throws IOException {
    Backend a = server("a", SECOND, backends.refusing("down").port());
    Caller caller =
        way.caller(backends, Wire.HTTP_2, a.port(), ConnectionSpecsTest::both, FIRST, SECOND);

    assertThat(caller.post("/orders").server()).isEqualTo("a");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(caller.ended()).allMatch(ended -> ended.outcome() == Outcome.SUCCESS);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("who has one spec, or no retries on connection failures, has no other to try")
  void get_noOtherSpec_fails(Way way) throws IOException {
    Backend a = server("a", FIRST, 0);
    List<Caller> callers =
        List.of(
            way.caller(
                backends,
                Wire.HTTP_2,
                a.port(),
                http -> http.connectionSpecs(List.of(tls13(), ConnectionSpec.CLEARTEXT)),
                FIRST),
            way.caller(
                backends,
                Wire.HTTP_2,
                a.port(),
                http -> both(http.retryOnConnectionFailure(false)),
                FIRST));
    for (Caller caller : callers) {
      int before = tls.handshakes();
      assertThatThrownBy(() -> caller.get("/")).isInstanceOf(SSLException.class);
      assertThat(tls.handshakes() - before).isEqualTo(Math.max(1, caller.ended().size()));
      assertThat(caller.ended()).extracting(Ended::outcome).doesNotContain(Outcome.SUCCESS);
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("an interceptor before ours may forbid it for one call")
  void get_retryForbiddenByChain_fails(Way way) throws IOException {
    Backend a = server("a", FIRST, 0);
    Caller caller =
        way.caller(
            backends,
            Wire.HTTP_2,
            a.port(),
            http ->
                both(http)
                    .addInterceptor(
                        chain ->
                            chain.withRetryOnConnectionFailure(false).proceed(chain.request())),
            FIRST);

    assertThatThrownBy(() -> caller.get("/")).isInstanceOf(SSLException.class);
    assertThat(a.hits()).isZero();
  }

  @ParameterizedTest
  @EnumSource(value = Way.class, mode = Mode.EXCLUDE, names = "OKHTTP")
  @DisplayName("a server that speaks none of the specs is to blame, and a POST goes elsewhere")
  void post_noSpecAccepted_isRefused(Way way) throws IOException {
    Backend a = backends.start("a", Wire.HTTP_2);
    a.always(MockResponse.Builder::failHandshake);
    Caller caller = way.caller(backends, Wire.HTTP_2, a.port(), ConnectionSpecsTest::both, FIRST);

    assertThatThrownBy(() -> caller.post("/orders")).isInstanceOf(SSLException.class);
    assertThat(caller.ended()).extracting(Ended::outcome).containsOnly(Outcome.REFUSED);
    assertThat(caller.balanced().calls().retries()).isEqualTo(caller.ended().size() - 1);
  }

  @Test
  @DisplayName("a certificate that is not trusted, or not for this name, is asked for once")
  void get_certificateRefused_isNotTriedAgain() throws IOException {
    Backend a = backends.unstarted("a", Wire.HTTP_2);
    a.web().useHttps(Wire.held(Wire.certificate("other.test")).sslSocketFactory());
    backends.start(a, FIRST, 0);
    AtomicInteger connects = new AtomicInteger();
    BalancedClient client =
        backends
            .client(a)
            .http(
                http ->
                    both(http)
                        .eventListener(
                            new EventListener() {
                              @Override
                              public void secureConnectStart(Call call) {
                                connects.incrementAndGet();
                              }
                            }))
            .balancing(options -> options.retry(RetryPolicy.none()))
            .build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(SSLPeerUnverifiedException.class);
    assertThat(connects).hasValue(1);
    assertThat(client.ended()).containsExactly(refused(a.server()));
  }

  @ParameterizedTest
  @EnumSource(value = Way.class, mode = Mode.EXCLUDE, names = "OKHTTP")
  @DisplayName("a POST that breaks after the next spec was tried is not sent to the next address")
  void post_breaksAfterFallback_isNotSentAgain(Way way) throws IOException {
    Backend a = server("a", FIRST, 0);
    a.always(response -> response.onResponseStart(new SocketEffect.CloseSocket()));
    Backend b = server("b", SECOND, a.port());
    Caller caller =
        way.caller(backends, Wire.HTTP_2, a.port(), ConnectionSpecsTest::both, FIRST, SECOND);

    assertThatThrownBy(() -> caller.post("/orders"))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(ProtocolException.class)
        .hasMessageNotContaining("stopped OkHttp");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(b.hits()).isZero();
    assertThat(caller.ended()).extracting(Ended::outcome).containsExactly(Outcome.FAILURE);
  }

  @ParameterizedTest
  @EnumSource(value = Way.class, mode = Mode.EXCLUDE, names = "OKHTTP")
  @DisplayName("over HTTP/1.1 too")
  void post_http1BreaksAfterFallback_isNotSentAgain(Way way) throws IOException {
    Backend a = server("a", FIRST, 0);
    a.always(response -> response.onResponseStart(new SocketEffect.CloseSocket()));
    Backend b = server("b", SECOND, a.port());
    Caller caller =
        way.caller(
            backends,
            Wire.HTTP_2,
            a.port(),
            http -> both(http).protocols(Wire.HTTP_1.protocols),
            FIRST,
            SECOND);

    assertThatThrownBy(() -> caller.post("/orders"))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(ProtocolException.class)
        .hasMessageNotContaining("stopped OkHttp");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(b.hits()).isZero();
  }

  @ParameterizedTest
  @EnumSource(value = Way.class, mode = Mode.EXCLUDE, names = "OKHTTP")
  @DisplayName("a 408 and a 503 to be repeated at once are the caller's, as they were sent")
  void post_answerToRepeat_isSentOnceAndGivenAsItIs(Way way) throws IOException {
    Backend a = server("a", FIRST, 0);
    for (int status : new int[] {408, 503}) {
      a.next(response -> response.code(status).setHeader("Retry-After", "0"));
      Caller caller = way.caller(backends, Wire.HTTP_2, a.port(), ConnectionSpecsTest::both, FIRST);
      Reply reply = caller.post("/orders");
      assertThat(reply.code()).isEqualTo(status);
      assertThat(reply.headers().get("Retry-After")).isEqualTo("0");
    }
    a.next(response -> response.code(408));
    Caller caller = way.caller(backends, Wire.HTTP_2, a.port(), ConnectionSpecsTest::both, FIRST);
    Reply reply = caller.post("/orders");
    assertThat(reply.code()).isEqualTo(408);
    assertThat(reply.headers().get("Retry-After")).isNull();
    assertThat(a.hits()).isEqualTo(3);
  }

  @Test
  @DisplayName("a GET that breaks after the next spec was tried is a retry of ours, counted as one")
  void get_breaksAfterFallback_isRetriedByPolicy() throws IOException {
    Backend a = server("a", FIRST, 0);
    a.always(response -> response.onResponseStart(new SocketEffect.CloseSocket()));
    Backend b = server("b", FIRST, 0);
    BalancedClient client = backends.client(a, b).http(ConnectionSpecsTest::both).build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
    assertThat(client.calls().retries()).isEqualTo(1);
  }

  @Test
  @DisplayName("a network interceptor that throws on its own account has nothing sent again")
  void post_networkInterceptorThrows_isNotSentAgain() throws IOException {
    Backend a = server("a", FIRST, 0);
    a.always(response -> response.onResponseStart(new SocketEffect.CloseSocket()));
    Backend b = server("b", SECOND, a.port());
    Caller caller =
        Way.BALANCED.caller(
            backends,
            Wire.HTTP_2,
            a.port(),
            http ->
                both(http)
                    .addNetworkInterceptor(
                        chain -> {
                          try {
                            return chain.proceed(chain.request());
                          } catch (IOException e) {
                            throw new IOException("as it likes to say it", e);
                          }
                        }),
            FIRST,
            SECOND);

    assertThatThrownBy(() -> caller.post("/orders")).isInstanceOf(IOException.class);
    assertThat(a.hits()).isEqualTo(1);
    assertThat(b.hits()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("a web socket opens by the next spec")
  void webSocket_firstSpecRefused_opensByTheNext(Way way) throws Exception {
    Backend a = server("a", FIRST, 0);
    a.nextBare(response -> response.webSocketUpgrade(new WebSocketListener() {}));
    Caller caller = way.caller(backends, Wire.HTTP_2, a.port(), ConnectionSpecsTest::both, FIRST);
    CompletableFuture<Integer> opened = new CompletableFuture<>();

    WebSocket socket =
        caller
            .http()
            .newWebSocket(
                caller.request("/").build(),
                new WebSocketListener() {
                  @Override
                  public void onOpen(WebSocket socket, Response response) {
                    opened.complete(response.code());
                  }

                  @Override
                  public void onFailure(WebSocket socket, Throwable failure, Response response) {
                    opened.completeExceptionally(failure);
                  }
                });
    assertThat(opened.get(20, TimeUnit.SECONDS)).isEqualTo(101);
    socket.cancel();
  }

  private Backend server(String id, String address, int port) {
    Backend backend = backends.unstarted(id, Wire.HTTP_2);
    backend.web().useHttps(tls);
    return backends.start(backend, address, port);
  }

  private static OkHttpClient.Builder both(OkHttpClient.Builder http) {
    return http.connectionSpecs(
        List.of(tls13(), ConnectionSpec.COMPATIBLE_TLS, ConnectionSpec.CLEARTEXT));
  }

  private static ConnectionSpec tls13() {
    return new ConnectionSpec.Builder(ConnectionSpec.MODERN_TLS)
        .tlsVersions(TlsVersion.TLS_1_3)
        .build();
  }
}
