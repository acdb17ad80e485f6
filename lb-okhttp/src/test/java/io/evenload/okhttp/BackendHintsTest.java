package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import java.time.Duration;
import java.util.List;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class BackendHintsTest {

  @RegisterExtension final Backends backends = new Backends();

  @Test
  void drainingHeader_ofTheServer_takesItOut() throws Exception {
    Backend a = backends.start("a").always(response -> response.setHeader("X-Draining", "1"));
    Backend b = backends.start("b").always(response -> response.setHeader("X-Draining", "false"));
    BalancedClient client =
        client(BackendHints.builder().drainingHeader("x-draining").build(), a, b);

    assertThat(client.get("/").server()).isEqualTo("a");
    client.await(() -> status(client, "a").state() == EndpointState.DRAINING);
    assertThat(status(client, "a").reason()).isEqualTo("it says x-draining");
    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(status(client, "b").state()).isEqualTo(EndpointState.ELIGIBLE);
  }

  @Test
  void retryAfter_of503_ejects() throws Exception {
    Backend a =
        backends.start("a").next(response -> response.code(503).setHeader("Retry-After", "20"));
    List<Backend> others = List.of(backends.start("b"), backends.start("c"), backends.start("d"));
    BalancedClient client =
        client(
            BackendHints.builder().retryAfter().build(),
            a,
            others.get(0),
            others.get(1),
            others.get(2));

    assertThat(client.execute(unrepeated(client)).code()).isEqualTo(503);
    client.await(() -> status(client, "a").state() == EndpointState.EJECTED);
    assertThat(status(client, "a").reason()).contains("503 with Retry-After");
    assertThat(client.get("/").server()).isEqualTo("b");
  }

  @Test
  void retryAfter_notAskedFor_isNotBelieved() throws Exception {
    Backend a =
        backends.start("a").next(response -> response.code(503).setHeader("Retry-After", "20"));
    Backend b = backends.start("b");
    BalancedClient client = client(BackendHints.builder().build(), a, b, backends.start("c"));

    assertThat(client.execute(unrepeated(client)).code()).isEqualTo(503);
    assertThat(status(client, "a").state()).isEqualTo(EndpointState.ELIGIBLE);
    assertThat(client.get("/").server()).isEqualTo("a");
  }

  @Test
  void loadReports_becomeWeights() {
    VirtualTiming time = new VirtualTiming();
    Server a = Server.of("10.0.0.1", 80);
    Server b = Server.of("10.0.0.2", 80);
    BackendHints hints = BackendHints.builder().loadReports().errorPenalty(0).build();
    try (LoadBalancer orders =
        LoadBalancer.builder("orders").servers(ServerList.of(a, b)).nanoTime(time::nanos).build()) {
      for (int i = 0; i < 2; i++) {
        hints.read(
            orders,
            a,
            reporting("JSON {\"cpu_utilization\":0.5,\"rps_fractional\":50,\"eps\":9}"),
            0);
        hints.read(orders, b, reporting("TEXT cpu_utilization=0.2,rps_fractional=60"), 0);
        hints.read(orders, b, reporting("garbage"), 0);
        time.advance(Duration.ofSeconds(11));
      }

      // 100 and 300 at full load, that is half and one and a half of the median; seen at the next
      // tick
      backends.await(() -> orders.status().endpoints().get(0).weight() == 0.5);
      backends.await(() -> orders.status().endpoints().get(1).weight() == 1.5);
    }
  }

  @Test
  void hints_ofTheFormerServerOfAnId_areNotTheListedOnes() {
    VirtualTiming time = new VirtualTiming();
    Server former = Server.builder("10.0.0.1", 80).id("a").build();
    Server listed = Server.builder("10.0.0.2", 80).id("a").build();
    Server other = Server.of("10.0.0.3", 80);
    UpdatableServerList list = new UpdatableServerList(List.of(former, other));
    BackendHints hints = BackendHints.builder().loadReports().drainingHeader("X-Draining").build();
    try (LoadBalancer orders =
        LoadBalancer.builder("orders").servers(list).nanoTime(time::nanos).build()) {
      list.update(List.of(listed, other));
      for (int i = 0; i < 2; i++) {
        hints.read(orders, former, reporting("TEXT cpu_utilization=0.1,rps_fractional=60"), 0);
        hints.read(orders, former, draining(), 0);
        hints.read(orders, other, reporting("TEXT cpu_utilization=0.2,rps_fractional=60"), 0);
        time.advance(Duration.ofSeconds(11));
      }
      hints.read(orders, other, draining(), 0);
      backends.await(() -> orders.status().endpoints().get(1).state() == EndpointState.DRAINING);

      assertThat(orders.status().endpoints().get(0).server()).isEqualTo(listed);
      assertThat(orders.status().endpoints().get(0).state()).isEqualTo(EndpointState.ELIGIBLE);
      assertThat(orders.status().endpoints().get(0).weight()).isEqualTo(1);
    }
  }

  @Test
  void hints_byDefault_areNotBelieved() throws Exception {
    Backend a =
        backends
            .start("a")
            .always(
                response ->
                    response
                        .setHeader("X-Draining", "1")
                        .setHeader("endpoint-load-metrics", "cpu_utilization=1,rps=1"));
    BalancedClient client = client(BackendHints.NONE, a, backends.start("b"));

    for (int i = 0; i < 3; i++) {
      assertThat(client.get("/").server()).isEqualTo("a");
    }
  }

  @Test
  void hints_ofACachedOrForeignAnswer_areNotTheServers() throws Exception {
    Backend other =
        backends.start("other").always(response -> response.setHeader("X-Draining", "1"));
    Backend a =
        backends
            .start("a")
            .next(
                response ->
                    response
                        .code(302)
                        .setHeader("Location", "http://127.0.0.1:" + other.port() + "/"));
    BalancedClient client =
        client(BackendHints.builder().drainingHeader("X-Draining").build(), a, backends.start("b"));

    assertThat(client.get("/").server()).isEqualTo("other");
    assertThat(client.get("/").server()).isEqualTo("a");
  }

  @Test
  void options_bad_areNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BackendHints.builder().errorPenalty(-1))
        .withMessage("errorPenalty: -1.0 (expected: 0 to 100)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BackendHints.builder().drainingHeader("a b"));
  }

  private static Response draining() {
    return reporting("").newBuilder().header("X-Draining", "1").build();
  }

  private static Response reporting(String report) {
    return new Response.Builder()
        .request(new Request.Builder().url("http://orders/").build())
        .protocol(Protocol.HTTP_1_1)
        .code(200)
        .message("OK")
        .header("Endpoint-Load-Metrics", report)
        .build();
  }

  private static Request unrepeated(BalancedClient client) {
    return client.request("/").tag(RetryPolicy.class, RetryPolicy.none()).build();
  }

  private BalancedClient client(BackendHints hints, Backend... servers) {
    return backends.client(servers).balancing(builder -> builder.hints(hints)).build();
  }

  private static EndpointStatus status(BalancedClient client, String id) {
    return client.balancer().status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }
}
