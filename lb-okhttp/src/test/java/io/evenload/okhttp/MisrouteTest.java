package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CountDownLatch;
import mockwebserver3.MockResponseBody;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocketListener;
import okio.BufferedSink;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Retries when a call cannot be taken off the connection of its last attempt, so that OkHttp would
 * send the next one to the same server again.
 */
class MisrouteTest {

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("31: without detaching, a retry is stopped on its way to the wrong server")
  @ReliesOnInternals("nothing is detached")
  void retry_withoutDetaching_isStoppedAndReachesServerChosen(Wire wire) throws IOException {
    backends.expectMisroute();
    Backend a = backends.start("a", wire).always(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client =
        backends.client(a, b).balancing(LoadBalancingInterceptor.Builder::withoutDetaching).build();

    Reply first = client.get("/");
    assertThat(a.hits()).as("requests at the first server, of which none is a retry").isEqualTo(1);
    Reply second = client.get("/");

    assertThat(first.server()).isEqualTo("b");
    assertThat(second.server()).isEqualTo("b");
    assertThat(a.hits()).isEqualTo(2);
    assertThat(client.calls().misrouted())
        .as("told once, since from then on retries take the safe way")
        .hasSize(1);
    assertThat(client.ended())
        .containsExactly(failed(a.server()), succeeded(b), failed(a.server()), succeeded(b));
  }

  @Test
  @DisplayName("31: a web socket, which no network interceptor sees, is told of at least")
  @ReliesOnInternals("nothing is detached")
  void webSocket_withoutDetaching_isTold() {
    backends.expectMisroute();
    Backend a = backends.start("a").always(response -> response.code(503));
    Backend b = backends.start("b");
    BalancedClient client =
        backends.client(a, b).balancing(LoadBalancingInterceptor.Builder::withoutDetaching).build();

    WebSocketListener nobody = new WebSocketListener() {};
    client.http().newWebSocket(client.request("/socket").build(), nobody);

    client.await(() -> client.calls().misrouted().size() == 1);
    client.await(() -> client.inFlight() == 0);
    assertThat(a.hits()).as("what this test provokes").isEqualTo(2);
    assertThat(client.failureRate(b.server())).as("nobody judges b by a's answer").isZero();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("32: where detaching does not work, a retry still reaches the server chosen")
  void retry_detachingPrevented_reachesServerChosen(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client =
        backends
            .client(a, b)
            // Inside the balancing interceptor, where nobody should be: it keeps the request by
            // which the call lets go of its connection from getting to OkHttp.
            .inside(http -> http.addInterceptor(MisrouteTest::onlyOurHost))
            .build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("32: detaching leaves the connection in the pool, for the next call to the server")
  void retry_detached_keepsConnection(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();
    OkHttpClient http = client.http();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(http.connectionPool().idleConnectionCount()).isEqualTo(2);
    assertThat(client.get("/").server()).isEqualTo("a");

    assertThat(a.hits()).isEqualTo(2);
    assertThat(a.connections()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_2", "HTTP_2_CLEARTEXT"})
  @DisplayName("32: detaching leaves the other streams of the connection alone")
  void retry_detached_siblingStreamGoesOn(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    CountDownLatch retried = new CountDownLatch(1);
    a.nextBare(
        response ->
            response
                .removeHeader("Content-Length")
                .body(
                    new MockResponseBody() {
                      @Override
                      public long getContentLength() {
                        return -1;
                      }

                      @Override
                      public void writeTo(BufferedSink sink) throws IOException {
                        sink.writeUtf8("begun, ").flush();
                        awaitLatch(retried);
                        sink.writeUtf8("and done");
                      }
                    }));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    try (Response sibling = client.http().newCall(client.request("/long").build()).execute()) {
      assertThat(sibling.body().source().readUtf8(7)).isEqualTo("begun, ");
      a.next(response -> response.code(503));
      assertThat(client.get("/").server()).isEqualTo("b");
      retried.countDown();
      assertThat(sibling.body().source().readUtf8()).isEqualTo("and done");
    }

    assertThat(a.hits()).isEqualTo(2);
    assertThat(a.connections()).isEqualTo(1);
  }

  private static void awaitLatch(CountDownLatch latch) throws IOException {
    try {
      if (!latch.await(20, SECONDS)) {
        throw new IOException("waited in vain");
      }
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }

  private static Response onlyOurHost(Interceptor.Chain chain) throws IOException {
    Request request = chain.request();
    if (!request.url().host().equals(BalancedClient.HOST)) {
      throw new IOException("not our host: " + request.url());
    }
    return chain.proceed(request);
  }
}
