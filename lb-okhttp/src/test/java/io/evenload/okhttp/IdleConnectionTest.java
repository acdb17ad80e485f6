package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Outcome;
import io.evenload.okhttp.BalancedClient.Ended;
import io.evenload.okhttp.RawBackend.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import mockwebserver3.SocketEffect;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Connections that a server closed while they were idle, which OkHttp by itself makes up for by
 * sending the request again.
 */
class IdleConnectionTest {

  @RegisterExtension final Backends backends = new Backends();

  static List<Consumer<LoadBalancingInterceptor.Builder>> policies() {
    return List.of(
        options -> {},
        options -> options.retry(RetryPolicy.none()),
        options -> options.retry(RetryPolicy.builder().retryIf((r, f) -> false).build()),
        options ->
            options.retry(RetryPolicy.builder().attemptTimeout(Duration.ofMinutes(1)).build()),
        options -> options.separateCalls());
  }

  @ParameterizedTest
  @MethodSource("policies")
  @DisplayName("a POST after the server closed each idle connection goes out on a fresh one, once")
  void post_connectionClosedWhileIdle_isSentOnceOnFreshOne(
      Consumer<LoadBalancingInterceptor.Builder> policy) throws IOException {
    RawBackend a = backends.raw("a", IdleConnectionTest::respondOnce);
    BalancedClient client = backends.client(Wire.HTTP_1, a.server()).balancing(policy).build();
    for (int i = 0; i < 10; i++) {
      assertThat(client.post("/" + i, "one order").code()).isEqualTo(200);
      backends.await(a::noConnectionOpen);
    }
    assertThat(a.requests()).doesNotHaveDuplicates().hasSize(10);
    assertThat(client.ended()).hasSize(10).extracting(Ended::outcome).containsOnly(Outcome.SUCCESS);
    assertThat(client.calls().retries()).isZero();
    assertThat(client.inFlight()).isZero();
  }

  @Test
  @DisplayName("the last attempt that a policy allows looks at its connection too, be it a GET")
  void get_lastAttempt_goesOverFreshConnection() throws IOException {
    RawBackend a = backends.raw("a", IdleConnectionTest::respondOnce);
    BalancedClient client =
        backends
            .client(Wire.HTTP_1, a.server())
            .balancing(options -> options.retry(RetryPolicy.none()))
            .build();
    for (int i = 0; i < 5; i++) {
      assertThat(client.get("/" + i).code()).isEqualTo(200);
      backends.await(a::noConnectionOpen);
    }
    assertThat(a.requests()).doesNotHaveDuplicates().hasSize(5);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("a POST that crosses the server's goodbye may fail, but is never sent twice")
  void post_crossesGoodbye_isAnsweredOrFails(Wire wire) {
    Backend a =
        backends
            .start("a", wire)
            .always(response -> response.onResponseEnd(SocketEffect.ShutdownConnection.INSTANCE));
    BalancedClient client = backends.client(a).build();
    int answered = 0;
    for (int i = 0; i < 20; i++) {
      try {
        assertThat(client.post("/orders", "one order").server()).isEqualTo("a");
        answered++;
      } catch (IOException unknown) {
        assertThat(LoadBalancingInterceptor.attemptsOf(unknown)).hasSize(1); // perhaps processed
      }
    }
    assertThat(answered).isPositive();
    assertThat(a.hits()).isBetween(answered, 20);
    assertThat(client.inFlight()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("a connection that is open is kept, however long it was idle")
  void post_connectionOpen_isReused(Wire wire) throws Exception {
    Backend a = backends.start("a", wire);
    BalancedClient client = backends.client(a).build();
    CountDownLatch never = new CountDownLatch(1);
    for (int i = 0; i < 4; i++) {
      client.post("/orders", "one order");
      assertThat(never.await(15, MILLISECONDS)).isFalse();
    }
    assertThat(a.hits()).isEqualTo(4);
    assertThat(a.connections()).isEqualTo(1);
  }

  @Test
  @DisplayName("a proxy's 408 that waits on the connection is no answer to a POST")
  void post_408BeforeIt_goesOverFreshConnection() throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              connection.readRequest();
              connection.respond("200 OK");
              connection.respond("408 Request Timeout", "Connection: close");
            });
    BalancedClient client = backends.client(Wire.HTTP_1, a.server()).build();
    for (int i = 0; i < 4; i++) {
      assertThat(client.post("/" + i, "one order").code()).isEqualTo(200);
      backends.await(a::noConnectionOpen);
    }
    assertThat(a.requests()).doesNotHaveDuplicates().hasSize(4);
  }

  @Test
  @DisplayName(
      "a proxy's 408 to a GET on a connection that was idle is repeated once, blaming nobody")
  void get_408OnIdleConnection_isRepeatedOverFreshOne() throws IOException {
    RawBackend a = backends.raw("a", answering408ToSecond());
    BalancedClient client = backends.client(Wire.HTTP_1, a.server()).build();

    assertThat(client.get("/first").code()).isEqualTo(200);
    assertThat(client.get("/second").code()).isEqualTo(200);
    assertThat(a.connections()).isEqualTo(2);
    assertThat(client.ended()).extracting(Ended::outcome).doesNotContain(Outcome.FAILURE);
  }

  @Test
  @DisplayName(
      "a 408 to a POST whose body was sent is the caller's; without its body it is repeated")
  void post_408OnIdleConnection_isRepeatedOnlyWithoutBody() throws IOException {
    RawBackend a = backends.raw("a", answering408ToSecond());
    BalancedClient client = backends.client(Wire.HTTP_1, a.server()).build();
    client.get("/first");
    assertThat(client.post("/second", "one order").code()).isEqualTo(408);
    client.get("/first again");

    Request expecting =
        client
            .request("/third")
            .header("Expect", "100-continue")
            .post(RequestBody.create("one order", null))
            .build();
    assertThat(client.execute(expecting).code()).isEqualTo(200);
    assertThat(a.requests().stream().filter(line -> line.contains("/second"))).hasSize(1);
  }

  @Test
  @DisplayName("a 408 on a fresh connection is the caller's")
  void get_408OnFreshConnection_isTheCallers() throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              connection.readRequest();
              connection.respond("408 Request Timeout", "Connection: close");
            });
    BalancedClient client = backends.client(Wire.HTTP_1, a.server()).build();
    assertThat(client.get("/").code()).isEqualTo(408);
    assertThat(a.requests()).hasSize(1);
  }

  @Test
  @DisplayName("a server that dies while it works on pooled requests is to blame for each")
  void get_serverDiesAtWork_isBlamedAndRetriedUnderTheBudget() throws Exception {
    int calls = 20;
    VirtualTiming time = new VirtualTiming();
    Semaphore asked = new Semaphore(0);
    CountDownLatch warm = new CountDownLatch(calls);
    CountDownLatch dies = new CountDownLatch(1);
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              while (connection.readRequest()) {
                if (connection.requestsRead() == 2) {
                  asked.release();
                  awaitOpen(dies);
                  return;
                }
                warm.countDown();
                awaitOpen(warm);
                connection.respond("200 OK");
              }
            });
    BalancedClient client =
        backends
            .client(Wire.HTTP_1, a.server())
            .balancing(
                options ->
                    options
                        .timing(time.timing())
                        .retry(Policies.immediate(3).budgetRatio(0).budgetPerSecond(0).build()))
            .build();
    List<Thread> warming = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      warming.add(Threads.start(() -> client.get("/warm-up")));
    }
    for (Thread thread : warming) {
      thread.join();
    }
    assertThat(client.http().connectionPool().idleConnectionCount()).isEqualTo(calls);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      threads.add(
          Threads.start(
              () -> assertThatThrownBy(() -> client.get("/")).isInstanceOf(IOException.class)));
    }
    asked.acquire(calls);
    time.advance(RetryPolicy.DEFAULT_STALE_WITHIN);
    dies.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(client.ended().stream().filter(failed(a.server())::equals)).hasSize(calls);
    assertThat(a.requests()).as("nothing free of the budget").hasSize(2 * calls);
  }

  private static void awaitOpen(CountDownLatch latch) throws IOException {
    try {
      if (!latch.await(20, SECONDS)) {
        throw new IOException("waited in vain");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  /** Answers one request and closes, without having announced it. */
  private static void respondOnce(Connection connection) throws IOException {
    connection.readRequest();
    connection.respond("200 OK");
  }

  /**
   * Answers what comes second on each connection as a proxy does for one that was idle too long.
   */
  private static RawBackend.Handler answering408ToSecond() {
    return connection -> {
      connection.readHead(); // whose body, if it has one, waits for "100 Continue"
      connection.respond("200 OK");
      if (connection.readHead() >= 0) {
        connection.respond("408 Request Timeout", "Connection: close");
      }
    };
  }
}
