package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.ConnectionPool;
import okhttp3.Dns;
import okhttp3.EventListener;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is relied on where connections are opened and closed that nobody asked OkHttp for. */
final class OpeningCanaryTest {

  private static final Request REQUEST = new Request.Builder().url("http://orders/").build();

  private final MockWebServer server = new MockWebServer();
  private final ServerRoutes routes = new ServerRoutes(host -> false, false);
  private final ConnectionPool pool = new ConnectionPool(8, 5, TimeUnit.MINUTES);
  private final Queue<Connection> acquired = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void start() throws IOException {
    server.start();
  }

  @AfterEach
  void close() {
    pool.evictAll();
    server.close();
  }

  @ParameterizedTest
  @EnumSource(
      value = Protocol.class,
      names = {"HTTP_1_1", "H2_PRIOR_KNOWLEDGE"})
  void acquired_whoIsToldThrows_keepsTheConnectionAndSendsNothing(Protocol protocol)
      throws IOException {
    server.setProtocols(List.of(protocol));
    OkHttpClient client = client(protocol);
    Opening opening = new Opening();
    ServerDns way = way(true);
    opening.expect(way);
    Call call = client.newCall(REQUEST.newBuilder().tag(ServerDns.class, way).build());
    call.tag(AttemptTrace.class, () -> opening);
    call.addEventListener(opening);

    assertThatThrownBy(call::execute).hasMessage("orders: only to be opened");
    assertThat(opening.opened()).isTrue();
    assertThat(pool.connectionCount()).isEqualTo(1);
    assertThat(pool.idleConnectionCount()).isEqualTo(1);
    assertThat(server.getRequestCount()).isZero();
    server.enqueue(new MockResponse.Builder().body("a").build());
    assertThat(get(client)).isEqualTo("a");
    assertThat(pool.connectionCount()).as("it is used").isEqualTo(1);
  }

  @Test
  void keepOthersAway_callRuns_lastCallClosesIt() throws IOException {
    OkHttpClient client = client(Protocol.HTTP_1_1);
    server.enqueue(new MockResponse.Builder().body("some words").build());
    try (Response response = client.newCall(request()).execute()) {
      assertThat(PooledConnection.keepOthersAway(acquired.element(), true)).isTrue();
      assertThat(response.body().string()).isEqualTo("some words");
    }

    assertThat(acquired.element().socket().isClosed()).isTrue();
    assertThat(pool.connectionCount()).isZero();
  }

  @Test
  void takeOutOfUse_idleConnection_leavesThePool() throws IOException {
    OkHttpClient client = client(Protocol.HTTP_1_1);
    server.enqueue(new MockResponse.Builder().body("a").build());
    get(client);

    assertThat(PooledConnection.forgets()).isTrue();
    assertThat(PooledConnection.takeOutOfUse(acquired.element(), true)).isTrue();
    assertThat(pool.connectionCount()).isZero();
    acquired.element().socket().close();
  }

  private String get(OkHttpClient client) throws IOException {
    try (Response response = client.newCall(request()).execute()) {
      return response.body().string();
    }
  }

  private Request request() {
    return REQUEST.newBuilder().tag(ServerDns.class, way(false)).build();
  }

  private ServerDns way(boolean fresh) {
    Server at =
        Server.of(server.getSocketAddress().getAddress().getHostAddress(), server.getPort());
    return routes.to("orders", at, Dns.SYSTEM, fresh);
  }

  private OkHttpClient client(Protocol protocol) {
    return new OkHttpClient.Builder()
        .protocols(List.of(protocol))
        .connectionPool(pool)
        .eventListener(
            new EventListener() {
              @Override
              public void connectionAcquired(Call call, Connection connection) {
                acquired.add(connection);
              }
            })
        .addInterceptor(
            chain -> {
              AttemptTrace trace = chain.call().tag(AttemptTrace.class);
              AttemptTrace used = trace == null ? new AttemptTrace() {} : trace;
              ServerDns way = chain.request().tag(ServerDns.class);
              if (trace == null) {
                used.expect(way);
                chain.call().addEventListener(used);
              }
              return used.proceed(chain, chain.request(), way);
            })
        .build();
  }
}
