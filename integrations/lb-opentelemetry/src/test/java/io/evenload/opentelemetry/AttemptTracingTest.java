package io.evenload.opentelemetry;

import static io.evenload.opentelemetry.Answers.always;
import static io.evenload.opentelemetry.World.HOST;
import static io.evenload.opentelemetry.World.at;
import static io.evenload.opentelemetry.World.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.UpdatableServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

final class AttemptTracingTest {

  private static final int SERVERS = 10_000;

  @RegisterExtension final World world = new World();

  /** Invariants: a span for each server, each of which ends, and no context that is left. */
  @Test
  void servers_comingAndGoingForADay_eachHasItsSpan() throws Exception {
    MockWebServer a = world.server();
    always(a);
    UpdatableServerList list = new UpdatableServerList();
    OkHttpClient client =
        world.client(LoadBalancingInterceptor.of(HOST, world.balancer(list)), http -> {});
    Set<String> expected = new HashSet<>();
    for (int i = 0; i < SERVERS; i++) {
      list.update(List.of(at("s" + i, a)));
      expected.add("s" + i);
      assertThat(get(client, "/")).isEqualTo(200);
      world.time().advance(Duration.ofDays(1).dividedBy(SERVERS));
    }

    assertThat(world.spans(SERVERS))
        .extracting(span -> span.getAttributes().get(AttemptSpan.SERVER))
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void install_openTelemetryDoesNothing_leavesTheClientAsItIs() throws Exception {
    OkHttpClient client =
        world.balancing(world.refusing("a")).build().install(new OkHttpClient.Builder()).build();

    assertThat(AttemptTracing.of(OpenTelemetry.noop()).install(client)).isSameAs(client);
    assertThat(AttemptTracing.of(disabled()).install(client)).isNotSameAs(client);
  }

  /** What tells others of spans that it does not make. */
  private static OpenTelemetry disabled() {
    return OpenTelemetry.propagating(
        ContextPropagators.create(W3CTraceContextPropagator.getInstance()));
  }

  @Test
  void install_withoutBalancing_isRefusedThoughOpenTelemetryDoesNothing() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AttemptTracing.of(OpenTelemetry.noop()).install(new OkHttpClient()))
        .withMessage("client: no LoadBalancingInterceptor (expected: installed before)");
  }

  @Test
  void install_withoutBalancing_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> world.traced(new OkHttpClient()))
        .withMessage("client: no LoadBalancingInterceptor (expected: installed before)");
  }

  @Test
  void install_twice_isRefused() throws Exception {
    OkHttpClient traced = world.client(world.refusing("a"));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> world.traced(traced))
        .withMessage("client: traced already (expected: once)");
  }
}
