package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.Outcome;
import io.evenload.ServerList;
import io.evenload.okhttp.BalancedClient.Ended;
import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.net.CookieManager;
import java.net.ProtocolException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okhttp3.Cache;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.java.net.cookiejar.JavaNetCookieJar;
import okio.BufferedSink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Redirects: within the service, to its servers by address, elsewhere, and to another service. */
class RedirectTest {

  private static final String BILLING = "billing.test";

  @RegisterExtension final Backends backends = new Backends();

  @TempDir Path directory;

  private final Backend a = backends.start("a");
  private final Backend b = backends.start("b");
  private final Backend pay1 = backends.start("pay1");
  private final Backend pay2 = backends.start("pay2");
  private final LoadBalancer billing =
      LoadBalancer.builder("billing")
          .servers(ServerList.of(pay1.server(), pay2.server()))
          .chooser(BalancedClient.IN_ORDER)
          .build();

  @AfterEach
  void nothingIsInFlightAtBilling() {
    assertThat(billing.status().endpoints()).extracting(EndpointStatus::inFlight).containsOnly(0);
    billing.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/there", "there", "?there"})
  @DisplayName("22: a relative redirect stays at the server that sent it")
  void redirect_relative_staysAtServer(String location) throws IOException {
    a.next(redirect(302, location));
    BalancedClient client =
        client(a, b).chooser((eligible, request) -> eligible.get(a.hits() == 0 ? 0 : 1)).build();

    Reply reply = client.get("/here");

    assertThat(reply.server()).isEqualTo("a");
    assertThat(last(a).getHeaders().get("Host")).isEqualTo(BalancedClient.HOST);
    assertThat(last(a).getTarget()).contains("there");
  }

  @Test
  @DisplayName("23: an absolute redirect to the logical name stays at the server that sent it")
  void redirect_absoluteLogical_staysAtServer() throws IOException {
    a.next(redirect(302, "http://" + BalancedClient.HOST + "/there"));
    BalancedClient client = client(a, b).build();

    Reply reply = client.execute(authorized(client));

    assertThat(reply.server()).isEqualTo("a");
    assertThat(last(a).getTarget()).isEqualTo("/there");
    assertThat(last(a).getHeaders().get("Host")).isEqualTo(BalancedClient.HOST);
    assertThat(last(a).getHeaders().get("Authorization")).isEqualTo("Bearer secret");
    assertThat(client.ended()).containsExactly(Ended.succeeded(a));
  }

  @Test
  @DisplayName("24: a redirect to a server's address goes there, without Authorization")
  void redirect_physical_goesThere() throws IOException {
    a.next(redirect(302, "http://127.0.0.1:" + b.port() + "/there"));
    BalancedClient client = client(a, b).build();

    Reply reply = client.execute(authorized(client));

    assertThat(reply.server()).isEqualTo("b");
    assertThat(b.onlyRequest().getHeaders().get("Host")).isEqualTo("127.0.0.1:" + b.port());
    assertThat(b.onlyRequest().getHeaders().get("Authorization")).isNull();
    assertThat(client.ended()).as("b was not chosen").containsExactly(Ended.succeeded(a));
  }

  @Test
  @DisplayName("25: a redirect to another host goes there, without Authorization")
  void redirect_foreign_goesThere() throws IOException {
    Backend other = backends.start("other");
    a.next(redirect(302, "http://localhost:" + other.port() + "/there"));
    BalancedClient client = client(a, b).build();

    Reply reply = client.execute(authorized(client));

    assertThat(reply.server()).isEqualTo("other");
    Headers headers = other.onlyRequest().getHeaders();
    assertThat(headers.get("Host")).isEqualTo("localhost:" + other.port());
    assertThat(headers.get("Authorization")).isNull();
    assertThat(client.ended()).containsExactly(Ended.succeeded(a));
  }

  @Test
  @DisplayName("26: a redirect to another service is balanced there, and retried there")
  void redirect_toService_isBalancedThere() throws IOException {
    a.next(redirect(302, "http://" + BILLING + "/pay?x=1"));
    pay1.next(response -> response.code(503));
    BalancedClient client = client(a, b).build();

    try (Response response = client.http().newCall(authorized(client)).execute()) {
      assertThat(response.header(Backend.ID)).isEqualTo("pay2");
      assertThat(response.request().url()).hasToString("http://" + BILLING + "/pay?x=1");
      Response prior = response.priorResponse();
      assertThat(prior.code()).isEqualTo(302);
      assertThat(prior.request().url().host()).isEqualTo(BalancedClient.HOST);
      assertThat(prior.priorResponse()).isNull();
      assertThat(client.inFlight()).as("at the service that redirected").isZero();
      assertThat(inFlightAtBilling()).isEqualTo(1);
    }

    Headers headers = pay2.onlyRequest().getHeaders();
    assertThat(headers.get("Host")).isEqualTo(BILLING);
    assertThat(headers.get("Authorization")).isNull();
    assertThat(pay2.onlyRequest().getTarget()).isEqualTo("/pay?x=1");
    assertThat(client.ended()).containsExactly(Ended.succeeded(a));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("26: a redirect to another service works on every protocol, and keeps connections")
  void redirect_toServiceOnEveryWire_isBalanced(Wire wire) throws IOException {
    Backend first = backends.start("first", wire);
    Backend second = backends.unstarted("second", wire);
    if (wire.tls()) {
      second.web().useHttps(Wire.held(Wire.certificate(BILLING)).sslSocketFactory());
    }
    backends.start(second, "127.0.0.1", 0);
    first.always(redirect(307, wire.scheme + "://" + BILLING + "/"));
    try (LoadBalancer target = LoadBalancer.of("billing", second.server())) {
      BalancedClient client =
          backends
              .client(first)
              .balancing(balancing -> balancing.service(BILLING, target))
              .balancing(attempts())
              .build();
      for (int i = 0; i < 5; i++) {
        assertThat(client.get("/").server()).isEqualTo("second");
      }
    }
    assertThat(first.connections()).isEqualTo(1);
    assertThat(second.connections()).isEqualTo(1);
    assertThat(first.hits()).isEqualTo(5);
  }

  @ParameterizedTest
  @CsvSource({"303,POST,GET", "302,POST,GET", "301,POST,GET", "307,POST,POST", "308,PUT,PUT"})
  @DisplayName("26: a redirect to another service has the method and body that OkHttp gives it")
  void redirect_toService_methodIsAsOkHttpSays(int status, String method, String then)
      throws IOException {
    a.next(redirect(status, "http://" + BILLING + "/pay"));
    BalancedClient client = client(a, b).build();
    RequestBody body = RequestBody.create("five", MediaType.get("text/plain"));

    Reply reply = client.execute(client.request("/").method(method, body).build());

    assertThat(reply.server()).isEqualTo("pay1");
    RecordedRequest got = pay1.onlyRequest();
    assertThat(got.getMethod()).isEqualTo(then);
    boolean bodyKept = !then.equals("GET");
    assertThat(got.getHeaders().get("Content-Length")).isEqualTo(bodyKept ? "4" : null);
    assertThat(got.getHeaders().get("Content-Type") != null).isEqualTo(bodyKept);
    assertThat(got.getBody() == null ? "" : got.getBody().utf8()).isEqualTo(bodyKept ? "five" : "");
  }

  @Test
  @DisplayName("26: a body that cannot be sent twice is not: the caller gets the redirect")
  void redirect_oneShotBody_isReturned() throws IOException {
    a.next(redirect(307, "http://" + BILLING + "/pay"));
    BalancedClient client = client(a, b).build();
    RequestBody once =
        new RequestBody() {
          @Override
          public MediaType contentType() {
            return null;
          }

          @Override
          public boolean isOneShot() {
            return true;
          }

          @Override
          public void writeTo(BufferedSink sink) throws IOException {
            sink.writeUtf8("once");
          }
        };

    assertThat(client.execute(client.request("/").post(once).build()).code()).isEqualTo(307);
    assertThat(pay1.hits()).isZero();
  }

  @Test
  @DisplayName("26: a client that does not follow redirects gets the redirect")
  void redirect_notFollowed_isReturned() throws IOException {
    a.next(redirect(302, "http://" + BILLING + "/pay"));
    BalancedClient client = client(a, b).http(http -> http.followRedirects(false)).build();

    Reply reply = client.get("/");

    assertThat(reply.code()).isEqualTo(302);
    assertThat(reply.headers().get("Location")).isEqualTo("http://" + BILLING + "/pay");
    assertThat(pay1.hits()).isZero();
  }

  @Test
  @DisplayName("26: services that redirect to each other end like any endless redirect")
  void redirect_backAndForth_endsAfterTwenty() {
    a.always(redirect(302, "http://" + BILLING + "/"));
    pay1.always(redirect(302, "http://" + BalancedClient.HOST + "/"));
    BalancedClient client = client(a, b).build();

    assertThatThrownBy(() -> client.get("/"))
        .isInstanceOf(ProtocolException.class)
        .hasMessage("Too many follow-up requests: 21");

    assertThat(a.hits() + pay1.hits()).as("one request and 20 follow-ups").isEqualTo(21);
    assertThat(client.ended()).extracting(Ended::outcome).containsOnly(Outcome.SUCCESS);
  }

  @Test
  @DisplayName("26: from another host, a redirect comes back to a service, with all that led there")
  void redirect_overForeignHost_isBalancedAgain() throws IOException {
    Backend other = backends.start("other");
    a.next(redirect(302, "http://localhost:" + other.port() + "/"));
    other.next(redirect(302, "http://" + BILLING + "/"));
    pay1.next(redirect(302, "http://" + BalancedClient.HOST + "/end"));
    BalancedClient client = client(a, b).build();

    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(response.header(Backend.ID)).isEqualTo("a");
      List<String> hosts =
          Stream.iterate(response, r -> r != null, Response::priorResponse)
              .map(r -> r.request().url().host())
              .toList();
      assertThat(hosts)
          .containsExactly(BalancedClient.HOST, BILLING, "localhost", BalancedClient.HOST);
    }
  }

  @Test
  @DisplayName("26: a redirect from the cache is balanced too, without asking the server again")
  void redirect_fromCache_isBalanced() throws IOException {
    a.next(
        response ->
            redirect(301, "http://" + BILLING + "/")
                .apply(response)
                .setHeader("Cache-Control", "max-age=60"));
    try (Cache cache = new Cache(directory.toFile(), 1 << 20)) {
      BalancedClient client = client(a, b).http(http -> http.cache(cache)).build();

      assertThat(client.get("/").server()).isEqualTo("pay1");
      assertThat(client.get("/").server()).isEqualTo("pay1");

      assertThat(a.hits()).isEqualTo(1);
      assertThat(pay1.hits()).isEqualTo(2);
      assertThat(cache.hitCount()).isEqualTo(1);
    }
  }

  @Test
  @DisplayName("26: each service sets and gets its own cookies")
  void redirect_cookies_areEachServices() throws IOException {
    a.next(
        response ->
            redirect(302, "http://" + BILLING + "/")
                .apply(response)
                .addHeader("Set-Cookie: from=orders"));
    pay1.next(response -> response.addHeader("Set-Cookie: from=billing"));
    CookieManager cookies = new CookieManager();
    BalancedClient client =
        client(a, b)
            .http(http -> http.cookieJar(new JavaNetCookieJar(cookies)))
            .balancing(balancing -> balancing.affinity(Affinity.serverCookie()))
            .build();

    client.get("/");
    assertThat(pay1.onlyRequest().getHeaders().get("Cookie")).isNull();
    client.get("/");

    assertThat(last(a).getHeaders().get("Cookie"))
        .contains("from=orders", "EVENLOAD_" + BalancedClient.HOST + "=")
        .doesNotContain(BILLING);
    assertThat(cookies.getCookieStore().getCookies())
        .extracting(cookie -> cookie.getDomain() + " " + cookie.getName())
        .containsExactlyInAnyOrder(
            BalancedClient.HOST + " from",
            BalancedClient.HOST + " EVENLOAD_" + BalancedClient.HOST,
            BILLING + " from",
            BILLING + " EVENLOAD_" + BILLING);
  }

  @Test
  @DisplayName("26: a redirect to a service without servers fails as a call to it would")
  void redirect_toServiceWithoutServers_fails() {
    a.next(redirect(302, "http://" + BILLING + "/"));
    billing.close();
    BalancedClient client = client(a, b).build();

    assertThatThrownBy(() -> client.get("/"))
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("billing: closed");
    assertThat(client.ended()).containsExactly(Ended.succeeded(a));
  }

  @Test
  @DisplayName("26: without the network half, redirects to a service are balanced all the same")
  void redirect_interceptorAddedByHand_isBalanced() throws IOException {
    a.next(redirect(302, "http://" + BILLING + "/"));
    BalancedClient client = client(a, b).inside(http -> http.networkInterceptors().clear()).build();

    assertThat(client.get("/").server()).isEqualTo("pay1");
  }

  private BalancedClient.Builder client(Backend... orders) {
    return backends
        .client(orders)
        .balancing(balancing -> balancing.service(BILLING, billing))
        .balancing(attempts());
  }

  /** How attempts are made; by the call itself, unless a subclass says otherwise. */
  Consumer<LoadBalancingInterceptor.Builder> attempts() {
    return Policies.attempts(3);
  }

  private static UnaryOperator<MockResponse.Builder> redirect(int status, String location) {
    return response -> response.code(status).setHeader("Location", location);
  }

  private static Request authorized(BalancedClient client) {
    return client.request("/").header("Authorization", "Bearer secret").build();
  }

  private static RecordedRequest last(Backend backend) {
    List<RecordedRequest> all = backend.requests();
    return all.get(all.size() - 1);
  }

  private int inFlightAtBilling() {
    return billing.status().endpoints().stream().mapToInt(EndpointStatus::inFlight).sum();
  }
}
