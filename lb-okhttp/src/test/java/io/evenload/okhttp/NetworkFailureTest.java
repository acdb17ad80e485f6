package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.refused;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static io.evenload.okhttp.BalancedClient.Ended.timedOut;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Outcome;
import io.evenload.okhttp.BalancedClient.Ended;
import io.evenload.okhttp.BalancedClient.Reply;
import io.evenload.okhttp.RawBackend.Connection;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import mockwebserver3.SocketEffect;
import okhttp3.internal.http2.ErrorCode;
import okhttp3.internal.http2.StreamResetException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that break while a request is on its way. */
class NetworkFailureTest {

  /** Much for a response over a connection that is there, little for a test to wait. */
  private static final Duration SHORT = Duration.ofSeconds(1);

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("29: a response that does not come sends a GET to the next server")
  void get_readTimeout_goesToNextServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).http(http -> http.readTimeout(SHORT)).build();
    client.warmUp(a, b);
    a.always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(a.hits()).isEqualTo(2);
    assertThat(client.ended()).containsExactly(timedOut(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("29: a response that does not come is a POST's failure: it may have been done")
  void post_readTimeout_fails(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).http(http -> http.readTimeout(SHORT)).build();
    client.warmUp(a);
    a.always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));

    assertThatThrownBy(() -> client.post("/", "one order"))
        .isInstanceOf(SocketTimeoutException.class);
    assertThat(a.hits()).isEqualTo(2);
    assertThat(b.hits()).isZero();
    assertThat(client.ended()).containsExactly(timedOut(a.server()));
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_2", "HTTP_2_CLEARTEXT"})
  @DisplayName("30: a refused stream was not processed: a POST goes to the next server")
  @ReliesOnInternals("a refusal is not read")
  void post_refusedStream_goesToNextServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();
    client.warmUp(a);
    a.always(
        response ->
            response.onRequestStart(
                new SocketEffect.CloseStream(ErrorCode.REFUSED_STREAM.getHttpCode())));

    Reply reply = client.post("/orders", "one order");

    assertThat(reply.server()).isEqualTo("b");
    assertThat(b.onlyRequest().getBody().utf8()).isEqualTo("one order");
    assertThat(a.requests().stream().map(r -> r.getBody())).as("bodies at a").containsOnlyNulls();
    assertThat(client.ended()).containsExactly(refused(a.server()), succeeded(b));
  }

  @Test
  @DisplayName("30: if refusals are not trusted, a GET goes to the next server, and a POST fails")
  @ReliesOnInternals("a refusal is not read")
  void post_refusedStreamNotTrusted_isNotSentAgain() throws IOException {
    Backend a = backends.start("a", Wire.HTTP_2);
    Backend b = backends.start("b", Wire.HTTP_2);
    RetryPolicy policy = RetryPolicy.builder().refusalsTrusted(false).build();
    BalancedClient client =
        backends.client(a, b).balancing(options -> options.retry(policy)).build();
    a.always(
        response ->
            response.onRequestStart(
                new SocketEffect.CloseStream(ErrorCode.REFUSED_STREAM.getHttpCode())));

    assertThatThrownBy(() -> client.post("/orders", "one order"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("REFUSED_STREAM");
    assertThat(b.requests()).isEmpty();
    assertThat(client.get("/orders").server()).isEqualTo("b");
    assertThat(client.ended())
        .containsExactly(refused(a.server()), refused(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_2", "HTTP_2_CLEARTEXT"})
  @DisplayName("30: a refused stream on the very first connection is retried elsewhere too")
  @ReliesOnInternals("a refusal is not read")
  void post_refusedStreamOnFreshConnection_goesToNextServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.always(
        response ->
            response.onRequestStart(
                new SocketEffect.CloseStream(ErrorCode.REFUSED_STREAM.getHttpCode())));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    assertThat(client.post("/orders", "one order").server()).isEqualTo("b");
    assertThat(client.ended()).containsExactly(refused(a.server()), succeeded(b));
  }

  @Test
  @DisplayName("36: a fresh connection that ends without a response sends a GET to the next server")
  void get_freshConnectionCloses_goesToNextServer() throws IOException {
    RawBackend a = backends.raw("a", Connection::readRequest);
    Backend b = backends.start("b");
    BalancedClient client = backends.client(Wire.HTTP_1, a.server(), b.server()).build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(a.requests()).hasSize(1);
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @Test
  @DisplayName("36: a fresh connection that is reset sends a GET to the next server")
  void get_freshConnectionReset_goesToNextServer() throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              connection.readRequest();
              connection.reset();
            });
    Backend b = backends.start("b");
    BalancedClient client = backends.client(Wire.HTTP_1, a.server(), b.server()).build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @Test
  @DisplayName("36: a fresh connection that ends without a response is a POST's failure")
  void post_freshConnectionCloses_fails() throws IOException {
    RawBackend a = backends.raw("a", Connection::readRequest);
    Backend b = backends.start("b");
    BalancedClient client = backends.client(Wire.HTTP_1, a.server(), b.server()).build();

    assertThatThrownBy(() -> client.post("/", "one order")).isInstanceOf(IOException.class);
    assertThat(a.requests()).hasSize(1);
    assertThat(b.hits()).isZero();
    assertThat(client.ended()).containsExactly(failed(a.server()));
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_2", "HTTP_2_CLEARTEXT"})
  @DisplayName("36: over HTTP/2 too, a lost connection is retried for a GET, not for a POST")
  void http2_connectionCloses_getGoesToNextServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.always(response -> response.onResponseStart(new SocketEffect.CloseSocket()));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThatThrownBy(() -> client.post("/", "one order")).isInstanceOf(IOException.class);
    assertThat(a.hits()).isEqualTo(2);
    assertThat(b.hits()).isEqualTo(1);
    assertThat(client.ended())
        .containsExactly(failed(a.server()), succeeded(b), failed(a.server()));
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_2", "HTTP_2_CLEARTEXT"})
  @DisplayName("36: a stream that the server resets is its failure, on a pooled connection too")
  void http2_streamReset_isServersFailure(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();
    client.warmUp(a);
    int internalError = ErrorCode.INTERNAL_ERROR.getHttpCode();
    a.always(response -> response.onResponseStart(new SocketEffect.CloseStream(internalError)));

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @Test
  @DisplayName("37: a GET over a connection that went stale is sent again, and nobody is blamed")
  void get_staleConnection_isReplayedWithoutPenalty() throws IOException {
    RawBackend a = backends.raw("a", closingOnSecondRequest());
    Backend b = backends.start("b");
    BalancedClient client = backends.client(Wire.HTTP_1, a.server(), b.server()).build();
    client.get("/first");

    assertThat(client.get("/second").code()).isEqualTo(200);
    assertThat(client.ended()).extracting(Ended::outcome).noneMatch(Outcome::failed);
    assertThat(client.failureRate(a.server())).isZero();
  }

  @Test
  @DisplayName("37: a stale connection to the only server: the GET goes there over a new one")
  void get_staleConnectionToOnlyServer_isReplayedThere() throws IOException {
    RawBackend a = backends.raw("a", closingOnSecondRequest());
    BalancedClient client = backends.client(Wire.HTTP_1, a.server()).build();
    client.get("/first");

    assertThat(client.get("/second").server()).isEqualTo("a");
    assertThat(client.get("/third").server()).isEqualTo("a");

    assertThat(a.requests()).as("the second was sent twice").hasSize(4);
    assertThat(a.connections()).as("the third went over the second connection").isEqualTo(2);
    assertThat(client.failureRate(a.server())).isZero();
  }

  @Test
  @DisplayName("37: the replay takes a new connection, since those in the pool are as old")
  void get_severalStaleConnections_isReplayedOnce() throws Exception {
    CountDownLatch bothHere = new CountDownLatch(2);
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              while (connection.readRequest()) {
                if (connection.requestsRead() == 2) {
                  return;
                }
                bothHere.countDown();
                awaitLatch(bothHere);
                connection.respond("200 OK");
              }
            });
    BalancedClient client =
        backends.client(Wire.HTTP_1, a.server()).balancing(Policies.attempts(2)).build();
    Thread atOnce = Threads.start(() -> client.get("/first of its connection"));
    client.get("/first of its connection too");
    atOnce.join();
    assertThat(client.http().connectionPool().idleConnectionCount()).isEqualTo(2);

    assertThat(client.get("/").code()).isEqualTo(200);
    assertThat(a.connections()).isEqualTo(3);
  }

  private static void awaitLatch(CountDownLatch latch) throws IOException {
    try {
      if (!latch.await(20, SECONDS)) {
        throw new IOException("waited in vain");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Test
  @DisplayName("37: a connection that the server closed while it was idle costs a GET nothing")
  void get_connectionClosedWhileIdle_isReplayedWithoutPenalty() throws IOException {
    RawBackend a = backends.raw("a", NetworkFailureTest::respondOnce);
    BalancedClient client = backends.client(Wire.HTTP_1, a.server()).build();
    client.get("/first");
    backends.await(a::noConnectionOpen);

    assertThat(client.get("/second").server()).isEqualTo("a");
    assertThat(client.ended()).extracting(Ended::outcome).noneMatch(Outcome::failed);
  }

  @Test
  @DisplayName("38: a POST over a connection that went stale fails: it may have been done")
  void post_staleConnection_fails() throws IOException {
    RawBackend a = backends.raw("a", closingOnSecondRequest());
    Backend b = backends.start("b");
    BalancedClient client = backends.client(Wire.HTTP_1, a.server(), b.server()).build();
    client.get("/first");

    assertThatThrownBy(() -> client.post("/second", "one order")).isInstanceOf(IOException.class);
    assertThat(a.requests()).hasSize(2);
    assertThat(a.connections()).isEqualTo(1);
    assertThat(b.hits()).isZero();
    assertThat(client.failureRate(a.server())).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_2", "HTTP_2_CLEARTEXT"})
  @DisplayName("45: a POST survives that the server says goodbye to the connection")
  void post_connectionGoneAway_goesOverNewConnection(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.next(response -> response.onResponseEnd(SocketEffect.ShutdownConnection.INSTANCE));
    BalancedClient client = backends.client(a).build();
    client.get("/first");

    // Whether the goodbye is here already or comes while the request is on its way.
    try {
      assertThat(client.post("/orders", "one order").server()).isEqualTo("a");
    } catch (StreamResetException refused) {
      assertThat(Boolean.getBoolean("io.evenload.okhttp.separateCalls"))
          .as("that the stream was refused is told by nothing that is public")
          .isTrue();
      return;
    }
    assertThat(a.hits()).isEqualTo(2);
    assertThat(a.connections()).isEqualTo(2);
  }

  /** Answers one request and closes, without having announced it. */
  private static void respondOnce(Connection connection) throws IOException {
    connection.readRequest();
    connection.respond("200 OK");
  }

  /** Answers one request on the first connection and all on later ones. */
  private static RawBackend.Handler closingOnSecondRequest() {
    boolean[] closed = new boolean[1];
    return connection -> {
      while (connection.readRequest()) {
        if (!closed[0] && connection.requestsRead() == 2) {
          closed[0] = true;
          return;
        }
        connection.respond("200 OK");
      }
    };
  }
}
