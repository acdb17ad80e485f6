package io.evenload.okhttp;

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
import io.evenload.health.HealthCheck;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
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
            .probe(silent.server(), Duration.ofMillis(50))
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
                  public void stateChanged(
                      Server server, EndpointState from, EndpointState to, String reason) {
                    if (to == EndpointState.ELIGIBLE) {
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

  private static String url(Wire wire, String path) {
    return wire.scheme + "://" + BalancedClient.HOST + path;
  }

  private static HealthReport ask(HealthProbe probe, Server server) throws Exception {
    return probe.probe(server, LONG).toCompletableFuture().get(30, TimeUnit.SECONDS);
  }
}
