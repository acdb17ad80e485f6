package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancerListener;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.EventListener;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A server that is taken out: its calls finish, and its connections end. */
class DrainTest {

  @RegisterExtension final Backends backends = new Backends();

  private final Queue<Connection> connections = new ConcurrentLinkedQueue<>();

  @ParameterizedTest
  @EnumSource(Wire.class)
  void drain_idleConnection_isClosedAndNoOther(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    BalancedClient client = client(backends.client(a, b));
    client.warmUp(a, b);
    client.balancer().admin().drain("a");

    client.await(() -> closed(a.server()));
    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(closed(b.server())).isFalse();
    client.balancer().admin().undrain("a");
    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(b.connections()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void drain_callRuns_isClosedOnlyAfterItsEnd(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.body("some words"));
    Backend b = backends.start("b", wire);
    BalancedClient client = client(backends.client(a, b));
    client.warmUp(b);
    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      client.balancer().admin().drain("a");
      client.balancer().admin().drain("b"); // nothing is in flight there, so that its end is told
      client.await(() -> closed(b.server()));

      assertThat(closed(a.server())).isFalse();
      assertThat(response.body().string()).isEqualTo("some words");
    }

    client.await(() -> closed(a.server()));
  }

  @Test
  void drain_serverSide_seesTheEnd() throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              while (connection.readRequest()) {
                connection.respond("200 OK", "Content-Length: 0");
              }
            });
    Backend b = backends.start("b");
    BalancedClient client = backends.client(b.wire(), a.server(), b.server()).build();
    client.get("/");
    assertThat(a.noConnectionOpen()).isFalse();
    client.balancer().admin().drain("a");

    client.await(a::noConnectionOpen);
  }

  @Test
  void departure_idleConnection_isClosedAndMadeAnewOnReturn() throws IOException {
    Backend a = backends.start("a");
    Backend b = backends.start("b");
    UpdatableServerList list = new UpdatableServerList(List.of(a.server(), b.server()));
    BalancedClient client = client(backends.client(a, b).servers(list));
    client.warmUp(a, b);
    list.update(List.of(b.server()));
    client.await(() -> closed(a.server()));
    list.update(List.of(a.server(), b.server()));

    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(a.connections()).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void departure_sameAddressUnderAnotherId_keepsTheConnection(Wire wire) throws Exception {
    Backend a = backends.start("a", wire);
    Server again = Server.builder("127.0.0.1", a.port()).id("a again").build();
    UpdatableServerList list = new UpdatableServerList(List.of(a.server()));
    BalancedClient client = client(backends.client(a).servers(list));
    client.get("/");
    CountDownLatch drained = new CountDownLatch(1);
    client
        .balancer()
        .wiring()
        .addListener( // after the interceptor's, so that it is told when all is done
            new LoadBalancerListener() {
              @Override
              public void drained(Drained event) {
                drained.countDown();
              }
            });

    list.update(List.of(again));
    assertThat(drained.await(20, TimeUnit.SECONDS)).isTrue();

    assertThat(closed(a.server())).isFalse();
    client.get("/");
    assertThat(a.connections()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void drainAndUndrain_underPosts_failNone(Wire wire) throws Exception {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    Backend c = backends.start("c", wire);
    BalancedClient client = backends.client(a, b, c).chooser(Choosers.powerOfTwoChoices()).build();
    AtomicInteger done = new AtomicInteger();
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      callers.add(
          new Thread(
              () -> {
                for (int call = 0; call < 300; call++) {
                  try {
                    client.post("/", "x");
                  } catch (IOException | RuntimeException e) {
                    failures.add(e);
                  }
                  done.incrementAndGet();
                }
              }));
    }
    callers.forEach(Thread::start);
    for (int round = 0; done.get() < 1_200; round++) {
      String id = List.of("a", "b", "c").get(round % 3);
      client.balancer().admin().drain(id);
      int seen = done.get();
      client.await(() -> done.get() >= Math.min(1_200, seen + 8));
      client.balancer().admin().undrain(id);
    }
    for (Thread caller : callers) {
      caller.join();
    }

    assertThat(failures).isEmpty();
    assertThat(a.hits() + b.hits() + c.hits()).isEqualTo(1_200);
    assertThat(client.inFlight()).isZero();
  }

  private BalancedClient client(BalancedClient.Builder builder) {
    EventListener recorder =
        new EventListener() {
          @Override
          public void connectionAcquired(Call call, Connection connection) {
            connections.add(connection);
          }
        };
    return builder.http(http -> http.eventListenerFactory(call -> recorder)).build();
  }

  /** Whether there were connections to the server, and all are closed. */
  private boolean closed(Server server) {
    List<Socket> sockets =
        connections.stream()
            .filter(connection -> connection.socket().getPort() == server.port())
            .map(Connection::socket)
            .toList();
    return !sockets.isEmpty() && sockets.stream().allMatch(Socket::isClosed);
  }
}
