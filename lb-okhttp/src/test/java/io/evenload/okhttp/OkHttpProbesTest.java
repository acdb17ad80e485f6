package io.evenload.okhttp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.Attempt;
import io.evenload.EndpointState;
import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.Networks;
import io.evenload.health.HealthCheck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import okhttp3.ConnectionPool;
import okhttp3.ConnectionSpec;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.TlsVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OkHttpProbesTest {

  private static final Duration LONG = Duration.ofSeconds(20);

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  void probe_asksTheProbedServerByTheLogicalName(Wire wire) throws Exception {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire).always(response -> response.code(500));
    HealthProbe probe = OkHttpProbes.http(client(wire), url(wire, "/health"));

    assertThat(ask(probe, a.server())).isEqualTo(HealthReport.healthy());
    assertThat(ask(probe, b.server())).isEqualTo(HealthReport.unhealthy("status 500"));
    String header = wire == Wire.HTTP_1 ? "Host" : ":authority";
    for (Backend backend : List.of(a, b)) {
      assertThat(backend.onlyRequest().getTarget()).isEqualTo("/health");
      assertThat(backend.onlyRequest().getHeaders().get(header)).isEqualTo(BalancedClient.HOST);
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void probe_sharesTheConnectionOfBalancedCalls(Wire wire) throws Exception {
    Backend a = backends.start("a", wire);
    BalancedClient balanced = backends.client(a).build();
    balanced.get("/");
    HealthProbe probe = OkHttpProbes.http(balanced.http(), url(wire, "/health"));

    assertThat(ask(probe, a.server())).isEqualTo(HealthReport.healthy());
    balanced.get("/");

    assertThat(a.hits()).isEqualTo(3);
    assertThat(a.connections()).isEqualTo(1);
  }

  @Test
  void probe_ofANameThatLeadsToMetadata_isRefused() throws Exception {
    Backend a = backends.start("a");
    Server named = Server.of("rebound.test", a.port());
    OkHttpClient client =
        client(Wire.HTTP_1)
            .newBuilder()
            .dns(host -> List.of(InetAddress.getByName("169.254.169.254")))
            .build();
    HealthProbe probe = OkHttpProbes.http(client, url(Wire.HTTP_1, "/"));

    assertThat(ask(probe, named).reason())
        .startsWith("UnknownHostException: rebound.test: refused, as it leads to 169.254.169.254");
    HealthProbe elsewhere =
        OkHttpProbes.http(
            client.newBuilder().dns(host -> List.of(InetAddress.getLoopbackAddress())).build(),
            url(Wire.HTTP_1, "/"));
    assertThat(ask(elsewhere.within(Networks.of("10.0.0.0/8")), named).reason())
        .endsWith("which is not in the networks of its service");
    assertThat(ask(elsewhere, named)).isEqualTo(HealthReport.healthy());
    assertThat(a.hits()).isEqualTo(1);
  }

  @Test
  void probe_statuses_areThoseGiven() throws Exception {
    Backend a = backends.start("a").next(r -> r.code(429)).next(r -> r.code(200));
    HealthProbe probe = OkHttpProbes.http(client(Wire.HTTP_1), url(Wire.HTTP_1, "/"), 204, 429);

    assertThat(ask(probe, a.server())).isEqualTo(HealthReport.healthy());
    assertThat(ask(probe, a.server())).isEqualTo(HealthReport.unhealthy("status 200"));
  }

  @Test
  void probe_ofRequest_sendsItsHeadersAndAsksTheJudge() throws Exception {
    Backend a = backends.start("a").next(response -> response.setHeader("X-Draining", "soon"));
    Request request =
        new Request.Builder().url(url(Wire.HTTP_1, "/")).header("X-Probe", "yes").build();
    HealthProbe probe =
        OkHttpProbes.http(
            client(Wire.HTTP_1),
            request,
            response -> HealthReport.draining("" + response.header("X-Draining")));

    assertThat(ask(probe, a.server())).isEqualTo(HealthReport.draining("soon"));
    assertThat(a.onlyRequest().getHeaders().get("X-Probe")).isEqualTo("yes");
  }

  @Test
  void probe_takesNothingOfTheApplications() throws Exception {
    Backend a =
        backends
            .start("a")
            .next(
                r ->
                    r.code(401)
                        .addHeader("WWW-Authenticate", "Basic")
                        .addHeader("Set-Cookie", "k=v"))
            .next(r -> r.code(302).addHeader("Location", "/elsewhere"))
            .next(r -> r.code(503).addHeader("Retry-After", "0"));
    AtomicInteger asked = new AtomicInteger();
    OkHttpClient client =
        client(Wire.HTTP_1)
            .newBuilder()
            .addInterceptor(
                chain ->
                    chain.proceed(
                        chain.request().newBuilder().header("Authorization", "secret").build()))
            .addNetworkInterceptor(
                chain ->
                    chain.proceed(
                        chain.request().newBuilder().header("Authorization", "secret").build()))
            .authenticator(
                (route, response) -> {
                  asked.incrementAndGet();
                  return response.request().newBuilder().header("Authorization", "secret").build();
                })
            .cookieJar(
                new CookieJar() {
                  @Override
                  public void saveFromResponse(HttpUrl url, List<Cookie> cookies) {
                    asked.incrementAndGet();
                  }

                  @Override
                  public List<Cookie> loadForRequest(HttpUrl url) {
                    asked.incrementAndGet();
                    return List.of();
                  }
                })
            .build();
    HealthProbe probe = OkHttpProbes.http(client, url(Wire.HTTP_1, "/"));

    assertThat(ask(probe, a.server())).isEqualTo(HealthReport.unhealthy("status 401"));
    assertThat(ask(probe, a.server())).isEqualTo(HealthReport.unhealthy("status 302"));
    assertThat(ask(probe, a.server())).isEqualTo(HealthReport.unhealthy("status 503"));
    assertThat(a.hits()).isEqualTo(3);
    assertThat(a.requests())
        .allSatisfy(request -> assertThat(request.getHeaders().get("Authorization")).isNull());
    assertThat(asked).hasValue(0);
  }

  @Test
  void probe_serverByName_isResolvedByTheClient() throws Exception {
    Backend a = backends.start("a");
    OkHttpClient client =
        client(Wire.HTTP_1)
            .newBuilder()
            .dns(
                name ->
                    name.equals("db.internal")
                        ? List.of(InetAddress.getLoopbackAddress())
                        : List.of())
            .build();
    HealthProbe probe = OkHttpProbes.http(client, url(Wire.HTTP_1, "/"));

    assertThat(ask(probe, Server.of("db.internal", a.port()))).isEqualTo(HealthReport.healthy());
  }

  @Test
  void probe_serverWithSecondSpecOnly_isHealthy() throws Exception {
    Backend a = backends.unstarted("a", Wire.HTTP_2);
    a.web().useHttps(new Tls12());
    backends.start(a, "127.0.0.1", 0);
    ConnectionSpec first =
        new ConnectionSpec.Builder(ConnectionSpec.MODERN_TLS)
            .tlsVersions(TlsVersion.TLS_1_3)
            .build();
    OkHttpClient client =
        client(Wire.HTTP_2)
            .newBuilder()
            .connectionSpecs(List.of(first, ConnectionSpec.COMPATIBLE_TLS))
            .build();

    HealthProbe probe = OkHttpProbes.http(client, url(Wire.HTTP_2, "/"));
    assertThat(ask(probe, a.server())).isEqualTo(HealthReport.healthy());
    HealthProbe without =
        OkHttpProbes.http(
            client.newBuilder().connectionSpecs(List.of(first)).build(), url(Wire.HTTP_2, "/"));
    assertThat(ask(without, a.server()).reason()).startsWith("SSL");
  }

  @Test
  void probe_refused_isUnhealthy() throws Exception {
    HealthProbe probe = OkHttpProbes.http(client(Wire.HTTP_1), url(Wire.HTTP_1, "/"));
    assertThat(ask(probe, backends.refusing("a")).reason()).startsWith("ConnectException: ");
  }

  @Test
  void probe_silence_isUnhealthyAtTheTimeoutAndCloses() throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    RawBackend silent =
        backends.raw(
            "a",
            connection -> {
              assertThat(connection.readRequest()).isTrue();
              connection.awaitClientClose();
              ended.countDown();
            });
    HealthProbe probe = OkHttpProbes.http(client(Wire.HTTP_1), url(Wire.HTTP_1, "/"));
    HealthReport report =
        probe
            .probe(silent.server(), Duration.ofSeconds(3)) // time enough to send the request
            .toCompletableFuture()
            .get(30, TimeUnit.SECONDS);

    assertThat(report).isEqualTo(HealthReport.unhealthy("InterruptedIOException: timeout"));
    assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void probe_cancelled_closesTheConnection() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    RawBackend silent =
        backends.raw(
            "a",
            connection -> {
              assertThat(connection.readRequest()).isTrue();
              asked.countDown();
              connection.awaitClientClose();
              ended.countDown();
            });
    HealthProbe probe = OkHttpProbes.http(client(Wire.HTTP_1), url(Wire.HTTP_1, "/"));
    CompletableFuture<HealthReport> report =
        probe.probe(silent.server(), LONG).toCompletableFuture();
    assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
    report.cancel(false);

    assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void probe_alertsWithoutEnd_endsInTimeAndDelaysNoOther() throws Exception {
    byte[] warning = {21, 3, 3, 0, 2, 1, 90};
    RawBackend alerting =
        backends.raw(
            "a",
            connection -> {
              while (true) {
                connection.send(warning, 0, warning.length);
              }
            });
    Backend well = backends.start("b", Wire.HTTP_2);
    HealthProbe probe = OkHttpProbes.http(client(Wire.HTTP_2), url(Wire.HTTP_2, "/"));
    CompletableFuture<HealthReport> alerted =
        probe.probe(alerting.server(), Duration.ofMillis(300)).toCompletableFuture();

    assertThat(ask(probe, well.server())).isEqualTo(HealthReport.healthy());
    assertThat(alerted.get(20, TimeUnit.SECONDS).state()).isEqualTo(HealthReport.State.UNHEALTHY);
  }

  @Test
  void probe_bodyThatTrickles_endsInTime() throws Exception {
    RawBackend trickling =
        backends.raw(
            "a",
            connection -> {
              assertThat(connection.readRequest()).isTrue();
              byte[] answer = "HTTP/1.1 200 OK\r\n\r\nx".getBytes(ISO_8859_1);
              connection.send(answer, 0, answer.length);
              while (true) {
                connection.send(answer, answer.length - 1, answer.length);
              }
            });
    HealthProbe probe =
        OkHttpProbes.http(
            client(Wire.HTTP_1),
            new Request.Builder().url(url(Wire.HTTP_1, "/")).build(),
            response -> {
              try {
                while (!response.body().source().exhausted()) {
                  response.body().source().skip(1);
                }
                return HealthReport.healthy();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });

    CompletableFuture<HealthReport> report =
        probe.probe(trickling.server(), Duration.ofMillis(100)).toCompletableFuture();
    assertThat(report.handle((r, e) -> "ended").get(20, TimeUnit.SECONDS)).isEqualTo("ended");
  }

  @Test
  void probe_trustManagerBlocks_endsInTimeAndIsAskedAgainWhenItIsFree() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    Backend a = backends.start("a", Wire.HTTP_2);
    Backend b = backends.start("b", Wire.HTTP_2);
    AtomicInteger held = new AtomicInteger();
    OkHttpClient trusting =
        trusting(
            () -> {
              held.incrementAndGet();
              await(released);
            });
    HealthProbe probe = OkHttpProbes.http(trusting, url(Wire.HTTP_2, "/health"));
    while (held.get() < 3) { // a slow machine may not come that far each time
      assertThat(askFor(probe, a, Duration.ofMillis(200)).state())
          .isEqualTo(HealthReport.State.UNHEALTHY);
    }
    HealthReport refused = HealthReport.unhealthy("the last 3 probes have not ended yet");
    assertThat(askFor(probe, a, LONG)).isEqualTo(refused);
    assertThat(askFor(probe, b, Duration.ofMillis(50)).reason()).contains("timeout");
    HealthProbe other = OkHttpProbes.http(client(Wire.HTTP_2), url(Wire.HTTP_2, "/"));
    assertThat(askFor(other, a, LONG)).isEqualTo(HealthReport.healthy());

    released.countDown();
    HealthReport last = askFor(probe, a, LONG);
    while (last.equals(refused)) { // until the first of them has ended
      last = askFor(probe, a, LONG);
    }
    assertThat(last).isEqualTo(HealthReport.healthy());
  }

  @Test
  void probe_trustManagerThrowsAnError_spoilsNoOther() throws Exception {
    Backend a = backends.start("a", Wire.HTTP_2);
    HealthProbe broken =
        OkHttpProbes.http(
            trusting(
                () -> {
                  throw new AssertionError("broken trust manager");
                }),
            url(Wire.HTTP_2, "/"));
    HealthProbe well = OkHttpProbes.http(client(Wire.HTTP_2), url(Wire.HTTP_2, "/"));
    for (int i = 0; i < 5; i++) {
      assertThat(ask(broken, a.server()).reason()).contains("broken trust manager");
      assertThat(ask(well, a.server())).isEqualTo(HealthReport.healthy());
    }
  }

  @Test
  void probe_namesThatHang_endInTimeAndDelayNoOther() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    AtomicInteger hanging = new AtomicInteger();
    AtomicBoolean broken = new AtomicBoolean();
    Backend a = backends.start("a");
    OkHttpClient client =
        client(Wire.HTTP_1)
            .newBuilder()
            .dns(
                name -> {
                  if (name.startsWith("hanging") || (broken.get() && name.startsWith("was"))) {
                    hanging.incrementAndGet();
                    await(released);
                  }
                  return List.of(InetAddress.getLoopbackAddress());
                })
            .build();
    HealthProbe probe = OkHttpProbes.http(client, url(Wire.HTTP_1, "/"));
    assertThat(ask(probe, Server.of("was.well", a.port()))).isEqualTo(HealthReport.healthy());
    broken.set(true);
    for (int i = 0; i < 9; i++) {
      Server server = Server.of("hanging" + i % 3 + ".internal", a.port());
      HealthReport report =
          probe.probe(server, Duration.ofMillis(100)).toCompletableFuture().get(20, SECONDS);
      assertThat(report.state()).isEqualTo(HealthReport.State.UNHEALTHY);
    }

    assertThat(hanging).hasValue(3);
    assertThat(ask(probe, Server.of("well.internal", a.port()))).isEqualTo(HealthReport.healthy());
    assertThat(
            probe
                .probe(Server.of("was.well", a.port()), Duration.ofSeconds(2))
                .toCompletableFuture()
                .get(20, SECONDS))
        .isEqualTo(HealthReport.healthy());
    released.countDown();
  }

  @Test
  void probe_nameThatIsUnknownNow_isReachedWhereItWas() throws Exception {
    Backend a = backends.start("a");
    List<String> asked = Collections.synchronizedList(new ArrayList<>());
    OkHttpClient client =
        client(Wire.HTTP_1)
            .newBuilder()
            .connectionPool(new ConnectionPool(0, 1, SECONDS))
            .dns(
                name -> {
                  asked.add(name);
                  if (asked.size() > 1) {
                    throw new UnknownHostException(name + " is gone");
                  }
                  return List.of(InetAddress.getLoopbackAddress());
                })
            .build();
    HealthProbe probe = OkHttpProbes.http(client, url(Wire.HTTP_1, "/"));

    assertThat(ask(probe, Server.of("bücher.test", a.port()))).isEqualTo(HealthReport.healthy());
    assertThat(ask(probe, Server.of("bücher.test", a.port()))).isEqualTo(HealthReport.healthy());
    assertThat(ask(probe, Server.of("new.test", a.port())))
        .isEqualTo(HealthReport.unhealthy("UnknownHostException: new.test is gone"));
    assertThat(asked).containsExactly("xn--bcher-kva.test", "xn--bcher-kva.test", "new.test");
  }

  @Test
  void check_holdsTrafficUntilTheFirstPass() throws Exception {
    Backend a = backends.start("a").always(response -> response.code(503));
    Backend b = backends.start("b");
    CountDownLatch eligible = new CountDownLatch(1);
    HealthProbe probe = OkHttpProbes.http(client(Wire.HTTP_1), url(Wire.HTTP_1, "/health"));
    try (LoadBalancer orders =
        LoadBalancer.builder("orders")
            .servers(ServerList.of(a.server(), b.server()))
            .healthCheck(HealthCheck.builder(probe).initiallyHealthy(false).build())
            .listener(
                new LoadBalancerListener() {
                  @Override
                  public void stateChanged(StateChanged event) {
                    if (event.to() == EndpointState.ELIGIBLE) {
                      eligible.countDown();
                    }
                  }
                })
            .build()) {
      assertThat(eligible.await(20, TimeUnit.SECONDS)).isTrue();
      for (int i = 0; i < 20; i++) {
        try (Attempt attempt = orders.start()) {
          assertThat(attempt.server().id()).isEqualTo("b");
        }
      }
    }
  }

  @Test
  void options_bad_areNamed() {
    OkHttpClient client = client(Wire.HTTP_1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OkHttpProbes.http(client, "http://10.0.0.1/"))
        .withMessageStartingWith("host: '10.0.0.1' (expected: a host name");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OkHttpProbes.http(client, "http://orders/", 600))
        .withMessage("expectedStatuses: 600 (expected: 200 to 599)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OkHttpProbes.http(client, "orders/health"));
  }

  private OkHttpClient client(Wire wire) {
    OkHttpClient.Builder client = new OkHttpClient.Builder();
    wire.configure(client);
    OkHttpClient built = client.build();
    AutoCloseable unused = backends.closeAfterTest(() -> built.connectionPool().evictAll());
    return built;
  }

  /** A client that trusts whatever this returns from. */
  private OkHttpClient trusting(Runnable check) throws Exception {
    X509TrustManager trust =
        new X509TrustManager() {
          @Override
          public void checkClientTrusted(X509Certificate[] chain, String type) {}

          @Override
          public void checkServerTrusted(X509Certificate[] chain, String type) {
            check.run();
          }

          @Override
          public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
          }
        };
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {trust}, null);
    return client(Wire.HTTP_2)
        .newBuilder()
        .connectionPool(new ConnectionPool())
        .sslSocketFactory(context.getSocketFactory(), trust)
        .build();
  }

  private static void await(CountDownLatch latch) {
    try {
      boolean unused = latch.await(60, SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static HealthReport askFor(HealthProbe probe, Backend backend, Duration timeout)
      throws Exception {
    return probe.probe(backend.server(), timeout).toCompletableFuture().get(30, SECONDS);
  }

  private static String url(Wire wire, String path) {
    return wire.scheme + "://" + BalancedClient.HOST + path;
  }

  private static HealthReport ask(HealthProbe probe, Server server) throws Exception {
    return probe.probe(server, LONG).toCompletableFuture().get(30, TimeUnit.SECONDS);
  }
}
