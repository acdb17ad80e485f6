package io.evenload.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.okhttp.Backend;
import io.evenload.testing.okhttp.Backends;
import io.evenload.testing.okhttp.Reply;
import java.io.IOException;
import java.util.List;
import java.util.Properties;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A secret in what a source says of its servers, and a search through all that a service shows. */
final class SecretsTest {

  private static final String SECRET = "c4nary-s3cret";

  @RegisterExtension final Backends backends = new Backends();

  private final OkHttpClient browser = backends.watch(new OkHttpClient());

  @Test
  void pagesMetersAndSpans_ofServersWithSecrets_haveNone() throws IOException {
    Backend a = backends.start("a").next(Reply.status(503)).next(Reply.reset());
    Backend b = backends.start("b").stop();
    Properties properties = new Properties();
    properties.put("evenload.default.health-check.probe", "http");
    properties.put("evenload.default.health-check.path", "/health?token=" + SECRET);
    properties.put("evenload.default.health-check.header", "Authorization=Bearer " + SECRET);
    try (ShopService shop =
        new ShopService(properties, ServerList.of(secretive(a), secretive(b)), 0)) {
      for (int i = 0; i < 5; i++) {
        assertThat(get(shop, "/7")).isNotEmpty();
      }
      assertThat(shop.orders().toString()).doesNotContain(SECRET);
      for (String page :
          List.of("/balancers", "/balancers?format=json", "/metrics", "/traces", "/7")) {
        assertThat(get(shop, page)).as(page).isNotEmpty().doesNotContain(SECRET);
      }
      assertThat(get(shop, "/balancers?format=json")).as("but its name").contains("\"token\"");
    }
  }

  private String get(ShopService shop, String path) throws IOException {
    Request request = new Request.Builder().url(shop.url() + path).build();
    try (Response response = browser.newCall(request).execute()) {
      return response.headers() + response.body().string();
    }
  }

  private static Server secretive(Backend backend) {
    Server server = backend.server();
    return Server.builder(server.host(), server.port())
        .id(server.id())
        .metadata("token", SECRET)
        .build();
  }
}
