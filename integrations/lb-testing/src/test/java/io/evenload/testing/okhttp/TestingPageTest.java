package io.evenload.testing.okhttp;

import static io.evenload.okhttp.CallAttempt.Reason.FIRST;
import static io.evenload.okhttp.CallAttempt.Reason.RETRY;
import static io.evenload.testing.okhttp.AttemptsAssert.assertThatAttemptsOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.testing.VirtualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Runs the Java code of docs/testing.md: each of its blocks is, word for word, one of the regions
 * below that are marked with the comments {@code page} and {@code end}.
 */
final class TestingPageTest {

  private static final Path PAGE = Path.of("../../docs/testing.md");
  private static final Path THIS =
      Path.of("src/test/java/io/evenload/testing/okhttp/TestingPageTest.java");

  /** A service, as far as it matters here. */
  private static final class Shop {
    static OkHttpClient client(LoadBalancer orders) {
      return LoadBalancingInterceptor.of("orders", orders)
          .install(new OkHttpClient.Builder())
          .build();
    }
  }

  // page
  @RegisterExtension final Backends backends = new Backends();

  @Test
  void items_oneServerFails_anotherAnswers() throws IOException {
    Backend a = backends.start("a").next(Reply.status(503));
    Backend b = backends.start("b");
    LoadBalancer orders = backends.watch(backends.balancer("orders", a, b).build());
    OkHttpClient client = backends.watch(Shop.client(orders)); // as production code builds it

    try (Response response = client.newCall(request("http://orders/v1/items")).execute()) {
      assertThatAttemptsOf(response).wentTo(a, b).hadReasons(FIRST, RETRY).hadStatuses(503, 200);
    }
    assertThat(a.requestCount()).isEqualTo(1);
  }

  // end

  // page
  @Test
  void items_serverKeepsFailing_isLeftAloneUntilItsBreakerHalfOpens() throws IOException {
    VirtualTime time = new VirtualTime();
    Backend a = backends.start("a").always(Reply.status(503));
    Backend b = backends.start("b");
    LoadBalancer orders = backends.watch(time.drive(backends.balancer("orders", a, b)).build());
    OkHttpClient client = backends.watch(Shop.client(orders));
    for (int i = 0; i < 30; i++) {
      client.newCall(request("http://orders/v1/items")).execute().close();
    }
    assertThat(a.requestCount()).isEqualTo(20); // then its breaker opened
    a.always(Reply.ok());
    time.advance(Duration.ofSeconds(6)); // after 5 s it allows trials
    client.newCall(request("http://orders/v1/items")).execute().close();
    assertThat(a.requestCount()).isEqualTo(21);
  }

  // end

  @Test
  void passThrough() throws IOException {
    LoadBalancer orders = backends.watch(backends.balancer("orders", backends.start("a")).build());
    try (MockWebServer server = new MockWebServer()) {
      server.start();
      server.enqueue(new MockResponse.Builder().code(503).body("stub").build());
      // page
      OkHttpClient client = PassThrough.of(Shop.client(orders), "orders", server.getPort());
      // end
      assertThat(Clients.text(backends.watch(client), "http://orders/")).isEqualTo("503 stub");
    }
  }

  @Test
  void page_javaBlocks_areTheRegionsOfThisClass() throws IOException {
    List<String> blocks = find("```java\n(.*?)```", Files.readString(PAGE));

    assertThat(blocks)
        .hasSize(3)
        .isEqualTo(find(" // page\n(.*?)\\s*// end\n", Files.readString(THIS)));
  }

  private static Request request(String url) {
    return new Request.Builder().url(url).build();
  }

  /** Returns what the pattern finds, without the indentation. */
  private static List<String> find(String pattern, String text) {
    return Pattern.compile(pattern, Pattern.DOTALL)
        .matcher(text)
        .results()
        .map(found -> found.group(1).stripTrailing().stripIndent())
        .toList();
  }
}
