package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.EndpointState;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Protocol;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that are open before anybody needs them. */
class WarmUpTest {

  @RegisterExtension final Backends backends = new Backends();

  private final AtomicInteger handshakes = new AtomicInteger();
  private final ManualTimer timer = new ManualTimer();
  private final AtomicLong aheadNanos = new AtomicLong();
  private final UpdatableServerList list = new UpdatableServerList();

  @ParameterizedTest
  @EnumSource(
      value = Protocol.class,
      names = {"HTTP_1_1", "HTTP_2"})
  void ready_firstCallToEachServer_paysNoHandshake(Protocol protocol) throws Exception {
    Backend a = backends.start("a", Wire.HTTP_2);
    Backend b = backends.start("b", Wire.HTTP_2);
    Backend c = backends.start("c", Wire.HTTP_2);
    list.update(List.of(a.server(), b.server(), c.server()));
    BalancedClient client =
        warming(Wire.HTTP_2)
            .http(http -> http.protocols(List.of(Protocol.HTTP_1_1)))
            .http(
                http -> {
                  if (protocol == Protocol.HTTP_2) {
                    http.protocols(Wire.HTTP_2.protocols);
                  }
                })
            .build();
    ready(client);
    assertThat(client.http().connectionPool().connectionCount())
        .isEqualTo(protocol == Protocol.HTTP_2 ? 3 : 6);

    for (Backend each : List.of(a, b, c)) {
      assertThat(ask(client, each.server()).protocol()).isEqualTo(protocol);
      assertThat(each.hits()).as("nothing was sent before").isEqualTo(1);
    }
    assertThat(handshakes.get()).isZero();
  }

  @Test
  void ready_listComesLater_waitsForIt() throws Exception {
    Backend a = backends.start("a", Wire.HTTP_2);
    BalancedClient client = warming(Wire.HTTP_2).build();
    var ready = client.interceptor().ready(client.http()).toCompletableFuture();
    assertThat(ready).isNotDone();
    list.update(List.of(a.server()));
    ready.get(20, TimeUnit.SECONDS);

    client.get("/");
    assertThat(handshakes.get()).isZero();
  }

  @Test
  void ready_noneToBeWarm_isThatOfTheBalancer() throws Exception {
    Backend a = backends.start("a");
    BalancedClient client = backends.client(a).build();
    ready(client);

    assertThat(client.http().connectionPool().connectionCount()).isZero();
  }

  @Test
  void newServer_cannotBeReachedAtFirst_isChosenWhenItIsWarm() throws Exception {
    Backend a = backends.start("a", Wire.HTTP_2);
    BalancedClient client = warm(a.server());
    int port = freePort();
    Server later = Server.builder("127.0.0.1", port).id("b").build();
    list.update(List.of(later, a.server()));
    client.await(() -> state(client, "b") == EndpointState.UNHEALTHY);

    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(reason(client, "b")).isEqualTo("warming up: no connection is open yet");
    backends.start("b", Wire.HTTP_2, "127.0.0.1", port);
    client.await(
        () -> {
          timer.fire(); // it is tried again each second
          return state(client, "b") == EndpointState.ELIGIBLE;
        });
    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(handshakes.get()).isZero();
  }

  @Test
  void newServer_canNotBeReached_isChosenAfterAWhile() throws Exception {
    Backend a = backends.start("a", Wire.HTTP_2);
    BalancedClient client = warm(a.server());
    Server down = backends.refusing("down");
    list.update(List.of(down, a.server()));
    client.await(() -> state(client, "down") == EndpointState.UNHEALTHY);
    client.await(
        () -> {
          passSecond();
          return state(client, "down") == EndpointState.ELIGIBLE;
        });
    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(client.ended()).contains(BalancedClient.Ended.refused(down));
  }

  @Test
  void newServer_nobodyElseIsThere_isChosen() throws Exception {
    Server down = backends.refusing("down");
    BalancedClient client = warming(Wire.HTTP_2).build();
    var ready = client.interceptor().ready(client.http()).toCompletableFuture();
    list.update(List.of(down));
    client.await(() -> state(client, "down") == EndpointState.UNHEALTHY);

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(ConnectException.class);
    assertThat(ready).isNotDone();
    client.await(
        () -> {
          passSecond();
          return ready.isDone();
        });
  }

  @Test
  void keep_connectionsAreClosed_areOpenedAgain() throws Exception {
    Backend a = backends.start("a", Wire.HTTP_2);
    BalancedClient client = warm(a.server());
    client.http().connectionPool().evictAll();
    client.await(
        () -> {
          passSecond();
          return client.http().connectionPool().connectionCount() == 1;
        });
    client.get("/");
    assertThat(handshakes.get()).isZero();
  }

  @Test
  void drain_takenBack_isWarmBeforeItIsChosen() throws Exception {
    Backend a = backends.start("a", Wire.HTTP_2);
    Backend b = backends.start("b", Wire.HTTP_2);
    BalancedClient client = warm(a.server(), b.server());
    client.balancer().admin().drain("a");
    client.await(() -> client.connections(a.server()) == 0);
    assertThat(client.get("/").server()).isEqualTo("b");
    client.balancer().admin().undrain("a");

    client.await(
        () -> {
          timer.fire();
          return state(client, "a") == EndpointState.ELIGIBLE;
        });
    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(handshakes.get()).isZero();
  }

  @Test
  void weightZero_getsNoConnection() throws Exception {
    Backend a = backends.start("a", Wire.HTTP_2);
    Backend b = backends.start("b", Wire.HTTP_2);
    Server idle = Server.builder("127.0.0.1", b.port()).id("b").weight(0).build();
    BalancedClient client = warm(a.server(), idle);

    assertThat(client.connections(a.server())).isEqualTo(1);
    assertThat(client.connections(idle)).isZero();
  }

  @Test
  void close_takesBackWhatItGave() throws Exception {
    Backend a = backends.start("a", Wire.HTTP_2);
    BalancedClient client = warm(a.server());
    client.interceptor().close();
    Server down = backends.refusing("down");
    list.update(List.of(a.server(), down));
    timer.fire();

    client.await(() -> state(client, "down") == EndpointState.ELIGIBLE);
    client.await(() -> timer.waiting() == 0);
    assertThatThrownBy(() -> client.interceptor().ready(client.http()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  private void passSecond() {
    aheadNanos.addAndGet(Duration.ofSeconds(1).toNanos());
    timer.fire();
  }

  /** A client of these servers, whose connections are warm. */
  private BalancedClient warm(Server... servers) throws Exception {
    list.update(List.of(servers));
    BalancedClient client = warming(Wire.HTTP_2).build();
    ready(client);
    return client;
  }

  private BalancedClient.Builder warming(Wire wire) {
    return backends
        .client(wire)
        .servers(list)
        .balancing(
            calls -> calls.timing(timing()).connections(ConnectionPolicy.builder().warm(2).build()))
        .http(
            http ->
                http.eventListenerFactory(
                    call ->
                        new EventListener() {
                          @Override
                          public void secureConnectStart(Call of) {
                            handshakes.incrementAndGet();
                          }
                        }));
  }

  private Timing timing() {
    Timing system = Timing.SYSTEM;
    return new Timing(
        () -> System.nanoTime() + aheadNanos.get(),
        system.epochMillis(),
        system.random(),
        system.waiting(),
        timer,
        system.workers());
  }

  private static void ready(BalancedClient client) throws Exception {
    client.interceptor().ready(client.http()).toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static BalancedClient.Reply ask(BalancedClient client, Server server) throws IOException {
    RequestContext only = RequestContext.create().only(each -> each.id().equals(server.id()));
    return client.execute(client.request("/").tag(RequestContext.class, only).build());
  }

  private static EndpointState state(BalancedClient client, String id) {
    return endpoint(client, id).state();
  }

  private static String reason(BalancedClient client, String id) {
    return endpoint(client, id).reason();
  }

  private static EndpointStatus endpoint(BalancedClient client, String id) {
    return client.balancer().status().endpoints().stream()
        .filter(each -> each.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
