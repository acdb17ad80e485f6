package io.evenload.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.ServerList;
import io.evenload.testing.okhttp.Backend;
import io.evenload.testing.okhttp.Backends;
import io.evenload.testing.okhttp.Reply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.util.stream.Stream;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** How a service is tested with lb-testing. */
final class ShopServiceTest {

  @RegisterExtension final Backends backends = new Backends();

  private final OkHttpClient browser = backends.watch(new OkHttpClient());

  @Test
  void item_someServersFail_anotherAnswersAndMetricsTellOfIt() throws IOException {
    Backend a = backends.start("a").next(Reply.status(503));
    Backend b = backends.start("b").next(Reply.reset());
    try (ShopService shop = open(a, b)) {
      assertThat(get(shop, "/7")).startsWith("200 ");

      assertThat(a.requestCount() + b.requestCount()).isEqualTo(3);
      assertThat(get(shop, "/metrics"))
          .contains("evenload_attempts_seconds_count{balancer=\"orders\",outcome=\"success\"} 1")
          .contains("evenload_attempts_seconds_count{balancer=\"orders\",outcome=\"failure\"} 2")
          .contains("evenload_retries_total{reason=\"503\",service=\"orders\"} 1");
    }
  }

  @Test
  void item_allServersAreGone_isBadGateway() throws IOException {
    try (ShopService shop = open(backends.start("a").stop(), backends.start("b").stop())) {
      assertThat(get(shop, "/7")).startsWith("502 orders cannot be asked: ");
    }
  }

  @Test
  void item_ordersKnowsNone_isBadGateway() throws IOException {
    Backend a = backends.start("a").next(Reply.status(404));
    try (ShopService shop = open(a)) {
      assertThat(get(shop, "/7?color=red")).isEqualTo("502 a");
      assertThat(a.requests())
          .singleElement()
          .satisfies(request -> assertThat(request.getTarget()).isEqualTo("/v1/items/7?color=red"));
    }
  }

  @Test
  void balancers_inABrowser_showTheServers() throws IOException {
    try (ShopService shop = open(backends.start("a"), backends.start("b"))) {
      assertThat(get(shop, "/balancers")).startsWith("200 ").contains("orders");
      assertThat(get(shop, "/balancers?format=json")).contains("\"id\":\"a\"", "\"id\":\"b\"");
    }
  }

  @Test
  void traces_afterARetry_showTheAttemptsWithinTheRequest() throws IOException {
    Backend a = backends.start("a").next(Reply.status(503));
    try (ShopService shop = open(a)) {
      assertThat(get(shop, "/7")).isEqualTo("200 a");

      assertThat(get(shop, "/traces").lines().map(line -> line.replaceAll(", [0-9]+ ms", "")))
          .hasSize(4)
          .endsWith("  GET /{item}", "    first at a: 503", "    retry at a: 200");
      assertThat(a.requests())
          .allSatisfy(request -> assertThat(request.getHeaders().get("traceparent")).isNotNull());
    }
  }

  @Test
  void shop_serversInTrouble_noCustomerNotices() throws Exception {
    ByteArrayOutputStream output = new ByteArrayOutputStream();

    assertThat(Shop.run(0, 1, 500, new PrintStream(output, true, UTF_8))).isZero();

    assertThat(output.toString(UTF_8)).contains("/balancers", "0 requests of customers failed.");
  }

  private ShopService open(Backend... servers) throws IOException {
    ServerList list = ServerList.of(Stream.of(servers).map(Backend::server).toList());
    ShopService shop = new ShopService(Shop.properties(), list, 0);
    backends.watch(shop.orders());
    return shop;
  }

  private String get(ShopService shop, String path) throws IOException {
    Request request = new Request.Builder().url(shop.url() + path).build();
    try (Response response = browser.newCall(request).execute()) {
      return response.code() + " " + response.body().string();
    }
  }
}
