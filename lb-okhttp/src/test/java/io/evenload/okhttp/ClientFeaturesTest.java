package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.cancelled;
import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.Cache;
import okhttp3.CacheControl;
import okhttp3.HttpUrl;
import okhttp3.OkHttp;
import okhttp3.Protocol;
import okhttp3.Response;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What else a client may have: a cache, an authenticator, a proxy, interceptors of its own. */
class ClientFeaturesTest {

  @RegisterExtension final Backends backends = new Backends();

  @TempDir Path directory;

  @Test
  @DisplayName("19: what one server sent is in the cache for all, and a hit says nothing of them")
  void cache_hit_isNoServersSuccess() throws IOException {
    Backend a = backends.start("a");
    a.next(response -> response.setHeader("Cache-Control", "max-age=60"));
    Backend b = backends.start("b");
    try (Cache cache = new Cache(directory.toFile(), 1 << 20)) {
      BalancedClient client =
          backends
              .client(a, b)
              .chooser((eligible, request) -> eligible.get(a.hits() == 0 ? 0 : 1))
              .http(http -> http.cache(cache))
              .build();

      assertThat(client.get("/").server()).isEqualTo("a");
      assertThat(client.get("/").server()).as("out of the cache").isEqualTo("a");

      assertThat(cache.hitCount()).isEqualTo(1);
      assertThat(b.hits()).isZero();
      assertThat(client.ended()).containsExactly(succeeded(a), cancelled(b.server()));
    }
  }

  @Test
  @DisplayName("20: the 504 of a cache that has nothing is not retried and blames nobody")
  void cache_only_missIsNotRetried() throws IOException {
    Backend a = backends.start("a");
    Backend b = backends.start("b");
    try (Cache cache = new Cache(directory.toFile(), 1 << 20)) {
      BalancedClient client =
          backends
              .client(a, b)
              .balancing(
                  balancing ->
                      balancing.retry(Policies.immediate(3).statuses(List.of(503, 504)).build()))
              .http(http -> http.cache(cache))
              .build();

      Reply reply =
          client.execute(client.request("/").cacheControl(CacheControl.FORCE_CACHE).build());

      assertThat(reply.code()).isEqualTo(504);
      assertThat(client.ended()).containsExactly(cancelled(a.server()));
      assertThat(a.hits() + b.hits()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("21: an authenticator sees the logical URL, and its answer goes to the same server")
  void authenticator_seesLogicalUrl(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(401));
    Backend b = backends.start("b", wire);
    List<HttpUrl> seen = new CopyOnWriteArrayList<>();
    BalancedClient client =
        backends
            .client(a, b)
            .chooser((eligible, request) -> eligible.get(a.hits() == 0 ? 0 : 1))
            .http(
                http ->
                    http.authenticator(
                        (route, response) -> {
                          seen.add(response.request().url());
                          seen.add(route.address().url().resolve("/v1"));
                          return response
                              .request()
                              .newBuilder()
                              .header("Authorization", "Basic secret")
                              .build();
                        }))
            .build();

    assertThat(client.get("/v1").server()).isEqualTo("a");

    assertThat(seen).containsOnly(client.request("/v1").build().url());
    assertThat(a.requests().get(1).getHeaders().get("Authorization")).isEqualTo("Basic secret");
    assertThat(b.hits()).isZero();
    assertThat(client.ended()).containsExactly(succeeded(a));
  }

  @Test
  @DisplayName("64: with a proxy a call fails and says why, and nothing is sent anywhere")
  void proxy_configured_callFails() {
    Backend a = backends.start("a");
    Backend proxy = backends.start("proxy");
    InetSocketAddress address =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), proxy.port());
    BalancedClient client =
        backends.client(a).http(http -> http.proxy(new Proxy(Proxy.Type.HTTP, address))).build();

    assertThatThrownBy(() -> client.get("/"))
        .isExactlyInstanceOf(IOException.class)
        .hasMessageStartingWith(BalancedClient.HOST + ": the client uses a proxy (HTTP @ ");
    assertThat(a.hits() + proxy.hits()).isZero();
  }

  @Test
  @DisplayName("65: HTTP/2 without TLS keeps one connection to each server, retries included")
  void http2Cleartext_keepsConnections() throws IOException {
    Backend a = backends.start("a", Wire.HTTP_2_CLEARTEXT);
    a.next(response -> response.code(503));
    Backend b = backends.start("b", Wire.HTTP_2_CLEARTEXT);
    BalancedClient client = backends.client(a, b).build();

    Reply retried = client.get("/");
    Reply posted = client.post("/", "body");

    assertThat(retried.server()).isEqualTo("b");
    assertThat(posted.server()).isEqualTo("a");
    assertThat(List.of(retried.protocol(), posted.protocol()))
        .containsOnly(Protocol.H2_PRIOR_KNOWLEDGE);
    assertThat(a.connections()).isEqualTo(1);
    assertThat(b.connections()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("67: an interceptor added after install runs for each attempt, and between them")
  @ReliesOnInternals("nothing is detached")
  void interceptorInside_runsForEachAttempt(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    List<String> seen = new ArrayList<>();
    BalancedClient client =
        backends
            .client(a, b)
            .inside(
                http ->
                    http.addInterceptor(
                        chain -> {
                          seen.add(chain.request().url().host());
                          return chain.proceed(
                              chain
                                  .request()
                                  .newBuilder()
                                  .header("Token", "t" + seen.size())
                                  .build());
                        }))
            .build();

    assertThat(client.get("/").server()).isEqualTo("b");

    assertThat(seen).containsExactly(BalancedClient.HOST, "lb-detach.invalid", BalancedClient.HOST);
    assertThat(a.onlyRequest().getHeaders().get("Token")).isEqualTo("t1");
    assertThat(b.onlyRequest().getHeaders().get("Token")).isEqualTo("t3");
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @Test
  @DisplayName("67: one that answers instead of the network says nothing of the server")
  void interceptorInside_answers_blamesNobody() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client =
        backends
            .client(a)
            .inside(
                http ->
                    http.addInterceptor(
                        chain ->
                            new Response.Builder()
                                .request(chain.request())
                                .protocol(Protocol.HTTP_1_1)
                                .code(503)
                                .message("made up")
                                .build()))
            .build();

    assertThat(client.get("/").code()).isEqualTo(503);
    assertThat(a.hits()).isZero();
    assertThat(client.ended()).containsExactly(cancelled(a.server()));
  }

  @Test
  @DisplayName("68: the tests run on the OkHttp that the build names")
  void okHttp_isTheOneOfTheBuild() {
    assertThat(OkHttp.VERSION).isEqualTo(System.getProperty("okhttp.version"));
  }
}
