package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.ServerList;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocketFactory;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.ConnectionPool;
import okhttp3.EventListener;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okhttp3.tls.HandshakeCertificates;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Balancers whose clients share a pool, and so its connections: one drains, the other calls. */
final class SharedPoolTest {

  @RegisterExtension final Backends backends = new Backends();

  private final ConnectionPool pool = new ConnectionPool(64, 5, TimeUnit.MINUTES);
  private final HandshakeCertificates trust =
      new HandshakeCertificates.Builder()
          .addTrustedCertificate(Wire.AUTHORITY.certificate())
          .build();
  private final SSLSocketFactory sockets = trust.sslSocketFactory(); // one, as the pool compares it
  private final Queue<Connection> connections = new ConcurrentLinkedQueue<>();
  private volatile Runnable whenAcquired = () -> {};

  @AfterEach
  void close() {
    pool.evictAll();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void drain_otherBalancersCallRuns_isClosedOnlyAfterItsEnd(Wire wire) throws Exception {
    Backend a = backends.start("a", wire);
    BalancedClient drains = client(backends.client(a));
    BalancedClient calls = client(backends.client(a));
    drains.get("/");
    try (Response response = calls.http().newCall(calls.request("/").build()).execute()) {
      drain(drains.balancer());

      assertThat(isClosed()).isFalse();
      assertThat(response.body().string()).isEqualTo("a");
    }

    backends.await(this::isClosed);
    assertThat(a.connections()).isEqualTo(1);
    assertThat(calls.post("/", "x").server()).isEqualTo("a");
    assertThat(a.connections()).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @ReliesOnInternals("a call that was given the connection a moment ago may have to take another")
  void drain_otherBalancersCallWasJustGivenIt_isClosedOnlyAfterItsEnd(Wire wire) throws Exception {
    Backend a = backends.start("a", wire);
    BalancedClient drains = client(backends.client(a));
    BalancedClient calls = client(backends.client(a));
    drains.get("/");
    CountDownLatch given = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    whenAcquired = () -> awaitAfter(given, goOn);
    Request post = calls.request("/").post(RequestBody.create("x", null)).build();
    PendingReply pending = PendingReply.enqueue(calls.http().newCall(post));
    assertThat(given.await(20, TimeUnit.SECONDS)).isTrue();
    drain(drains.balancer());

    assertThat(isClosed()).isFalse();
    goOn.countDown();
    assertThat(pending.reply().server()).isEqualTo("a");
    assertThat(a.connections()).isEqualTo(1);
    backends.await(this::isClosed);
  }

  private static void awaitAfter(CountDownLatch told, CountDownLatch awaited) {
    told.countDown();
    try {
      assertThat(awaited.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void drain_otherBalancerOpenedIt_idleOneIsClosed(Wire wire) throws Exception {
    Backend a = backends.start("a", wire);
    BalancedClient drains = client(backends.client(a));
    BalancedClient calls = client(backends.client(a));
    calls.get("/");
    drains.get("/");
    assertThat(a.connections()).isEqualTo(1);

    drain(drains.balancer());

    backends.await(this::isClosed);
    assertThat(calls.post("/", "x").server()).isEqualTo("a");
  }

  @Test
  void drain_otherClientHasItsOwnPool_itsConnectionStays() throws Exception {
    Backend a = backends.start("a");
    BalancedClient drains = client(backends.client(a));
    BalancedClient calls = backends.client(a).build();
    drains.get("/");
    calls.get("/");
    assertThat(a.connections()).isEqualTo(2);

    drain(drains.balancer());
    backends.await(this::isClosed);

    calls.get("/");
    assertThat(a.connections()).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void drain_otherServiceOfTheInterceptorCalls_isClosedOnlyAfterItsEnd(Wire wire) throws Exception {
    Backend a = backends.start("a", wire);
    try (LoadBalancer other =
        LoadBalancer.builder("other").servers(ServerList.of(a.server())).build()) {
      BalancedClient client =
          client(
              backends
                  .client(a)
                  .balancing(
                      balancing ->
                          balancing
                              .service("other.test", other)
                              .serviceOf(
                                  request ->
                                      request.url().encodedPath().equals("/other")
                                          ? "other.test"
                                          : BalancedClient.HOST)));
      client.get("/");
      Request request = client.request("/other").build();
      try (Response response = client.http().newCall(request).execute()) {
        drain(client.balancer());

        assertThat(isClosed()).isFalse();
        assertThat(response.body().string()).isEqualTo("a");
      }
      backends.await(this::isClosed);
      assertThat(a.connections()).isEqualTo(1);
    }
  }

  @Test
  void drain_otherBalancersWebSocketIsOpen_staysOpen() throws Exception {
    Queue<String> seen = new ConcurrentLinkedQueue<>();
    Backend a = backends.start("a");
    BalancedClient drains = client(backends.client(a));
    BalancedClient calls = client(backends.client(a));
    drains.get("/");
    a.nextBare(response -> response.webSocketUpgrade(noting(seen, true)));
    WebSocket socket = calls.http().newWebSocket(calls.request("/").build(), noting(seen, false));
    backends.await(() -> seen.contains("open"));
    assertThat(a.connections()).isEqualTo(1);

    drain(drains.balancer());
    socket.send("hello");
    backends.await(() -> seen.contains("hello back"));
    socket.close(1000, "done");
    backends.await(() -> seen.contains("closed"));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void drainAndUndrain_underOthersPosts_failNone(Wire wire) throws Exception {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    BalancedClient drains = client(backends.client(a, b));
    BalancedClient calls = client(backends.client(a, b));
    AtomicInteger done = new AtomicInteger();
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    List<Thread> callers = new ArrayList<>();
    for (BalancedClient each : List.of(drains, calls, calls)) {
      callers.add(new Thread(() -> postMany(each, done, failures)));
    }
    callers.forEach(Thread::start);
    for (int round = 0; done.get() < 900; round++) {
      String id = round % 2 == 0 ? "a" : "b";
      drains.balancer().admin().drain(id);
      int seen = done.get();
      backends.await(() -> done.get() >= Math.min(900, seen + 4));
      drains.balancer().admin().undrain(id);
    }
    for (Thread caller : callers) {
      caller.join();
    }

    assertThat(failures).isEmpty();
    assertThat(a.hits() + b.hits()).isEqualTo(900);
  }

  private void postMany(BalancedClient client, AtomicInteger done, Queue<Throwable> failures) {
    for (int call = 0; call < 300; call++) {
      try {
        client.post("/", "x");
      } catch (IOException | RuntimeException e) {
        failures.add(e);
      }
      done.incrementAndGet();
      backends.signal().changed();
    }
  }

  private static WebSocketListener noting(Queue<String> seen, boolean answers) {
    return new WebSocketListener() {
      @Override
      public void onOpen(WebSocket socket, Response response) {
        seen.add("open");
      }

      @Override
      public void onMessage(WebSocket socket, String text) {
        seen.add(text);
        if (answers) {
          socket.send(text + " back");
        }
      }

      @Override
      public void onClosing(WebSocket socket, int code, String reason) {
        socket.close(code, reason);
      }

      @Override
      public void onClosed(WebSocket socket, int code, String reason) {
        seen.add("closed");
      }
    };
  }

  private BalancedClient client(BalancedClient.Builder builder) {
    EventListener recorder =
        new EventListener() {
          @Override
          public void connectionAcquired(Call call, Connection connection) {
            connections.add(connection);
            whenAcquired.run();
          }
        };
    return builder.http(http -> shared(http).eventListenerFactory(call -> recorder)).build();
  }

  private OkHttpClient.Builder shared(OkHttpClient.Builder http) {
    return http.connectionPool(pool).sslSocketFactory(sockets, trust.trustManager());
  }

  /** Drains server a, and waits until the interceptor was told that nothing is in flight there. */
  private static void drain(LoadBalancer balancer) throws InterruptedException {
    CountDownLatch drained = new CountDownLatch(1);
    balancer
        .wiring()
        .addListener(
            new LoadBalancerListener() {
              @Override
              public void drained(Drained event) {
                drained.countDown();
              }
            });
    balancer.admin().drain("a");
    assertThat(drained.await(20, TimeUnit.SECONDS)).isTrue();
  }

  /** Whether the first connection that was used is closed. */
  private boolean isClosed() {
    return connections.element().socket().isClosed();
  }
}
