package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancer;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.Dns;
import okhttp3.Request;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which server a call reaches, and over which connection. */
class RoutingTest {

  @RegisterExtension final Backends backends = new Backends();

  @Test
  @DisplayName("1: round robin gives every server its turn")
  void call_roundRobin_takesTurns() throws IOException {
    Backend a = backends.start("a");
    Backend b = backends.start("b");
    Backend c = backends.start("c");
    BalancedClient client = backends.client(a, b, c).chooser(Choosers.roundRobin()).build();

    List<String> served = served(client, 9);

    assertThat(served.subList(0, 3)).containsExactlyInAnyOrder("a", "b", "c");
    assertThat(served.subList(3, 6)).isEqualTo(served.subList(0, 3));
    assertThat(served.subList(6, 9)).isEqualTo(served.subList(0, 3));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("2: servers at one address are told apart by their ports")
  void call_sameAddressOtherPort_reachesTheServerChosen(Wire wire) throws IOException {
    Backend a = backends.start("a", wire, "127.0.0.1", 0);
    Backend b = backends.start("b", wire, "127.0.0.1", 0);

    assertThatEachIsReached(a, b);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("3: servers with one port are told apart by their addresses")
  void call_samePortOtherAddress_reachesTheServerChosen(Wire wire) throws IOException {
    Backend a = backends.start("a", wire, "127.0.0.1", 0);
    Backend b = backends.start("b", wire, "127.0.0.2", a.port());

    assertThatEachIsReached(a, b);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("4: calls one after another keep one connection to each server")
  void call_oneAfterAnother_keepsOneConnectionPerServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).chooser(Choosers.roundRobin()).build();

    served(client, 20);

    assertThat(List.of(a.hits(), b.hits())).containsExactly(10, 10);
    assertThat(List.of(a.connections(), b.connections())).containsExactly(1L, 1L);
    assertThat(client.http().connectionPool().connectionCount()).isEqualTo(2);
  }

  @Test
  @DisplayName("5: a server that comes again in a list keeps its pooled connection")
  void call_serverListedAnew_reusesItsConnection() throws IOException {
    Backend a = backends.start("a");
    Backend b = backends.start("b");
    UpdatableServerList list = new UpdatableServerList(List.of(a.server()));
    BalancedClient client = backends.client(a).servers(list).build();
    client.get("/first");

    list.update(List.of(reweighted(a)));
    client.get("/after a change of weight");
    list.update(List.of(b.server()));
    client.get("/elsewhere");
    list.update(List.of(a.server()));
    client.get("/after leaving and returning");

    assertThat(a.hits()).isEqualTo(3);
    assertThat(a.connections()).isEqualTo(1);
  }

  @Test
  @DisplayName("5: a client derived from another shares its connections")
  void call_derivedClient_reusesConnection() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = backends.client(a).build();
    client.get("/first");

    Request request = client.request("/derived").build();
    Reply.read(client.http().newBuilder().build().newCall(request).execute());

    assertThat(a.hits()).isEqualTo(2);
    assertThat(a.connections()).isEqualTo(1);
  }

  @Test
  @DisplayName("7: servers with IPv6 addresses are reached")
  void call_ipv6_reachesTheServerChosen() throws IOException {
    Backend a = backends.start("a", Wire.HTTP_1, "::1", 0);
    Backend b = backends.start("b", Wire.HTTP_1, "127.0.0.1", a.port());

    assertThat(a.server().host()).contains(":");
    assertThatEachIsReached(a, b);
  }

  @Test
  @DisplayName("8: a server's host name is looked up in the user's Dns, the logical name never is")
  void call_serverWithHostName_asksUserDns() throws IOException {
    Backend a = backends.start("a");
    List<String> asked = new CopyOnWriteArrayList<>();
    Dns userDns =
        name -> {
          asked.add(name);
          if (name.equals("machine-7.internal")) {
            return List.of(InetAddress.getLoopbackAddress());
          }
          throw new UnknownHostException(name);
        };
    BalancedClient client =
        backends
            .client(Wire.HTTP_1, Server.of("machine-7.internal", a.port()))
            .http(http -> http.dns(userDns))
            .build();

    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(asked).containsExactly("machine-7.internal");
  }

  @Test
  @DisplayName("8: a host name that has no address is a failure to connect, retried elsewhere")
  void call_unknownHostName_goesToNextServer() throws IOException {
    Backend b = backends.start("b");
    Server lost = Server.builder("machine-8.internal", 80).id("lost").build();
    Dns userDns =
        name -> {
          throw new UnknownHostException(name);
        };
    BalancedClient client =
        backends.client(Wire.HTTP_1, lost, b.server()).http(http -> http.dns(userDns)).build();

    assertThat(client.post("/", "data").server()).isEqualTo("b");
    assertThat(client.ended())
        .containsExactly(BalancedClient.Ended.refused(lost), BalancedClient.Ended.succeeded(b));
  }

  @Test
  @DisplayName("9: the user's SocketFactory makes the sockets, which go to the server's port")
  void call_userSocketFactory_makesEverySocket() throws IOException {
    Backend a = backends.start("a");
    Backend b = backends.start("b");
    CountingSocketFactory sockets = new CountingSocketFactory();
    BalancedClient client =
        backends
            .client(a, b)
            .chooser(Choosers.roundRobin())
            .http(http -> http.socketFactory(sockets))
            .build();

    assertThat(served(client, 4)).containsOnly("a", "b");
    assertThat(sockets.connectedPorts).containsExactlyInAnyOrder(a.port(), b.port());
  }

  @Test
  @DisplayName("1: the context that a request carries restricts the choice, for retries too")
  void call_contextAsTag_restrictsChoice() throws IOException {
    Backend a = backends.start("a");
    Backend b = backends.start("b").next(response -> response.code(503));
    Backend c = backends.start("c");
    BalancedClient client = backends.client(a, b, c).build();
    RequestContext notA = RequestContext.create().only(server -> !server.id().equals("a"));

    Request request = client.request("/").tag(RequestContext.class, notA).build();

    assertThat(client.execute(request).server()).isEqualTo("c");
    assertThat(List.of(a.hits(), b.hits(), c.hits())).containsExactly(0, 1, 1);
    assertThat(notA.attemptNumber()).as("attempts count in a copy, for each call").isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.1", "127.0.0.1", "::1", "[::1]"})
  @DisplayName("10: an IP address cannot be a logical name, since OkHttp would not ask for it")
  void of_addressAsHost_isRejected(String address) {
    try (LoadBalancer balancer = LoadBalancer.of("orders", Server.of("127.0.0.1", 80))) {
      assertThatThrownBy(() -> LoadBalancingInterceptor.of(address, balancer))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(address);
    }
  }

  @Test
  @DisplayName("11: calls to other hosts are left alone")
  void call_otherHost_isNotBalanced() throws IOException {
    Backend a = backends.start("a");
    Backend other = backends.start("other");
    other.next(response -> response.code(503));
    BalancedClient client = backends.client(a).build();
    Request request =
        new Request.Builder().url("http://localhost:" + other.port() + "/path").build();

    Reply reply = client.execute(request);

    assertThat(reply.code()).as("no retry for a host that is not ours").isEqualTo(503);
    assertThat(other.onlyRequest().getHeaders().get("Host")).isEqualTo("localhost:" + other.port());
    assertThat(a.hits()).isZero();
    assertThat(client.ended()).isEmpty();
  }

  @Test
  @DisplayName("11: a redirect to another host leaves the servers behind")
  void call_redirectedToOtherHost_isNotBalanced() throws IOException {
    Backend a = backends.start("a");
    Backend other = backends.start("other");
    String elsewhere = "http://localhost:" + other.port() + "/";
    a.next(response -> response.code(302).setHeader("Location", elsewhere));
    BalancedClient client = backends.client(a).build();

    Request request = client.request("/").header("Authorization", "secret").build();

    assertThat(client.execute(request).server()).isEqualTo("other");
    assertThat(other.onlyRequest().getHeaders().get("Host")).isEqualTo("localhost:" + other.port());
    assertThat(other.onlyRequest().getHeaders().get("Authorization")).isNull();
    assertThat(client.ended()).containsExactly(BalancedClient.Ended.succeeded(a));
  }

  @Test
  @DisplayName("11: a name that only begins or ends like ours is another host")
  void call_similarHost_isNotBalanced() {
    Backend a = backends.start("a");
    List<String> asked = new CopyOnWriteArrayList<>();
    Dns userDns =
        name -> {
          asked.add(name);
          throw new UnknownHostException(name);
        };
    BalancedClient client = backends.client(a).http(http -> http.dns(userDns)).build();

    for (String similar : List.of("x." + BalancedClient.HOST, BalancedClient.HOST + ".x")) {
      Request request = new Request.Builder().url("http://" + similar + "/").build();
      assertThatThrownBy(() -> client.execute(request)).isInstanceOf(UnknownHostException.class);
    }
    assertThat(asked).containsExactly("x." + BalancedClient.HOST, BalancedClient.HOST + ".x");
    assertThat(client.ended()).isEmpty();
  }

  /** Alternates, so that a connection pooled for one server is there when the other is chosen. */
  private void assertThatEachIsReached(Backend a, Backend b) throws IOException {
    BalancedClient client = backends.client(a, b).chooser(Choosers.roundRobin()).build();
    List<String> served = served(client, 8);
    List<String> chosen = client.ended().stream().map(BalancedClient.Ended::server).toList();
    assertThat(served).isEqualTo(chosen);
    assertThat(List.of(a.hits(), b.hits())).containsExactly(4, 4);
  }

  private static List<String> served(BalancedClient client, int calls) throws IOException {
    List<String> served = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      served.add(client.get("/" + i).server());
    }
    return served;
  }

  private static Server reweighted(Backend backend) {
    Server server = backend.server();
    return Server.builder(server.host(), server.port()).id(server.id()).weight(7).build();
  }

  /** Makes sockets that report where they connect to. */
  private static final class CountingSocketFactory extends UnconnectedSocketFactory {
    final List<Integer> connectedPorts = new CopyOnWriteArrayList<>();

    @Override
    public Socket createSocket() {
      return new Socket() {
        @Override
        public void connect(SocketAddress to, int timeout) throws IOException {
          connectedPorts.add(((InetSocketAddress) to).getPort());
          super.connect(to, timeout);
        }
      };
    }
  }
}
