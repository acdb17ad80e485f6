package io.evenload.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.Server;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Runs the Java code of {@code docs/health.md}, which is the marked region below, word for word.
 */
final class HealthPageTest {

  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern REGION =
      Pattern.compile(" // health.md\n(.*?)// end\n", Pattern.DOTALL);

  @Test
  void page_javaBlocks_areTheRegionsOfThisClass() throws IOException {
    String page = Files.readString(Path.of("../docs/health.md"));
    String test =
        Files.readString(Path.of("src/test/java/io/evenload/examples/HealthPageTest.java"));

    assertThat(find(BLOCK, page)).isNotEmpty().isEqualTo(find(REGION, test));
  }

  @Test
  void probeByTheJdksClient_reportsWhatTheServerSays() throws Exception {
    // health.md
    HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
    HealthProbe probe =
        (server, timeout) -> {
          URI uri = URI.create("http://" + server.host() + ":" + server.port() + "/health");
          HttpRequest request = HttpRequest.newBuilder(uri).timeout(timeout).build();
          return client
              .sendAsync(request, BodyHandlers.discarding())
              .thenApply(
                  answer ->
                      answer.statusCode() == 200
                          ? HealthReport.healthy()
                          : HealthReport.unhealthy("status " + answer.statusCode()));
        };
    // end
    try (DemoServer server = new DemoServer("one", 0)) {
      assertThat(ask(probe, server.server())).isEqualTo(HealthReport.healthy());
      server.failing(true);
      assertThat(ask(probe, server.server())).isEqualTo(HealthReport.unhealthy("status 503"));
    }
    Server gone;
    try (DemoServer stopped = new DemoServer("gone", 0)) {
      gone = stopped.server();
    }
    assertThat(
            probe
                .probe(gone, Duration.ofSeconds(20))
                .toCompletableFuture()
                .handle((report, failure) -> failure instanceof CompletionException)
                .join())
        .isTrue();
  }

  private static HealthReport ask(HealthProbe probe, Server server) {
    return probe.probe(server, Duration.ofSeconds(20)).toCompletableFuture().join();
  }

  /** Returns what the pattern finds, without the indentation. */
  private static List<String> find(Pattern pattern, String text) {
    return pattern.matcher(text).results().map(found -> found.group(1).stripIndent()).toList();
  }
}
