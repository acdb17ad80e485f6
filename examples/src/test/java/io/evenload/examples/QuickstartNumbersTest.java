package io.evenload.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.micrometer.LoadBalancerMetrics;
import io.evenload.status.StatusPage;
import io.evenload.testing.VirtualTime;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.OutputStream;
import java.io.PrintStream;
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

  /** Stands still, so that the last minute lasts. */
  private final VirtualTime minute = new VirtualTime();

  private @Nullable LoadBalancerMetrics metrics;
  private @Nullable StatusPage page;
  private int compared;

  @AfterEach
  void close() {
    metrics.close();
    page.close();
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
    return client;
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
    String json = page.json();
    String attempts = "\"attempts\":{\"succeeded\":%d,\"failed\":%d,\"cancelled\":0}";
    assertThat(json).contains(attempts.formatted(succeeded, failed));
    servers.forEach(server -> compare(server, json));
  }

  private void compare(DemoServer server, String json) {
    long failed = server.failures();
    long succeeded = server.requests() - failed;
    if (!server.name().equals("moving")) { // its meters went with it, and new ones came
      String meter = "evenload.server.attempts";
      assertThat(metered(meter, "success", "server", server.name())).isEqualTo(succeeded);
      assertThat(metered(meter, "failure", "server", server.name())).isEqualTo(failed);
      assertThat(lastMinute(json, server.name(), "attempts")).isEqualTo(server.requests());
      assertThat(lastMinute(json, server.name(), "failures")).isEqualTo(failed);
    }
    compared++;
  }

  private long metered(String name, String outcome, String... tags) {
    return registry.find(name).tag("outcome", outcome).tags(Tags.of(tags)).timers().stream()
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
