package io.evenload.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/**
 * Runs the Java code of the README, and of the pages that it leads to first. {@link DocsTest} finds
 * each block of theirs here, between the name of its page and {@code end}.
 */
final class ReadmeTest {

  private static final Path README = Path.of("../README.md");

  @Test
  void readme_versions_areThoseOfTheBuild() throws IOException {
    String readme = Files.readString(README);
    String pom = Files.readString(Path.of("../pom.xml"));

    Matcher version = Pattern.compile("<version>(.*?)</version>").matcher(pom);
    assertThat(version.find()).isTrue();
    String own = version.group(1);
    assertThat(readme)
        .contains("<artifactId>lb-bom</artifactId><version>" + own + "</version>")
        .contains("io.evenload:lb-bom:" + own + "\"");
    assertThat(Files.readString(Path.of("../docs/start.md")))
        .contains("<artifactId>lb-bom</artifactId><version>" + own + "</version>");
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
              .waitForServers(Duration.ofSeconds(2)) // for calls before the first DNS answer
              .build();
      OkHttpClient client =
          balancing
              .install(new OkHttpClient.Builder(), 256) // calls at once to each service
              .callTimeout(Duration.ofSeconds(5)) // the deadline of a call with all its attempts
              .build();
      Request request = new Request.Builder().url("http://orders/v1/items").build();
      try (Response response = client.newCall(request).execute()) {
        System.out.println(response.body().string());
      }
      // end
      assertThat(server.requests()).isEqualTo(1);
      assertThat(client.dispatcher().getMaxRequestsPerHost()).isEqualTo(256);
      orders.close();
    }
  }

  @Test
  void chooser() throws IOException {
    try (DemoServer one = new DemoServer("one", 0);
        DemoServer two = new DemoServer("two", 0)) {
      ServerList servers = ServerList.of(one.server(), two.server());
      // which-chooser.md
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
  void withoutOkHttp() throws Exception {
    try (DemoServer one = new DemoServer("one", 0);
        LoadBalancer orders = LoadBalancer.of("orders", one.server())) {
      // start.md
      String items = orders.call(server -> read(server)); // what read throws is the server's fault
      // end
      assertThat(items).isNotNull();
      assertThat(one.requests()).isEqualTo(1);
      assertThat(orders.status().endpoints()).allSatisfy(e -> assertThat(e.inFlight()).isZero());
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
}
