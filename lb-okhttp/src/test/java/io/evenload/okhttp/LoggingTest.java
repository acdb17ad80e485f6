package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.evenload.LoadBalancer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import mockwebserver3.SocketEffect;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.slf4j.LoggerFactory;

/** What an interceptor logs of attempts that failed, as in {@code docs/logging.md}. */
class LoggingTest {

  private static final Path PAGE = Path.of("../docs/logging.md");

  @RegisterExtension final Backends backends = new Backends();

  private final Logger logger = (Logger) LoggerFactory.getLogger(LoadBalancingInterceptor.class);

  @BeforeEach
  void listen() {
    logger.setLevel(Level.DEBUG);
  }

  @AfterEach
  void leave() {
    logger.setLevel(null);
  }

  @Test
  void page_linesOfFailedAttempts_areThoseOfARun() throws IOException {
    Backend s1 = backends.start("s1").next(r -> r.code(503));
    Backend s2 = backends.start("s2").next(r -> r.code(502));
    RetryPolicy hedging =
        Policies.immediate(2).hedge(HedgePolicy.after(Duration.ofMillis(1))).build();
    BalancedClient client =
        backends
            .client(s1, s2)
            .balancing(options -> options.retry(Policies.immediate(2).build()))
            .balancer(LoadBalancer.Builder::withoutOutlierDetection)
            .build();
    try (Warnings log = new Warnings()) {
      client.execute(
          client.request("/items?token=hunter2").header("Authorization", "hunter2").build());
      s1.next(r -> r.code(503));
      client.execute(post(client));
      s1.next(r -> r.onResponseStart(SocketEffect.Stall.INSTANCE));
      client.execute(client.request("/").tag(RetryPolicy.class, hedging).build());

      assertThat(log.lines()).containsExactlyElementsOf(block());
      assertThat(log.lines()).noneMatch(line -> line.contains("hunter2"));
    }
  }

  private static Request post(BalancedClient client) {
    return client.request("/").post(RequestBody.create("x", null)).build();
  }

  /** The lines of the page's last block. */
  private static List<String> block() throws IOException {
    List<String> blocks = Arrays.asList(Files.readString(PAGE).split("```\\w*\n", -1));
    return blocks.get(5).lines().toList();
  }
}
