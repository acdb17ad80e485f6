package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.chooser.Choosers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLPeerUnverifiedException;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.Response;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whom the two sides take each other for: the logical name everywhere, the server's nowhere. */
class IdentityTest {

  @RegisterExtension final Backends backends = new Backends();

  @Test
  @DisplayName("12: the Host header is the logical name")
  void call_http1_hostIsLogicalName() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = backends.client(a).build();

    client.get("/v1/items?page=2");

    assertThat(a.onlyRequest().getHeaders().values("Host")).containsExactly(BalancedClient.HOST);
    assertThat(a.onlyRequest().getTarget()).isEqualTo("/v1/items?page=2");
  }

  @Test
  @DisplayName("12: a port in the logical URL stays in the Host header, whatever the server's port")
  void call_logicalPort_staysInHost() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = backends.client(a).build();
    HttpUrl url = client.request("/").build().url().newBuilder().port(8123).build();

    client.execute(client.request("/").url(url).build());

    assertThat(a.onlyRequest().getHeaders().get("Host")).isEqualTo(BalancedClient.HOST + ":8123");
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_2", "HTTP_2_CLEARTEXT"})
  @DisplayName("13: over HTTP/2, :authority is the logical name")
  void call_http2_authorityIsLogicalName(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    BalancedClient client = backends.client(a).build();

    client.get("/");

    assertThat(a.onlyRequest().getHeaders().get(":authority")).isEqualTo(BalancedClient.HOST);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("14: the response tells the URL that was asked, after a retry too")
  void call_retried_responseHasLogicalUrl(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();
    HttpUrl url = client.request("/v1/items").build().url();

    try (Response response = client.http().newCall(client.request("/v1/items").build()).execute()) {
      assertThat(response.header(Backend.ID)).isEqualTo("b");
      assertThat(response.request().url()).isEqualTo(url);
      assertThat(response.networkResponse().request().url()).isEqualTo(url);
      assertThat(response.priorResponse()).isNull();
    }
  }

  @Test
  @DisplayName("15: TLS names the logical host, whose certificate every server shows")
  void call_tls_sniAndVerificationUseLogicalName() throws IOException {
    Backend a = backends.start("a", Wire.HTTP_2);
    Backend b = backends.start("b", Wire.HTTP_2);
    BalancedClient client = backends.client(a, b).chooser(Choosers.roundRobin()).build();

    client.get("/");
    client.get("/");

    for (Backend server : List.of(a, b)) {
      assertThat(server.onlyRequest().getHandshakeServerNames())
          .containsExactly(BalancedClient.HOST);
    }
  }

  @Test
  @DisplayName("15: a certificate for the server's address alone is refused")
  void call_certificateForAddressOnly_isRefused() {
    Backend a = backends.unstarted("a", Wire.HTTP_2);
    a.web().useHttps(Wire.held(Wire.certificate("127.0.0.1")).sslSocketFactory());
    backends.start(a, "127.0.0.1", 0);
    BalancedClient client = backends.client(a).build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(SSLPeerUnverifiedException.class);
    assertThat(a.hits()).isZero();
  }

  @Test
  @DisplayName("18: a cookie that one server sets goes to the others")
  void call_cookieFromOneServer_isSentToOthers() throws IOException {
    Backend a = backends.start("a");
    a.next(response -> response.addHeader("Set-Cookie: session=s-1"));
    Backend b = backends.start("b");
    MemoryCookieJar cookies = new MemoryCookieJar();
    BalancedClient client =
        backends
            .client(a, b)
            .chooser((eligible, request) -> eligible.get(a.hits() == 0 ? 0 : 1))
            .http(http -> http.cookieJar(cookies))
            .build();

    client.get("/login");
    client.get("/account");

    assertThat(a.onlyRequest().getHeaders().get("Cookie")).isNull();
    assertThat(b.onlyRequest().getHeaders().get("Cookie")).isEqualTo("session=s-1");
    assertThat(cookies.asked).containsOnly(BalancedClient.HOST);
  }

  @Test
  @DisplayName("18: a cookie set by a response that is retried goes along with the retry")
  void call_cookieOnRetriedResponse_isSentToNextServer() throws IOException {
    Backend a = backends.start("a");
    a.next(response -> response.code(503).addHeader("Set-Cookie: session=s-2"));
    Backend b = backends.start("b");
    MemoryCookieJar cookies = new MemoryCookieJar();
    BalancedClient client = backends.client(a, b).http(http -> http.cookieJar(cookies)).build();

    client.get("/login");

    assertThat(b.onlyRequest().getHeaders().get("Cookie")).isEqualTo("session=s-2");
    assertThat(cookies.asked)
        .as("hosts that the jar was asked about")
        .containsOnly(BalancedClient.HOST);
  }

  /** Keeps cookies, and the hosts that it was asked about. */
  private static final class MemoryCookieJar implements CookieJar {
    final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<Cookie> cookies = new CopyOnWriteArrayList<>();

    @Override
    public void saveFromResponse(HttpUrl url, List<Cookie> received) {
      asked.add(url.host());
      cookies.addAll(received);
    }

    @Override
    public List<Cookie> loadForRequest(HttpUrl url) {
      asked.add(url.host());
      List<Cookie> matching = new ArrayList<>(cookies);
      matching.removeIf(cookie -> !cookie.matches(url));
      return matching;
    }
  }
}
