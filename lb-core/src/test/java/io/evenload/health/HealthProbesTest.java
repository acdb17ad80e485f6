package io.evenload.health;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.Server;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ServerSocketFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;

class HealthProbesTest {

  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(50);
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  @Test
  void tcp_listening_isHealthyAndClosesTheConnection() throws Exception {
    try (ProbeTarget target = ProbeTarget.of(ProbeTarget::awaitEnd)) {
      assertThat(ask(HealthProbes.tcp(), target.server())).isEqualTo(HealthReport.healthy());
      assertThat(target.handlerEnded()).isTrue();
    }
  }

  @Test
  void tcp_refused_isUnhealthy() throws Exception {
    assertThat(ask(HealthProbes.tcp(), Server.of("127.0.0.1", closedPort())))
        .isEqualTo(HealthReport.unhealthy("ConnectException: Connection refused"));
  }

  @Test
  void tcp_otherPort_connectsThere() throws Exception {
    try (ProbeTarget target = ProbeTarget.of(ProbeTarget::awaitEnd)) {
      Server server = Server.of("127.0.0.1", closedPort());
      assertThat(ask(HealthProbes.tcp(target.port()), server)).isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  void ipv6_isProbed() throws Exception {
    ServerSocketFactory sockets = ServerSocketFactory.getDefault();
    AtomicReference<String> request = new AtomicReference<>("");
    try (ProbeTarget target =
        new ProbeTarget(
            "::1",
            sockets,
            socket -> {
              request.set(ProbeTarget.readRequest(socket));
              write(socket, OK);
            })) {
      Server server = Server.of("::1", target.port());
      assertThat(ask(HealthProbes.http("/health"), server)).isEqualTo(HealthReport.healthy());
      assertThat(request.get()).contains("\r\nHost: [::1]:" + target.port() + "\r\n");
    }
  }

  @Test
  void name_firstAddressRefuses_nextIsTried() throws Exception {
    try (ProbeTarget target = ProbeTarget.of(ProbeTarget::awaitEnd)) {
      ProbeLoop loop =
          new ProbeLoop(
              System::nanoTime,
              name ->
                  new InetAddress[] {
                    InetAddress.getByAddress(new byte[] {127, 0, 0, 2}),
                    InetAddress.getByAddress(new byte[] {127, 0, 0, 1})
                  });

      assertThat(answer(loop, "orders.test", target.port())).isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  void name_unknown_isUnhealthy() throws Exception {
    ProbeLoop loop =
        new ProbeLoop(
            System::nanoTime,
            name -> {
              throw new UnknownHostException(name);
            });

    assertThat(answer(loop, "orders.test", 80))
        .isEqualTo(HealthReport.unhealthy("UnknownHostException: orders.test"));
  }

  @Test
  void name_resolverHangs_endsInTimeAndBlocksNoCaller() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    ProbeLoop loop =
        new ProbeLoop(
            System::nanoTime,
            name -> {
              never.await();
              throw new UnknownHostException(name);
            });

    assertThat(get(loop.start("orders.test", 80, SHORT, null)))
        .isEqualTo(HealthReport.unhealthy("no connection in PT0.05S"));
    never.countDown();
  }

  @Test
  void http_defaultStatuses_are200To299() throws Exception {
    assertThat(reportFor("HTTP/1.1 200 OK\r\n\r\n")).isEqualTo(HealthReport.healthy());
    assertThat(reportFor("HTTP/1.0 204 No Content\r\n\r\n")).isEqualTo(HealthReport.healthy());
    assertThat(reportFor("HTTP/1.1 503 \r\n\r\n")).isEqualTo(HealthReport.unhealthy("status 503"));
  }

  @Test
  void http_statuses_areThoseGiven() throws Exception {
    HealthProbe probe = HealthProbes.http("/health", 200, 429);
    assertThat(reportFor(probe, "HTTP/1.1 429 Busy\r\n\r\n")).isEqualTo(HealthReport.healthy());
    assertThat(reportFor(probe, "HTTP/1.1 204 No Content\r\n\r\n"))
        .isEqualTo(HealthReport.unhealthy("status 204"));
  }

  @Test
  void http_redirect_isNotFollowed() throws Exception {
    String redirect = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    assertThat(reportFor(redirect)).isEqualTo(HealthReport.unhealthy("status 302"));
  }

  @Test
  void http_request_isThisAndNothingElse() throws Exception {
    AtomicReference<String> request = new AtomicReference<>("");
    HealthProbe probe =
        HttpProbe.builder("/health?deep=1")
            .host("orders.test")
            .header("X-Probe", "yes")
            .header("user-agent", "tester/1")
            .build();
    try (ProbeTarget target =
        ProbeTarget.of(
            socket -> {
              request.set(ProbeTarget.readRequest(socket));
              write(socket, OK);
            })) {
      assertThat(ask(probe, target.server())).isEqualTo(HealthReport.healthy());
    }
    assertThat(request.get())
        .isEqualTo(
            """
            GET /health?deep=1 HTTP/1.1
            Host: orders.test
            Connection: close
            Accept: */*
            X-Probe: yes
            user-agent: tester/1

            """
                .replace("\n", "\r\n"));
  }

  @Test
  void http_otherPort_isAskedThere() throws Exception {
    try (ProbeTarget target = ProbeTarget.answering(OK)) {
      HealthProbe probe = HttpProbe.builder("/health").port(target.port()).build();
      assertThat(ask(probe, Server.of("127.0.0.1", closedPort())))
          .isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  void http_drainingStatus_isDraining() throws Exception {
    HealthProbe probe = HttpProbe.builder("/health").drainingStatus(410).build();
    assertThat(reportFor(probe, "HTTP/1.1 410 Gone\r\n\r\n"))
        .isEqualTo(HealthReport.draining("it answers status 410"));
  }

  @Test
  void http_drainingHeader_isDrainingUnlessFalse() throws Exception {
    HealthProbe probe = HttpProbe.builder("/health").drainingHeader("X-Draining").build();
    assertThat(reportFor(probe, "HTTP/1.1 200 OK\r\nx-draining: soon\r\n\r\n"))
        .isEqualTo(HealthReport.draining("it says X-Draining"));
    assertThat(reportFor(probe, "HTTP/1.1 200 OK\r\nX-Draining: false\r\n\r\n"))
        .isEqualTo(HealthReport.healthy());
  }

  @Test
  void http_interimResponses_arePassedOver() throws Exception {
    assertThat(reportFor("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 500 Oops\r\n\r\n"))
        .isEqualTo(HealthReport.unhealthy("status 500"));
  }

  @Test
  void http_garbage_isUnhealthy() throws Exception {
    HealthReport notHttp = HealthReport.unhealthy("ProtocolException: the answer is not HTTP/1");
    assertThat(reportFor("SSH-2.0-OpenSSH\r\n")).isEqualTo(notHttp);
    assertThat(reportFor("HTTP/2 200\r\n\r\n")).isEqualTo(notHttp);
    assertThat(reportFor("HTTP/1.1 20\u0661 OK\r\n\r\n")).isEqualTo(notHttp);
    assertThat(reportFor("\u0015\u0003\u0003\0\2")).isEqualTo(notHttp);
  }

  @Test
  void http_closedWithoutAnAnswer_isUnhealthy() throws Exception {
    HealthReport closed =
        HealthReport.unhealthy("EOFException: the server closed the connection without an answer");
    assertThat(reportFor("")).isEqualTo(closed);
    assertThat(reportFor("HTTP/1.1 200 OK\r\nX: y\r\n")).isEqualTo(closed);
  }

  @Test
  void http_reset_isUnhealthy() throws Exception {
    try (ProbeTarget target =
        ProbeTarget.of(
            socket -> {
              ProbeTarget.readRequest(socket);
              socket.setSoLinger(true, 0);
            })) {
      assertThat(ask(HealthProbes.http("/"), target.server()))
          .isEqualTo(HealthReport.unhealthy("SocketException: Connection reset"));
    }
  }

  @Test
  void http_endlessHead_isCutOff() throws Exception {
    try (ProbeTarget target =
        ProbeTarget.of(
            socket -> {
              write(socket, "HTTP/1.1 200 OK\r\n");
              while (true) {
                write(socket, "X-More: and more\r\n");
              }
            })) {
      assertThat(ask(HealthProbes.http("/"), target.server()))
          .isEqualTo(
              HealthReport.unhealthy(
                  "ProtocolException: an answer with more than 16384 bytes of headers"));
      assertThat(target.handlerEnded()).isTrue();
    }
  }

  @Test
  void http_endlessBody_isHealthyAndCutOff() throws Exception {
    try (ProbeTarget target =
        ProbeTarget.of(
            socket -> {
              write(socket, "HTTP/1.1 200 OK\r\n\r\n");
              while (true) {
                write(socket, "more");
              }
            })) {
      assertThat(ask(HealthProbes.http("/"), target.server())).isEqualTo(HealthReport.healthy());
      assertThat(target.handlerEnded()).isTrue();
    }
  }

  @Test
  void http_bodyThatNeverComes_isHealthyAndClosedAtTheTimeout() throws Exception {
    try (ProbeTarget target =
        ProbeTarget.of(
            socket -> {
              write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
              ProbeTarget.awaitEnd(socket);
            })) {
      assertThat(get(HealthProbes.http("/").probe(target.server(), Duration.ofSeconds(1))))
          .isEqualTo(HealthReport.healthy());
      assertThat(target.handlerEnded()).isTrue();
    }
  }

  @Test
  void http_silence_isUnhealthyAndClosedAtTheTimeout() throws Exception {
    try (ProbeTarget target = ProbeTarget.of(ProbeTarget::awaitEnd)) {
      assertThat(get(HealthProbes.http("/").probe(target.server(), SHORT)))
          .isEqualTo(HealthReport.unhealthy("no answer in PT0.05S"));
      assertThat(target.handlerEnded()).isTrue();
    }
  }

  @Test
  void http_cancelled_closesTheConnection() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (ProbeTarget target =
        ProbeTarget.of(
            socket -> {
              ProbeTarget.readRequest(socket);
              asked.countDown();
              ProbeTarget.awaitEnd(socket);
            })) {
      CompletableFuture<HealthReport> probe =
          HealthProbes.http("/").probe(target.server(), LONG).toCompletableFuture();
      assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
      probe.cancel(false);

      assertThat(target.handlerEnded()).isTrue();
    }
  }

  @Test
  void tls_trustedNameAndClientName_isHealthy() throws Exception {
    SSLContext context = context();
    AtomicReference<String> request = new AtomicReference<>("");
    try (ProbeTarget target =
        new ProbeTarget(
            "127.0.0.1",
            context.getServerSocketFactory(),
            socket -> {
              request.set(ProbeTarget.readRequest(socket));
              write(socket, OK);
            })) {
      HealthProbe named = HttpProbe.builder("/").tls(context).host("orders.test").build();
      assertThat(ask(named, target.server())).isEqualTo(HealthReport.healthy());
      assertThat(request.get()).contains("\r\nHost: orders.test\r\n");
      HealthProbe byAddress = HttpProbe.builder("/").tls(context).build();
      assertThat(ask(byAddress, target.server())).isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  void tls_longHeadAndBody_areReadThroughManyRecords() throws Exception {
    SSLContext context = context();
    String answer =
        "HTTP/1.1 200 OK\r\nX-Long: " + "x".repeat(15_000) + "\r\n\r\n" + "y".repeat(50_000);
    try (ProbeTarget target =
        new ProbeTarget(
            "127.0.0.1",
            context.getServerSocketFactory(),
            socket -> {
              ProbeTarget.readRequest(socket);
              write(socket, answer);
            })) {
      HealthProbe probe = HttpProbe.builder("/").tls(context).build();
      assertThat(ask(probe, target.server())).isEqualTo(HealthReport.healthy());
      assertThat(target.handlerEnded()).isTrue();
    }
  }

  @Test
  void tls_otherNameOrUntrusted_isUnhealthy() throws Exception {
    SSLContext context = context();
    try (ProbeTarget target =
        new ProbeTarget(
            "127.0.0.1",
            context.getServerSocketFactory(),
            socket -> ProbeTarget.readRequest(socket))) {
      HealthProbe other = HttpProbe.builder("/").tls(context).host("other.test").build();
      assertThat(ask(other, target.server()).reason())
          .startsWith("SSLHandshakeException: ") // JDK 25 goes on with the alert's name
          .contains("No subject alternative DNS name matching other.test");
      HealthProbe untrusting = HttpProbe.builder("/").tls().host("orders.test").build();
      assertThat(ask(untrusting, target.server()).reason())
          .startsWith("SSLHandshakeException: ")
          .contains("PKIX path building failed");
    }
  }

  @Test
  void tls_plainServer_isUnhealthy() throws Exception {
    try (ProbeTarget target =
        ProbeTarget.of(socket -> write(socket, "HTTP/1.1 400 Bad Request\r\n\r\n"))) {
      HealthProbe probe = HttpProbe.builder("/").tls(context()).build();
      assertThat(ask(probe, target.server()).reason()).startsWith("SSLException: ");
    }
  }

  @Test
  void plain_tlsServer_isUnhealthy() throws Exception {
    try (ProbeTarget target =
        new ProbeTarget(
            "127.0.0.1",
            context().getServerSocketFactory(),
            socket -> ProbeTarget.readRequest(socket))) {
      assertThat(ask(HealthProbes.http("/"), target.server()).state())
          .isEqualTo(HealthReport.State.UNHEALTHY);
    }
  }

  @Test
  void tls_silenceInTheHandshake_isUnhealthyAndClosedAtTheTimeout() throws Exception {
    try (ProbeTarget target = ProbeTarget.of(ProbeTarget::awaitEnd)) {
      HealthProbe probe = HttpProbe.builder("/").tls(context()).build();
      assertThat(get(probe.probe(target.server(), SHORT)))
          .isEqualTo(HealthReport.unhealthy("no answer in PT0.05S"));
      assertThat(target.handlerEnded()).isTrue();
    }
  }

  @Test
  void loop_nothingToDo_endsItsThread() throws Exception {
    try (ProbeTarget target = ProbeTarget.of(ProbeTarget::awaitEnd)) {
      ProbeLoop loop = new ProbeLoop(System::nanoTime, InetAddress::getAllByName);
      AtomicReference<Thread> thread = new AtomicReference<>(Thread.currentThread());
      CompletableFuture<Void> seen =
          loop.start("127.0.0.1", target.port(), LONG, null)
              .thenRun(() -> thread.set(Thread.currentThread()))
              .toCompletableFuture();
      seen.get(20, TimeUnit.SECONDS);
      // Seen late, the thread is this one only if the probe had ended before; then there is nothing
      // to wait for.
      if (thread.get() != Thread.currentThread()) {
        thread.get().join(20_000);
        assertThat(thread.get().isAlive()).isFalse();
      }
      assertThat(answer(loop, "127.0.0.1", target.port())).isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  void judge_throws_isUnhealthyAndHarmsNoOther() throws Exception {
    ProbeLoop loop = new ProbeLoop(System::nanoTime, InetAddress::getAllByName);
    Question question =
        new Question(
            "GET / HTTP/1.1\r\n\r\n".getBytes(ISO_8859_1),
            null,
            "",
            answer -> {
              throw new IllegalStateException("broken judge");
            });
    try (ProbeTarget target = ProbeTarget.answering(OK)) {
      assertThat(get(loop.start("127.0.0.1", target.port(), LONG, question)))
          .isEqualTo(HealthReport.unhealthy("IllegalStateException: broken judge"));
      assertThat(answer(loop, "127.0.0.1", target.port())).isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  void options_bad_areNamed() {
    HttpProbe.Builder builder = HttpProbe.builder("/");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HealthProbes.tcp(70_000))
        .withMessage("port: 70000 (expected: 1 to 65535)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HealthProbes.http("health"))
        .withMessageStartingWith("path: 'health' (expected: a slash");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HealthProbes.http("/a b\r\nX: y"))
        .withMessageStartingWith("path: ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HealthProbes.http("/", 99))
        .withMessage("expectedStatuses: 99 (expected: 200 to 599)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.drainingStatus(600))
        .withMessage("drainingStatus: 600 (expected: 200 to 599)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.header("Host", "x"))
        .withMessage("name: 'Host' (expected: a header that the probe does not set itself)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.header("X", "a\r\nb"))
        .withMessageStartingWith("value: ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.host("http://orders"))
        .withMessageStartingWith("host: 'http://orders'");
  }

  private static HealthReport reportFor(String answer) throws Exception {
    return reportFor(HealthProbes.http("/health"), answer);
  }

  private static HealthReport reportFor(HealthProbe probe, String answer) throws Exception {
    try (ProbeTarget target = ProbeTarget.answering(answer)) {
      return ask(probe, target.server());
    }
  }

  private static HealthReport answer(ProbeLoop loop, String host, int port) throws Exception {
    return get(loop.start(host, port, LONG, null));
  }

  private static HealthReport ask(HealthProbe probe, Server server) throws Exception {
    return get(probe.probe(server, LONG));
  }

  private static HealthReport get(CompletionStage<HealthReport> answer) throws Exception {
    return answer.toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  private static void write(Socket socket, String text) throws Exception {
    OutputStream out = socket.getOutputStream();
    out.write(text.getBytes(ISO_8859_1));
    out.flush();
  }

  private static int closedPort() throws Exception {
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return closed.getLocalPort();
    }
  }

  /** A server's identity as orders.test and 127.0.0.1, and the trust in it. */
  private static SSLContext context() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = HealthProbesTest.class.getResourceAsStream("/probe-target.p12")) {
      store.load(in, "changeit".toCharArray());
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, "changeit".toCharArray());
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("target", store.getCertificate("target"));
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }
}
