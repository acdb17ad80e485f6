package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import io.evenload.ServerList;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The servers and clients of one test. After the test it checks what must hold after every test:
 * nothing is in flight at any endpoint, no connection is held by anyone, and no response came from
 * another server than the one chosen.
 */
final class Backends implements AfterEachCallback {

  private static final String LOOPBACK = "127.0.0.1";

  /** Kept, since the settings of a logger go with it. Broken connections are what is tested. */
  private static final List<Logger> QUIET =
      List.of(
          Logger.getLogger(OkHttpClient.class.getName()),
          Logger.getLogger(MockWebServer.class.getName()));

  static {
    QUIET.forEach(logger -> logger.setLevel(Level.SEVERE));
  }

  private final Signal signal = new Signal();
  private final List<BalancedClient> clients = new ArrayList<>();
  private final Deque<AutoCloseable> resources = new ArrayDeque<>();
  private boolean misrouteExpected;

  /** A server without TLS that speaks HTTP/1.1. */
  Backend start(String id) {
    return start(id, Wire.HTTP_1);
  }

  Backend start(String id, Wire wire) {
    return start(id, wire, LOOPBACK, 0);
  }

  Backend start(String id, Wire wire, String host, int port) {
    return start(new Backend(id, wire, signal), host, port);
  }

  /** Starts a server that the test configured first. */
  Backend start(Backend backend, String host, int port) {
    try {
      closeAfterTest(backend.start(host, port));
      return backend;
    } catch (IOException e) {
      throw new AssertionError(backend + " does not start at " + host + ":" + port, e);
    }
  }

  /** A server to configure before its start. */
  Backend unstarted(String id, Wire wire) {
    return new Backend(id, wire, signal);
  }

  RawBackend raw(String id, RawBackend.Handler handler) throws IOException {
    return closeAfterTest(new RawBackend(id, signal, handler));
  }

  /** A server whose port refuses connections. It is bound, so that nobody else can take it. */
  Server refusing(String id) throws IOException {
    Socket bound = closeAfterTest(new Socket());
    bound.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    return Server.builder(LOOPBACK, bound.getLocalPort()).id(id).build();
  }

  /** A server that never completes a connect: its queue of connections is full. */
  Server unreachable(String id) throws IOException {
    ServerSocket full = closeAfterTest(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
    for (boolean room = true; room; ) {
      Socket waiting = closeAfterTest(new Socket());
      try {
        waiting.connect(full.getLocalSocketAddress(), 300);
      } catch (SocketTimeoutException e) {
        room = false;
      }
    }
    return Server.builder(LOOPBACK, full.getLocalPort()).id(id).build();
  }

  /** A client of these servers, preferred in this order. */
  BalancedClient.Builder client(Backend... backends) {
    Server[] servers = Stream.of(backends).map(Backend::server).toArray(Server[]::new);
    return client(backends[0].wire(), servers);
  }

  /** A client of these servers, preferred in this order. */
  BalancedClient.Builder client(Wire wire, Server... servers) {
    return new BalancedClient.Builder(signal, wire, ServerList.of(servers), clients::add);
  }

  <T extends AutoCloseable> T closeAfterTest(T resource) {
    resources.push(resource);
    return resource;
  }

  void await(BooleanSupplier condition) {
    assertThat(signal.await(condition)).as("what the test waits for happens in time").isTrue();
  }

  Signal signal() {
    return signal;
  }

  /** Says that this test provokes what no other test may see. */
  void expectMisroute() {
    misrouteExpected = true;
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    try {
      if (context.getExecutionException().isEmpty()) {
        clients.forEach(this::verifyClean);
      }
    } finally {
      clients.forEach(BalancedClient::close);
      while (!resources.isEmpty()) {
        resources.pop().close();
      }
    }
  }

  private void verifyClean(BalancedClient client) {
    signal.await(() -> client.inFlight() == 0 && client.busyConnections() == 0);
    assertThat(client.balancer().status().endpoints())
        .as("in flight after the test")
        .allSatisfy(endpoint -> assertThat(endpoint.inFlight()).isZero());
    assertThat(client.busyConnections()).as("connections held after the test").isZero();
    if (!misrouteExpected) {
      assertThat(client.calls().misrouted()).as("misrouted attempts").isEmpty();
    }
  }
}
