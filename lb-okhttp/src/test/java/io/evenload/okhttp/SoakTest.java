package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.chooser.Choosers;
import io.evenload.okhttp.BalancedClient.Ended;
import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Many calls from many threads while servers refuse connections, answer 503 and reset connections:
 * every GET is answered, each by the server that was chosen for it, no POST arrives twice, and
 * nothing is left over.
 *
 * <p>Why no GET can run out of attempts. One server at most is down at any time. Of the requests at
 * a server that is up, 1 in 16 gets a 503 and 1 in 64 a reset, which takes along the up to 5 others
 * on an HTTP/2 connection: less than 1/16 + 6/64 &lt; 0.16 fail. An attempt goes to the server that
 * is down with a probability of 1/4 at most, once all four were tried. So an attempt fails with
 * less than 1/4 + 3/4 * 0.16 = 0.37, and {@value #ATTEMPTS} in a row with less than 0.37^40 =
 * 6e-18; for all calls together that is below 2e-13.
 */
class SoakTest {

  private static final int THREADS = 6;
  private static final int ATTEMPTS = 40;
  private static final int UNAVAILABLE_EVERY = 16;
  private static final int RESET_EVERY = 64;
  private static final int CALLS_BETWEEN_OUTAGES = 300;
  private static final int CALLS_PER_OUTAGE = 150;

  /** Without Nagle's algorithm, which makes small HTTP/2 frames wait 40 ms for one another. */
  private static final SocketFactory PROMPT =
      new UnconnectedSocketFactory() {
        @Override
        public Socket createSocket() throws IOException {
          Socket socket = new Socket();
          socket.setTcpNoDelay(true);
          return socket;
        }
      };

  @RegisterExtension final Backends backends = new Backends();

  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicInteger answered = new AtomicInteger();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

  @ParameterizedTest
  @CsvSource({"HTTP_1, 12000", "HTTP_2_CLEARTEXT, 8000", "HTTP_2, 5000"})
  @DisplayName("6: under fire, every GET is answered by the server chosen for it")
  void gets_whileServersFail_areAllAnsweredByTheServerChosen(Wire wire, int total)
      throws InterruptedException {
    List<FlakyServer> servers = fourServers(wire);
    BalancedClient client = client(wire, servers);
    Queue<String> misrouted = new ConcurrentLinkedQueue<>();

    int outages =
        underFire(
            total,
            servers,
            number -> {
              Reply reply = client.get("/");
              Ended last = BalancedClient.endedHere();
              assertThat(reply.code()).isEqualTo(200);
              if (!last.equals(new Ended(String.valueOf(reply.server()), Outcome.SUCCESS))) {
                misrouted.add("chosen " + last + ", answered " + reply.server());
              }
            });

    assertThat(failures).as("failures seen by callers").isEmpty();
    assertThat(misrouted).as("answers of another server than the chosen").isEmpty();
    assertThat(answered).hasValue(total);
    assertThatItWasRough(client, servers, outages, total);
  }

  @ParameterizedTest
  @CsvSource({"HTTP_1, 4000", "HTTP_2_CLEARTEXT, 4000"})
  @DisplayName("6: under fire, no POST reaches servers twice")
  void posts_whileServersFail_arriveAtMostOnce(Wire wire, int total) throws InterruptedException {
    List<FlakyServer> servers = fourServers(wire);
    BalancedClient client = client(wire, servers);
    Set<String> succeeded = ConcurrentHashMap.newKeySet();

    int outages =
        underFire(
            total,
            servers,
            number -> {
              String order = "/orders/" + number;
              if (client.post(order, "one order").code() == 200) {
                succeeded.add(order);
              }
            });

    List<String> arrived = servers.stream().flatMap(FlakyServer::posts).toList();
    assertThat(arrived).doesNotHaveDuplicates().containsAll(succeeded);
    assertThat(succeeded).hasSizeGreaterThan(total / 2);
    assertThatItWasRough(client, servers, outages, total);
  }

  private BalancedClient client(Wire wire, List<FlakyServer> servers) {
    return backends
        .client(wire, servers.stream().map(FlakyServer::server).toArray(Server[]::new))
        .chooser(Choosers.roundRobin())
        .balancing(Policies.attempts(ATTEMPTS))
        .http(http -> http.readTimeout(Duration.ofSeconds(15)).socketFactory(PROMPT))
        .build();
  }

  /** One call with this number, and what must hold for it. */
  @FunctionalInterface
  private interface NumberedCall {
    void make(int number) throws IOException;
  }

  /** Makes so many calls from several threads, and returns how often a server went away. */
  private int underFire(int total, List<FlakyServer> servers, NumberedCall call)
      throws InterruptedException {
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      callers.add(Threads.start(() -> callUntil(total, call)));
    }
    int outages = breakServersUntil(total, servers);
    for (Thread caller : callers) {
      caller.join();
    }
    return outages;
  }

  private void callUntil(int total, NumberedCall call) {
    for (int number = calls.incrementAndGet(); number <= total; number = calls.incrementAndGet()) {
      try {
        call.make(number);
      } catch (IOException | RuntimeException | AssertionError e) {
        failures.add(e);
      }
      answered.incrementAndGet();
      backends.signal().changed();
    }
  }

  /** Closes one server after the other and opens it again, counting time in calls. */
  private int breakServersUntil(int total, List<FlakyServer> servers) {
    int outages = 0;
    for (int at = CALLS_BETWEEN_OUTAGES; at + CALLS_PER_OUTAGE < total; ) {
      FlakyServer unlucky = servers.get(outages % servers.size());
      awaitAnswered(at);
      unlucky.close();
      awaitAnswered(Math.min(total, answered.get() + CALLS_PER_OUTAGE));
      unlucky.open();
      outages++;
      at = answered.get() + CALLS_BETWEEN_OUTAGES;
    }
    return outages;
  }

  private void awaitAnswered(int count) {
    backends.await(() -> answered.get() >= count);
  }

  private static void assertThatItWasRough(
      BalancedClient client, List<FlakyServer> servers, int outages, int total) {
    int unavailable = servers.stream().mapToInt(server -> server.unavailable.get()).sum();
    int resets = servers.stream().mapToInt(server -> server.resets.get()).sum();
    long failed = client.ended().stream().filter(e -> e.outcome().failed()).count();
    assertThat(outages).isGreaterThanOrEqualTo(4);
    assertThat(unavailable).isGreaterThan(total / UNAVAILABLE_EVERY / 2);
    assertThat(resets).isGreaterThan(total / RESET_EVERY / 2);
    assertThat(failed).as("failed attempts").isGreaterThan(unavailable);
    assertThat(client.calls().connectFailures()).as("refused connections").isPositive();
  }

  /**
   * Two addresses and two ports, so that each server shares its address with one and its port with
   * another. Clients connect from 127.0.0.1, so their ends never take the port of a closed server.
   */
  private List<FlakyServer> fourServers(Wire wire) {
    FlakyServer a = new FlakyServer("a", wire, "127.0.0.11", 0);
    FlakyServer b = new FlakyServer("b", wire, "127.0.0.11", 0);
    FlakyServer c = new FlakyServer("c", wire, "127.0.0.12", a.server().port());
    FlakyServer d = new FlakyServer("d", wire, "127.0.0.12", b.server().port());
    return List.of(a, b, c, d);
  }

  /** A server that can go and come back, whose closed connections are reset. */
  private final class FlakyServer {
    final AtomicInteger requests = new AtomicInteger();
    final AtomicInteger unavailable = new AtomicInteger();
    final AtomicInteger resets = new AtomicInteger();

    private final String id;
    private final Wire wire;
    private final Server server;
    private final List<Backend> generations = new ArrayList<>();

    FlakyServer(String id, Wire wire, String host, int port) {
      this.id = id;
      this.wire = wire;
      this.server = open(host, port).server();
    }

    Server server() {
      return server;
    }

    void open() {
      open(server.host(), server.port());
    }

    void close() {
      generations.get(generations.size() - 1).close();
    }

    /** The targets of the POSTs that arrived. */
    Stream<String> posts() {
      return generations.stream()
          .flatMap(backend -> backend.requests().stream())
          .filter(request -> request.getMethod().equals("POST"))
          .map(RecordedRequest::getTarget);
    }

    private Backend open(String host, int port) {
      Backend backend = backends.unstarted(id, wire).answering(this::answer);
      backend.web().setServerSocketFactory(new ResettingServerSocketFactory());
      generations.add(backend);
      return backends.start(backend, host, port);
    }

    private MockResponse answer(Supplier<MockResponse.Builder> response) {
      int number = requests.incrementAndGet();
      if (number % RESET_EVERY == 0) {
        resets.incrementAndGet();
        return response.get().onResponseStart(new SocketEffect.CloseSocket()).build();
      }
      if (number % UNAVAILABLE_EVERY == 1) {
        unavailable.incrementAndGet();
        return response.get().code(503).build();
      }
      return response.get().build();
    }
  }

  /** Makes server sockets whose connections end with a TCP reset when the server closes them. */
  private static final class ResettingServerSocketFactory extends ServerSocketFactory {

    @Override
    public ServerSocket createServerSocket() throws IOException {
      return new ServerSocket() {
        @Override
        public void setReuseAddress(boolean on) throws SocketException {
          super.setReuseAddress(true); // so that the port can be had again at once
        }

        @Override
        public Socket accept() throws IOException {
          Socket accepted = super.accept();
          accepted.setSoLinger(true, 0);
          accepted.setTcpNoDelay(true);
          return accepted;
        }
      };
    }

    @Override
    public ServerSocket createServerSocket(int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public ServerSocket createServerSocket(int port, int backlog) {
      throw new UnsupportedOperationException();
    }

    @Override
    public ServerSocket createServerSocket(int port, int backlog, InetAddress address) {
      throw new UnsupportedOperationException();
    }
  }
}
