package io.evenload.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.Server;
import io.evenload.discovery.Networks;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class HealthProbesTest {

  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(50);

  @Test
  void tcp_listening_isHealthyAndClosesTheConnection() throws Exception {
    try (ProbeTarget target = ProbeTarget.local()) {
      assertThat(ask(HealthProbes.tcp(), target.server())).isEqualTo(HealthReport.healthy());
      assertThat(target.connectionEnded()).isTrue();
    }
  }

  @Test
  void tcp_refused_isUnhealthy() throws Exception {
    assertThat(ask(HealthProbes.tcp(), Server.of("127.0.0.1", closedPort())))
        .isEqualTo(HealthReport.unhealthy("ConnectException: Connection refused"));
  }

  @Test
  void tcp_otherPort_connectsThere() throws Exception {
    try (ProbeTarget target = ProbeTarget.local()) {
      Server server = Server.of("127.0.0.1", closedPort());
      assertThat(ask(HealthProbes.tcp(target.port()), server)).isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  void tcp_ipv6_isProbed() throws Exception {
    try (ProbeTarget target = new ProbeTarget("::1")) {
      assertThat(ask(HealthProbes.tcp(), target.server())).isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  void tcp_badPort_isNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HealthProbes.tcp(70_000))
        .withMessage("port: 70000 (expected: 1 to 65535)");
    assertThat(HealthProbes.tcp()).hasToString("TCP");
    assertThat(HealthProbes.tcp(80)).hasToString("TCP port 80");
  }

  @Test
  void tcp_nobodyAccepts_isUnhealthyAtTheTimeoutAndClosed() throws Exception {
    try (SilentTarget target = new SilentTarget()) {
      ProbeLoop loop = loop(name -> addresses(1));

      assertThat(get(loop.start("127.0.0.1", target.port(), SHORT, Networks.defaults())))
          .isEqualTo(HealthReport.unhealthy("no connection in PT0.05S"));
      assertThat(connecting(target.port())).isZero();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void tcp_resultsAreTold_socketsAreClosedBefore() throws Exception {
    try (SilentTarget target = new SilentTarget()) {
      ProbeLoop loop = loop(name -> addresses(1));
      List<CompletableFuture<Long>> open = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        open.add(
            loop.start("127.0.0.1", target.port(), SHORT, Networks.defaults())
                .thenApply(report -> connecting(target.port()))
                .toCompletableFuture());
        get(open.get(i));
      }

      assertThat(open).allSatisfy(count -> assertThat(count.join()).isZero());
    }
  }

  @Test
  void tcp_cancelled_closesTheConnection() throws Exception {
    try (SilentTarget target = new SilentTarget();
        ProbeTarget other = ProbeTarget.local()) {
      ProbeLoop loop = loop(name -> addresses(1));
      CompletableFuture<HealthReport> probe =
          loop.start("127.0.0.1", target.port(), LONG, Networks.defaults()).toCompletableFuture();
      assertThat(answer(loop, "127.0.0.1", other.port())).isEqualTo(HealthReport.healthy());
      probe.cancel(false);
      assertThat(answer(loop, "127.0.0.1", other.port())).isEqualTo(HealthReport.healthy());

      assertThat(connecting(target.port())).isZero();
    }
  }

  @Test
  void tcp_whoHearsTheResultBlocks_delaysNoOtherProbe() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    CountDownLatch heard = new CountDownLatch(1);
    try (ProbeTarget target = ProbeTarget.local()) {
      ProbeLoop loop = loop(name -> await(heard) ? addresses(1) : addresses());
      List<CompletionStage<Boolean>> blocked = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        blocked.add(
            loop.start("named", target.port(), LONG, Networks.defaults())
                .thenApply(report -> await(released)));
      }
      heard.countDown(); // before that no result is there, which this thread would hear itself

      assertThat(answer(loop, "127.0.0.1", target.port())).isEqualTo(HealthReport.healthy());
      released.countDown();
      for (CompletionStage<Boolean> each : blocked) {
        assertThat(each.toCompletableFuture().get(20, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  @Test
  void tcp_clockNearItsEnd_isNoMatter() throws Exception {
    long origin = System.nanoTime();
    ProbeLoop loop =
        new ProbeLoop(
            () -> Long.MAX_VALUE - 30_000_000 + (System.nanoTime() - origin), name -> addresses(1));
    try (SilentTarget silent = new SilentTarget();
        ProbeTarget target = ProbeTarget.local()) {
      CompletionStage<HealthReport> hanging =
          loop.start("127.0.0.1", silent.port(), Duration.ofMillis(200), Networks.defaults());
      assertThat(answer(loop, "127.0.0.1", target.port())).isEqualTo(HealthReport.healthy());
      assertThat(get(hanging)).isEqualTo(HealthReport.unhealthy("no connection in PT0.2S"));
    }
  }

  @Test
  void name_firstAddressRefuses_nextIsTried() throws Exception {
    try (ProbeTarget target = ProbeTarget.local()) {
      ProbeLoop loop = loop(name -> addresses(2, 1));

      assertThat(answer(loop, "orders.test", target.port())).isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX) // 127.0.0.3 is there without being set up
  void name_firstAddressesHang_lastHasItsPartOfTheTime() throws Exception {
    try (SilentTarget silent = new SilentTarget();
        ServerSocket well = new ServerSocket(silent.port(), 50, addresses(3)[0])) {
      ProbeLoop loop = loop(name -> addresses(1, 1, 3));

      assertThat(
              get(
                  loop.start(
                      "orders.test",
                      well.getLocalPort(),
                      Duration.ofSeconds(3),
                      Networks.defaults())))
          .isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  void name_unknown_isUnhealthy() throws Exception {
    assertThat(answer(loop(HealthProbesTest::unknown), "orders.test", 80))
        .isEqualTo(HealthReport.unhealthy("UnknownHostException: orders.test"));
    assertThat(answer(loop(name -> new InetAddress[0]), "orders.test", 80))
        .isEqualTo(HealthReport.unhealthy("UnknownHostException: no address"));
  }

  @Test
  void name_leadsToMetadata_isRefusedUnlessItHasOtherAddresses() throws Exception {
    InetAddress metadata = InetAddress.getByName("169.254.169.254");
    ProbeLoop loop = loop(name -> new InetAddress[] {metadata, addresses(1)[0]});
    try (ProbeTarget target = ProbeTarget.local()) {
      assertThat(answer(loop, "mixed.test", target.port())).isEqualTo(HealthReport.healthy());
      assertThat(get(loop.start("mixed.test", target.port(), LONG, Networks.of("10.0.0.0/8"))))
          .isEqualTo(
              HealthReport.unhealthy(
                  "UnknownHostException: refused, as 169.254.169.254 is not in the networks of the"
                      + " service"));
      assertThat(get(loop.start("127.0.0.1", target.port(), LONG, Networks.of("10.0.0.0/8"))))
          .as("addresses were let pass by the list")
          .isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  void name_resolverHangs_endsInTimeAndBlocksNoCaller() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    ProbeLoop loop =
        loop(
            name -> {
              await(never);
              return unknown(name);
            });

    assertThat(get(loop.start("orders.test", 80, SHORT, Networks.defaults())))
        .isEqualTo(HealthReport.unhealthy("no connection in PT0.05S"));
    never.countDown();
  }

  @Test
  void name_otherNamesHang_isProbedAllTheSame() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    ProbeLoop loop =
        loop(
            name -> {
              if (name.startsWith("hanging")) {
                await(never);
              }
              return addresses(1);
            });
    try (ProbeTarget target = ProbeTarget.local()) {
      List<CompletionStage<HealthReport>> hanging = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        hanging.add(loop.start("hanging" + i, 80, LONG, Networks.defaults()));
      }

      assertThat(
              get(
                  loop.start(
                      "orders.test", target.port(), Duration.ofSeconds(5), Networks.defaults())))
          .isEqualTo(HealthReport.healthy());
      assertThat(hanging).noneMatch(probe -> probe.toCompletableFuture().isDone());
      never.countDown();
    }
  }

  @Test
  void name_notFoundAnyMoreOrHanging_lastAddressesAreUsed() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    AtomicReference<NameResolver.Lookup> lookup = new AtomicReference<>(name -> addresses(1));
    ProbeLoop loop = loop(name -> lookup.get().resolve(name));
    try (ProbeTarget target = ProbeTarget.local()) {
      assertThat(answer(loop, "orders.test", target.port())).isEqualTo(HealthReport.healthy());
      lookup.set(HealthProbesTest::unknown);
      assertThat(answer(loop, "orders.test", target.port())).isEqualTo(HealthReport.healthy());
      lookup.set(
          name -> {
            await(never);
            return addresses(1);
          });
      assertThat(
              get(
                  loop.start(
                      "orders.test", target.port(), Duration.ofSeconds(3), Networks.defaults())))
          .isEqualTo(HealthReport.healthy());
      never.countDown();
    }
  }

  @Test
  void name_notAscii_isLookedUpInItsAsciiForm() throws Exception {
    AtomicReference<String> asked = new AtomicReference<>("");
    ProbeLoop loop =
        loop(
            name -> {
              asked.set(name);
              return unknown(name);
            });

    assertThat(answer(loop, "bücher.test", 80).state()).isEqualTo(HealthReport.State.UNHEALTHY);
    assertThat(asked).hasValue("xn--bcher-kva.test");
    assertThat(answer(loop, "ü".repeat(70), 80).reason()).startsWith("IllegalArgumentException");
  }

  @Test
  void loop_nothingToDo_endsItsThread() throws Exception {
    try (ProbeTarget target = ProbeTarget.local()) {
      Set<Thread> before = loops();
      ProbeLoop loop = loop(name -> addresses(1));
      assertThat(answer(loop, "127.0.0.1", target.port())).isEqualTo(HealthReport.healthy());
      Set<Thread> begun = loops();
      begun.removeAll(before);
      for (Thread thread : begun) {
        thread.join(20_000);
        assertThat(thread.isAlive()).isFalse();
        assertThat(thread.isDaemon()).isTrue();
      }
      assertThat(answer(loop, "127.0.0.1", target.port())).isEqualTo(HealthReport.healthy());
    }
  }

  private static Set<Thread> loops() {
    Set<Thread> threads = new HashSet<>(Thread.getAllStackTraces().keySet());
    threads.removeIf(thread -> !thread.getName().equals("evenload-probes"));
    return threads;
  }

  private static ProbeLoop loop(NameResolver.Lookup lookup) {
    return new ProbeLoop(System::nanoTime, lookup);
  }

  private static InetAddress[] addresses(int... lastBytes) throws UnknownHostException {
    InetAddress[] addresses = new InetAddress[lastBytes.length];
    for (int i = 0; i < lastBytes.length; i++) {
      addresses[i] = InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) lastBytes[i]});
    }
    return addresses;
  }

  private static InetAddress[] unknown(String name) throws UnknownHostException {
    throw new UnknownHostException(name);
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      return false;
    }
  }

  private static HealthReport answer(ProbeLoop loop, String host, int port) throws Exception {
    return get(loop.start(host, port, LONG, Networks.defaults()));
  }

  private static HealthReport ask(HealthProbe probe, Server server) throws Exception {
    return get(probe.probe(server, LONG));
  }

  private static <T> T get(CompletionStage<T> answer) throws Exception {
    return answer.toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  private static int closedPort() throws Exception {
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return closed.getLocalPort();
    }
  }

  /** How many sockets of this machine are on their way to the port (SYN_SENT, in Linux's table). */
  private static long connecting(int port) {
    try (Stream<String> sockets = Files.lines(Path.of("/proc/net/tcp"))) {
      String to = ":%04X 02".formatted(port);
      return sockets
          .filter(line -> line.substring(0, Math.min(40, line.length())).contains(to))
          .count();
    } catch (IOException e) {
      return 0; // not Linux
    }
  }

  /** A port of 127.0.0.1 whose queue is full: a connection is neither taken nor refused. */
  private static final class SilentTarget implements AutoCloseable {
    private final ServerSocket full = new ServerSocket(0, 1, addresses(1)[0]);
    private final List<Socket> queued = new ArrayList<>();

    SilentTarget() throws IOException {
      try {
        while (queued.size() < 100) {
          Socket next = new Socket();
          queued.add(next);
          next.connect(full.getLocalSocketAddress(), 200);
        }
      } catch (SocketTimeoutException e) {
        return; // it is full
      }
      throw new AssertionError("the queue of 1 takes 100");
    }

    int port() {
      return full.getLocalPort();
    }

    @Override
    public void close() throws IOException {
      for (Socket each : queued) {
        each.close();
      }
      full.close();
    }
  }
}
