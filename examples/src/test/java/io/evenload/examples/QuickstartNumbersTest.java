package io.evenload.examples;

import static io.opentelemetry.api.common.AttributeKey.stringKey;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.micrometer.LoadBalancerMetrics;
import io.evenload.opentelemetry.AttemptTracing;
import io.evenload.status.StatusPage;
import io.evenload.testing.VirtualTime;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whatever counts in the quickstart counts the same, while servers are slow, fail and leave. */
final class QuickstartNumbersTest implements Quickstart.Instruments {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  private final InMemorySpanExporter spans = InMemorySpanExporter.create();
  private final OpenTelemetrySdk telemetry =
      OpenTelemetrySdk.builder()
          .setTracerProvider(
              SdkTracerProvider.builder()
                  .addSpanProcessor(SimpleSpanProcessor.create(spans))
                  .build())
          .build();

  /** The page's, which stands still, so that nothing is older than a minute in the end. */
  private final VirtualTime minute = new VirtualTime();

  private @Nullable LoadBalancerMetrics metrics;
  private @Nullable StatusPage page;
  private int compared;

  @AfterEach
  void close() {
    metrics.close();
    page.close();
    telemetry.close();
  }

  @Test
  void run_allInstruments_countWhatTheServersCount() throws Exception {
    int failed = Quickstart.run(100, new PrintStream(OutputStream.nullOutputStream()), this);

    assertThat(failed).isZero();
    assertThat(compared).isEqualTo(4);
  }

  @Override
  public OkHttpClient install(LoadBalancer orders, OkHttpClient client) {
    metrics = LoadBalancerMetrics.monitorServers(registry, orders, 10);
    page = StatusPage.builder().balancer(orders).scheduler(minute).build();
    return AttemptTracing.of(telemetry).install(client);
  }

  @Override
  public void compare(List<DemoServer> servers) {
    long failed = servers.stream().mapToInt(DemoServer::failures).sum();
    long succeeded = servers.stream().mapToInt(DemoServer::requests).sum() - failed;
    assertThat(succeeded).isPositive();
    assertThat(failed).isPositive();

    assertThat(metered("evenload.attempts", "success")).isEqualTo(succeeded);
    assertThat(metered("evenload.attempts", "failure")).isEqualTo(failed);
    assertThat(metered("evenload.attempts", "cancelled")).isZero();
    minute.advance(Duration.ofSeconds(2)); // the page shows what was counted until now
    String json = page.json();
    String attempts = "\"attempts\":{\"succeeded\":%d,\"failed\":%d,\"cancelled\":0}";
    assertThat(json).contains(attempts.formatted(succeeded, failed));
    assertThat(spans.getFinishedSpanItems()).hasSize((int) (succeeded + failed));
    servers.forEach(server -> compare(server, json));
  }

  private void compare(DemoServer server, String json) {
    long failed = server.failures();
    long succeeded = server.requests() - failed;
    if (!server.name().equals("moving")) { // its meters left with it
      assertThat(metered("evenload.server.attempts", "success", "server", server.name()))
          .isEqualTo(succeeded);
      assertThat(metered("evenload.server.attempts", "failure", "server", server.name()))
          .isEqualTo(failed);
    }
    assertThat(lastMinute(json, server.name(), "attempts")).isEqualTo(server.requests());
    assertThat(lastMinute(json, server.name(), "failures")).isEqualTo(failed);
    assertThat(traced(server.name(), StatusCode.UNSET)).isEqualTo(succeeded);
    assertThat(traced(server.name(), StatusCode.ERROR)).isEqualTo(failed);
    compared++;
  }

  private long traced(String server, StatusCode status) {
    return spans.getFinishedSpanItems().stream()
        .filter(span -> server.equals(span.getAttributes().get(stringKey("evenload.server"))))
        .filter(span -> span.getStatus().getStatusCode() == status)
        .count();
  }

  private long metered(String name, String outcome, String... tags) {
    return registry.find(name).tag("outcome", outcome).tags(tags).timers().stream()
        .mapToLong(Timer::count)
        .sum();
  }

  private static long lastMinute(String json, String server, String what) {
    String slots = "\"id\":\"" + server + "\".*?\"" + what + "\":\\[([0-9,]+)]";
    Matcher found = Pattern.compile(slots).matcher(json);
    assertThat(found.find()).as(json).isTrue();
    return Stream.of(found.group(1).split(",")).mapToLong(Long::parseLong).sum();
  }
}
