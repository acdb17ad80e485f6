package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.okhttp.BalancedClient.Ended;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import mockwebserver3.MockResponse;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What is left of an interceptor that was closed: nothing at its balancers. */
class CloseTest {

  private static final CircuitBreaker FOUR =
      CircuitBreaker.builder().window(4).minimumAttempts(4).openTime(Duration.ofHours(1)).build();

  @RegisterExtension final Backends backends = new Backends();

  private final Backend a = backends.start("a");
  private final Backend b = backends.start("b");

  @Test
  void close_breakerOpen_isGoneWithTheOthers() throws IOException {
    a.always(response -> response.code(503));
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(options -> options.circuitBreaker(FOUR))
            .balancer(LoadBalancer.Builder::withoutOutlierDetection)
            .build();
    for (int i = 0; i < 4; i++) {
      client.get("/");
    }
    client.await(() -> state(client) == EndpointState.BREAKER_OPEN);

    client.interceptor().close();
    client.interceptor().close();

    client.await(() -> state(client) == EndpointState.ELIGIBLE);
  }

  @Test
  void close_laterCall_failsClearlyAndOthersPass() throws IOException {
    BalancedClient client = backends.client(a, b).build();

    client.interceptor().close();

    assertThatThrownBy(() -> client.get("/"))
        .isInstanceOf(IOException.class)
        .hasMessage(BalancedClient.HOST + ": the interceptor is closed");
    Request direct = new Request.Builder().url("http://localhost:" + b.port() + "/").build();
    assertThat(client.execute(direct).server()).isEqualTo("b");
    assertThatIllegalStateException()
        .isThrownBy(() -> client.interceptor().reconfigure(options -> {}))
        .withMessageEndingWith(": closed");
  }

  @Test
  void close_duringCalls_letsThemEndAndBeRetried() throws IOException {
    AtomicReference<LoadBalancingInterceptor> interceptor = new AtomicReference<>();
    BalancedClient client = backends.client(a, b).build();
    interceptor.set(client.interceptor());
    try (Response open = client.http().newCall(client.request("/").build()).execute()) {
      a.answering(response -> closing(interceptor.get(), response.get()));

      assertThat(client.get("/").server()).as("retried after the end").isEqualTo("b");
      assertThat(open.body().string()).isEqualTo("a");
    }
    client.await(() -> client.ended().size() == 3);
    assertThat(client.ended())
        .containsExactlyInAnyOrder(
            Ended.failed(a.server()), Ended.succeeded(b), Ended.succeeded(a));
  }

  private static MockResponse closing(
      LoadBalancingInterceptor interceptor, MockResponse.Builder response) {
    interceptor.close();
    return response.code(503).build();
  }

  private EndpointState state(BalancedClient client) {
    return client.balancer().status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(a.id()))
        .findFirst()
        .orElseThrow()
        .state();
  }
}
