package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import io.evenload.Attempt;
import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import io.evenload.discovery.DnsServerList;
import io.evenload.health.HealthCheck;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.CookieManager;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.java.net.cookiejar.JavaNetCookieJar;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * A secret in each place where a source or a caller may have one, and a search through all that is
 * said: log lines of every level with their exceptions, what listeners are told, what is thrown,
 * and every {@code toString}.
 */
class SecretsTest {

  private static final String SECRET = "c4nary-s3cret";

  @RegisterExtension final Backends backends = new Backends();

  private final Queue<String> said = new ConcurrentLinkedQueue<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger("io.evenload");
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          said.add(event.getFormattedMessage());
          if (event.getThrowableProxy() != null) {
            said.add(ThrowableProxyUtil.asString(event.getThrowableProxy()));
          }
        }
      };

  @BeforeEach
  void listen() {
    appender.setContext(logger.getLoggerContext());
    appender.start();
    logger.addAppender(appender);
    logger.setLevel(Level.TRACE);
  }

  @AfterEach
  void stopListening() {
    logger.setLevel(null);
    logger.detachAppender(appender);
    appender.stop();
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "OKHTTP")
  void calls_thatFailInManyWays_tellNothingSecret(Way way) throws Exception {
    Backend a = backends.start("a").always(r -> failing(r.code(503)));
    Backend b =
        backends
            .start("b")
            .next(r -> failing(r.code(500)))
            .next(r -> failing(r.code(429)).setHeader("Retry-After", "9999"))
            .always(r -> failing(r));
    BalancedClient client =
        backends
            .client(
                Wire.HTTP_1,
                secretive(a.server()),
                secretive(backends.refusing("x")),
                secretive(b.server()))
            .chooser(Choosers.sticky(BalancedClient.IN_ORDER))
            .http(http -> http.cookieJar(new JavaNetCookieJar(new CookieManager())))
            .balancer(
                balancer ->
                    balancer.listener(
                        new LoadBalancerListener() {
                          @Override
                          public void attemptEnded(Attempt attempt) {
                            said.add(attempt + " " + attempt.cause());
                          }

                          @Override
                          public void serversChanged(ServersChanged event) {
                            said.add(event.toString());
                          }

                          @Override
                          public void stateChanged(StateChanged event) {
                            said.add(event.toString());
                          }
                        }))
            .balancing(way::set)
            .balancing(
                balancing ->
                    balancing
                        .affinity(Affinity.header("X-User"))
                        .hints(BackendHints.builder().loadReports().retryAfter().build())
                        .listener(told()))
            .build();
    for (int i = 0; i < 6; i++) {
      Request.Builder request =
          new Request.Builder()
              .url("http://ann:" + SECRET + "@" + BalancedClient.HOST + "/v1?token=" + SECRET)
              .header("Authorization", "Bearer " + SECRET)
              .header("Cookie", "sid=" + SECRET)
              .header("X-User", SECRET)
              .header("X-Api-Key", SECRET);
      if (i % 2 == 1) {
        request.post(RequestBody.create(SECRET, null));
      }
      if (i == 4) {
        request.tag(
            RequestContext.class, RequestContext.withKey(SECRET).only(s -> s.id().equals("x")));
      }
      if (i == 5) {
        request.tag(
            RequestContext.class,
            RequestContext.withKey(SECRET).only(s -> s.id().equals("nobody")));
      }
      try (Response response = client.http().newCall(request.build()).execute()) {
        said.add(LoadBalancingInterceptor.attemptsOf(response).toString());
      } catch (IOException e) {
        thrown(e);
        said.add(LoadBalancingInterceptor.attemptsOf(e).toString());
      }
    }
    said.add(client.balancer().toString());
    said.add(client.balancer().status().endpoints().toString());
    said.add(client.interceptor().toString());

    assertThat(said).hasSizeGreaterThan(20);
    assertThat(said).noneMatch(text -> text.contains(SECRET));
  }

  @Test
  void sourcesAndProbes_thatFail_tellNothingSecret() throws Exception {
    Backend a = backends.start("a").always(r -> failing(r.code(500)));
    Request asked =
        new Request.Builder()
            .url("http://ann:" + SECRET + "@orders/health?token=" + SECRET)
            .header("Authorization", SECRET)
            .build();
    BalancedClient plain = backends.client(a).build();
    HealthProbe probe =
        OkHttpProbes.http(
            plain.http(),
            asked,
            response ->
                response.isSuccessful()
                    ? HealthReport.healthy()
                    : HealthReport.unhealthy("status " + response.code()));
    said.add(probe.toString());
    said.add(
        probe
            .probe(secretive(a.server()), Duration.ofSeconds(20))
            .toCompletableFuture()
            .get(30, TimeUnit.SECONDS)
            .toString());
    said.add(
        probe
            .probe(secretive(backends.refusing("x")), Duration.ofSeconds(20))
            .toCompletableFuture()
            .get(30, TimeUnit.SECONDS)
            .toString());
    UpdatableServerList list = new UpdatableServerList();
    try (LoadBalancer orders =
        LoadBalancer.builder("orders").servers(list).healthCheck(HealthCheck.of(probe)).build()) {
      Server metadata =
          Server.builder("169.254.169.254", 80).id("m").metadata("token", SECRET).build();
      list.update(List.of(metadata));
      list.update(List.of(metadata, secretive(a.server()), secretive(a.server())));
      orders.admin().drain("a");
      said.add(orders.toString());
    }
    assertThat(said).noneMatch(text -> text.contains(SECRET));
  }

  @Test
  void options_thatAreRefused_tellNothingSecret() {
    String url = "https://ann:" + SECRET + "@orders/v1?token=" + SECRET;
    for (ThrowingCallable refused :
        List.<ThrowingCallable>of(
            () -> Server.parse(url),
            () -> Server.parse("ann:" + SECRET + "@orders:80"),
            () -> Server.of(url, 80),
            () -> DnsServerList.of(url, 80),
            () -> DnsServerList.of("ann:" + SECRET + "@orders", 80),
            () -> LoadBalancingInterceptor.of(url, LoadBalancer.of("o", Server.of("h", 1))),
            () ->
                LoadBalancingInterceptor.of(
                    "ann:" + SECRET + "@orders", LoadBalancer.of("o", Server.of("h", 1))))) {
      Throwable thrown = catchThrowable(refused);
      assertThat(thrown).isInstanceOf(IllegalArgumentException.class);
      thrown(thrown);
    }
    assertThat(said).noneMatch(text -> text.contains(SECRET));
  }

  private void thrown(Throwable thrown) {
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text, true));
    said.add(text.toString());
  }

  private static Server secretive(Server server) {
    return Server.builder(server.host(), server.port())
        .id(server.id())
        .metadata("token", SECRET)
        .build();
  }

  private static MockResponse.Builder failing(MockResponse.Builder response) {
    return response
        .setHeader("Set-Cookie", "sid=" + SECRET)
        .setHeader("endpoint-load-metrics", SECRET)
        .setHeader("WWW-Authenticate", "Bearer " + SECRET);
  }

  private CallListener told() {
    return new CallListener() {
      @Override
      public void ended(CallEnded event) {
        said.add(event.toString());
      }

      @Override
      public void retried(Retried event) {
        said.add(event.toString());
      }

      @Override
      public void notRetried(NotRetried event) {
        said.add(event.toString());
      }

      @Override
      public void hedged(Hedged event) {
        said.add(event.toString());
      }

      @Override
      public void notHedged(NotHedged event) {
        said.add(event.toString());
      }
    };
  }
}
