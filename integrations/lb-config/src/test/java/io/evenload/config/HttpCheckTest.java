package io.evenload.config;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.net.httpserver.HttpServer;
import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.Server;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpCheckTest {

  private static final String HTTP =
      "default.health-check.probe=http;default.health-check.path=/health";

  private final List<String> asked = new ArrayList<>();
  private HttpServer server;
  private int status = 200;

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          asked.add(exchange.getRequestHeaders().getFirst("Host") + exchange.getRequestURI());
          exchange.getResponseHeaders().set("X-Draining", "soon");
          byte[] body = "ok".getBytes(US_ASCII);
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void probe_ofAServiceWithoutKeys_asksByItsName() throws Exception {
    assertThat(ask(HTTP)).isEqualTo(HealthReport.healthy());
    status = 503;
    assertThat(ask(HTTP)).isEqualTo(HealthReport.unhealthy("status 503"));
    assertThat(asked).containsOnly("orders/health");
  }

  @Test
  void probe_statusesAndHeaders_areJudgedByTheKeys() throws Exception {
    assertThat(ask(HTTP + ";default.health-check.draining-header=x-draining"))
        .isEqualTo(HealthReport.draining("it says x-draining"));
    status = 429;
    assertThat(ask(HTTP + ";default.health-check.draining-status=429"))
        .isEqualTo(HealthReport.draining("it answers status 429"));
    assertThat(ask(HTTP + ";default.health-check.expected-statuses=200,429"))
        .isEqualTo(HealthReport.healthy());
  }

  @Test
  void probe_hostAndPort_areThoseOfTheKeys() throws Exception {
    String keys =
        HTTP
            + ";service.orders.health-check.host=shop.test:81;service.orders.health-check.port="
            + server.getAddress().getPort();
    HealthProbe probe =
        probe(EvenloadConfig.of(EvenloadConfigTest.lines(keys)).probingWith(new OkHttpClient()));

    assertThat(ask(probe, Server.of("127.0.0.1", 1))).isEqualTo(HealthReport.healthy());
    assertThat(asked).containsExactly("shop.test:81/health");
    assertThat(probe)
        .hasToString("GET http://shop.test:81/health at port " + server.getAddress().getPort());
  }

  @Test
  void balancer_whoseNameIsNoHost_isRefusedByTheKey() {
    EvenloadConfig config = EvenloadConfig.of(EvenloadConfigTest.lines(HTTP));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> config.balancer("my orders"))
        .withMessage(
            "evenload.service.my orders.health-check.host: 'my orders' (expected: a host name, with"
                + " a port if need be)");
  }

  private HealthReport ask(String keys) throws Exception {
    InetSocketAddress address = server.getAddress();
    return ask(
        probe(EvenloadConfig.of(EvenloadConfigTest.lines(keys))),
        Server.of(address.getAddress().getHostAddress(), address.getPort()));
  }

  private static HealthProbe probe(EvenloadConfig config) {
    return (HealthProbe) Fields.of(config.balancer("orders"), "healthCheck.probe");
  }

  private static HealthReport ask(HealthProbe probe, Server server) throws Exception {
    return probe
        .probe(server, Duration.ofSeconds(20))
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
  }
}
