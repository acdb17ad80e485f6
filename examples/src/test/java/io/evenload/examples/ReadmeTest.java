package io.evenload.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.DnsServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/**
 * Runs the Java code of the README: each of its blocks is, word for word, one of the regions below
 * that are marked with the comments {@code README} and {@code end}.
 */
final class ReadmeTest {

  private static final Path README = Path.of("../README.md");

  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern REGION =
      Pattern.compile(" // README\n(.*?)// end\n", Pattern.DOTALL);

  @Test
  void readme_javaBlocks_areTheRegionsOfThisClass() throws IOException {
    String readme = Files.readString(README);
    String test =
        Files.readString(Path.of("src/test/java/io/evenload/examples/ReadmeTest.java"))
            .replace("\"localhost\", port", "\"orders.internal\", 8080");

    List<String> blocks = find(BLOCK, readme);

    assertThat(blocks).isNotEmpty().isEqualTo(find(REGION, test));
  }

  @Test
  void readme_versions_areThoseOfTheBuild() throws IOException {
    String readme = Files.readString(README);
    String pom = Files.readString(Path.of("../pom.xml"));

    String own = find(Pattern.compile("<version>(.*?)</version>"), pom).get(0);
    String okhttp = find(Pattern.compile("<okhttp.version>(.*?)</okhttp.version>"), pom).get(0);
    assertThat(readme)
        .contains("<artifactId>lb-okhttp</artifactId><version>" + own + "</version>")
        .contains("io.evenload:lb-okhttp:" + own + "\"")
        .contains("<artifactId>okhttp-bom</artifactId><version>" + okhttp + "</version>")
        .contains("com.squareup.okhttp3:okhttp-bom:" + okhttp + "\"");
  }

  @Test
  void quickstart() throws IOException {
    try (DemoServer server = new DemoServer("one", 0)) {
      int port = server.server().port();
      // README
      LoadBalancer orders =
          LoadBalancer.builder("orders").servers(DnsServerList.of("localhost", port)).build();
      LoadBalancingInterceptor balancing =
          LoadBalancingInterceptor.builder()
              .service("orders", orders)
              .waitForServers(Duration.ofSeconds(2)) // calls that come before the first DNS answer
              .build();
      OkHttpClient client = balancing.install(new OkHttpClient.Builder()).build();
      Request request = new Request.Builder().url("http://orders/v1/items").build();
      try (Response response = client.newCall(request).execute()) {
        System.out.println(response.body().string());
      }
      // end
      assertThat(server.requests()).isEqualTo(1);
      orders.close();
    }
  }

  @Test
  void chooser() throws IOException {
    try (DemoServer one = new DemoServer("one", 0);
        DemoServer two = new DemoServer("two", 0)) {
      ServerList servers = ServerList.of(one.server(), two.server());
      // README
      Chooser firstWithRoom =
          (eligible, request) -> {
            for (Endpoint endpoint : eligible) {
              if (endpoint.inFlight() < 10 && !request.skips(endpoint)) {
                return endpoint;
              }
            }
            return eligible.get(0);
          };
      LoadBalancer orders =
          LoadBalancer.builder("orders").servers(servers).chooser(firstWithRoom).build();
      // end
      LoadBalancingInterceptor balancing = LoadBalancingInterceptor.of("orders", orders);
      OkHttpClient client = balancing.install(new OkHttpClient.Builder()).build();
      assertThat(status(client)).isEqualTo(200);
      assertThat(status(client)).isEqualTo(200);
      assertThat(one.requests()).isEqualTo(2);
      orders.close();
    }
  }

  @Test
  void sizing() throws IOException {
    try (DemoServer server = new DemoServer("one", 0);
        LoadBalancer orders = LoadBalancer.of("orders", server.server())) {
      LoadBalancingInterceptor balancing = LoadBalancingInterceptor.of("orders", orders);
      // README
      OkHttpClient client =
          balancing.install(new OkHttpClient.Builder(), 256).build(); // 256 calls at once
      // end
      assertThat(status(client)).isEqualTo(200);
      assertThat(client.dispatcher().getMaxRequestsPerHost()).isEqualTo(256);
    }
  }

  @Test
  void withoutOkHttp() throws Exception {
    try (DemoServer one = new DemoServer("one", 0);
        LoadBalancer orders = LoadBalancer.of("orders", one.server())) {
      // README
      String items = orders.call(server -> read(server)); // what read throws is the server's fault
      // end
      assertThat(items).isNotNull();
      assertThat(one.requests()).isEqualTo(1);
      assertThat(orders.status().endpoints()).allSatisfy(e -> assertThat(e.inFlight()).isZero());
    }
  }

  @Test
  void noServer_message_isTheOneInTheReadme() throws IOException {
    try (LoadBalancer orders =
        LoadBalancer.of("orders", Server.of("10.0.0.1", 80), Server.of("10.0.0.2", 80))) {
      LoadBalancingInterceptor balancing = LoadBalancingInterceptor.of("orders", orders);
      OkHttpClient client = balancing.install(new OkHttpClient.Builder()).build();
      RequestContext none = RequestContext.create().only(server -> false);
      Request request =
          new Request.Builder()
              .url("http://orders/v1/items")
              .tag(RequestContext.class, none)
              .build();

      IOException failure =
          catchThrowableOfType(IOException.class, () -> client.newCall(request).execute());

      assertThat(failure).hasCauseInstanceOf(NoServerAvailableException.class);
      assertThat(Files.readString(README)).contains("`" + failure.getMessage() + "`");
    }
  }

  private static int status(OkHttpClient client) throws IOException {
    Request request = new Request.Builder().url("http://orders/v1/items").build();
    try (Response response = client.newCall(request).execute()) {
      return response.code();
    }
  }

  private static String read(Server server) throws IOException {
    URI uri = URI.create("http://" + server.host() + ":" + server.port() + "/v1/items");
    try (InputStream body = uri.toURL().openStream()) {
      return new String(body.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Returns what the pattern finds, without the indentation. */
  private static List<String> find(Pattern pattern, String text) {
    return pattern.matcher(text).results().map(found -> found.group(1).stripIndent()).toList();
  }
}
