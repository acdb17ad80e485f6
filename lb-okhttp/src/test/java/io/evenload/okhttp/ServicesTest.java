package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.okhttp.BalancedClient.Ended;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ProtocolException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several services in one interceptor, and servers with a path before theirs. */
class ServicesTest {

  @RegisterExtension final Backends backends = new Backends();

  private final Backend a = backends.start("a");
  private final Backend b = backends.start("b");

  @Test
  void service_byHost_eachHasItsServers() throws IOException {
    try (LoadBalancer billing = LoadBalancer.of("billing", b.server())) {
      BalancedClient client =
          backends.client(a).balancing(balancing -> balancing.service("billing", billing)).build();

      assertThat(client.get("/").server()).isEqualTo("a");
      assertThat(client.execute(url("http://billing/")).server()).isEqualTo("b");
      assertThat(b.onlyRequest().getHeaders().get("Host")).isEqualTo("billing");
    }
  }

  @Test
  void serviceOf_path_choosesAmongServicesOfOneHost() throws IOException {
    try (LoadBalancer v2 = LoadBalancer.of("v2", b.server())) {
      BalancedClient client =
          client(
              v2,
              request ->
                  request.url().encodedPath().startsWith("/v2/") ? "V2" : BalancedClient.HOST);

      assertThat(client.execute(url("http://gateway.test/v1/items")).server()).isEqualTo("a");
      assertThat(client.execute(url("http://gateway.test/v2/items")).server()).isEqualTo("b");
      assertThat(a.onlyRequest().getHeaders().get("Host")).isEqualTo("gateway.test");
      assertThat(b.onlyRequest().getHeaders().get("Host")).isEqualTo("gateway.test");
    }
  }

  @Test
  void service_internationalName_isFoundHoweverItIsSpelt() throws IOException {
    String spelt = "B\u00fccher.example";
    try (LoadBalancer books = LoadBalancer.of("books", b.server())) {
      BalancedClient client =
          backends
              .client(a)
              .balancing(
                  balancing ->
                      balancing
                          .service(spelt, books)
                          .serviceOf(
                              request ->
                                  request.url().host().equals("gateway.test")
                                      ? spelt
                                      : request.url().host()))
              .build();

      assertThat(client.execute(url("http://b\u00fccher.example/")).server()).isEqualTo("b");
      assertThat(client.execute(url("http://xn--bcher-kva.example/")).server()).isEqualTo("b");
      assertThat(client.execute(url("http://gateway.test/")).server()).isEqualTo("b");
      client.interceptor().reconfigure(spelt, options -> options.retry(RetryPolicy.none()));
      assertThat(client.interceptor().retriesLeft(spelt)).isNotNaN();
    }
  }

  @Test
  void server_internationalName_isLookedUpInAscii() throws IOException {
    Server named = Server.builder("b\u00fccher.example", b.port()).id("b").build();
    BalancedClient client =
        backends
            .client(Wire.HTTP_1, named)
            .http(
                http ->
                    http.dns(
                        host -> {
                          assertThat(host).isEqualTo("xn--bcher-kva.example");
                          return List.of(InetAddress.getLoopbackAddress());
                        }))
            .build();

    assertThat(client.get("/").server()).isEqualTo("b");
  }

  @Test
  void serviceOf_null_isNotBalanced() throws IOException {
    try (LoadBalancer v2 = LoadBalancer.of("v2", b.server())) {
      BalancedClient client = client(v2, request -> null);
      Request direct = url("http://localhost:" + b.port() + "/");

      assertThat(client.execute(direct).server()).isEqualTo("b");
      assertThat(client.ended()).isEmpty();
    }
  }

  @Test
  void serviceOf_redirectToAnotherHostOfAService_isBalancedAgain() throws IOException {
    a.next(response -> response.code(302).setHeader("Location", "http://two.test/"));
    try (LoadBalancer v2 = LoadBalancer.of("v2", b.server())) {
      BalancedClient client =
          client(
              v2, request -> request.url().host().equals("two.test") ? "v2" : BalancedClient.HOST);

      assertThat(client.execute(url("http://one.test/")).server()).isEqualTo("b");
      assertThat(b.onlyRequest().getHeaders().get("Host")).isEqualTo("two.test");
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void serviceOf_redirectToAnotherServiceOfTheHost_isBalancedThere(Wire wire) throws IOException {
    Backend first = backends.start("first", wire);
    Backend second = backends.start("second", wire);
    first.always(response -> response.code(307).setHeader("Location", "/v2/items"));
    try (LoadBalancer v2 = LoadBalancer.of("v2", second.server())) {
      BalancedClient client = client(first, v2, ServicesTest::byPath);
      for (int i = 0; i < 5; i++) {
        Request request =
            client
                .request("/v1/items")
                .header("Authorization", "Bearer secret")
                .post(RequestBody.create("five", null))
                .build();
        try (Response response = client.http().newCall(request).execute()) {
          assertThat(response.header(Backend.ID)).isEqualTo("second");
          assertThat(response.request().url().encodedPath()).isEqualTo("/v2/items");
          assertThat(response.priorResponse().code()).isEqualTo(307);
          assertThat(LoadBalancingInterceptor.attemptsOf(response))
              .extracting(CallAttempt::service)
              .containsExactly(BalancedClient.HOST, "v2");
        }
      }
      assertThat(client.ended()).containsOnly(Ended.succeeded(first));
    }
    assertThat(second.requests())
        .allSatisfy(
            request -> {
              assertThat(request.getMethod()).isEqualTo("POST");
              assertThat(request.getBody().utf8()).isEqualTo("five");
              assertThat(request.getHeaders().get("Authorization")).isEqualTo("Bearer secret");
            });
    assertThat(first.hits()).isEqualTo(5);
    assertThat(first.connections()).isEqualTo(1);
    assertThat(second.connections()).isEqualTo(1);
  }

  @Test
  void serviceOf_redirectWithinTheService_staysAtTheServer() throws IOException {
    a.next(response -> response.code(302).setHeader("Location", "/v1/there"));
    try (LoadBalancer v2 = LoadBalancer.of("v2", b.server())) {
      BalancedClient client = client(v2, ServicesTest::byPath);

      assertThat(client.get("/v1/here").server()).isEqualTo("a");
      assertThat(client.ended()).containsExactly(Ended.succeeded(a));
    }
  }

  @Test
  void serviceOf_redirectToNoServiceOfTheHost_isNotBalanced() throws IOException {
    Backend plain = backends.start("plain");
    a.next(response -> response.code(302).setHeader("Location", "/plain"));
    try (LoadBalancer v2 = LoadBalancer.of("v2", b.server())) {
      BalancedClient client =
          client(
              v2,
              request -> request.url().encodedPath().equals("/plain") ? null : BalancedClient.HOST);
      Request request = url("http://localhost:" + plain.port() + "/v1");

      assertThat(client.execute(request).server()).isEqualTo("plain");
      assertThat(client.execute(request).server()).isEqualTo("a");
      assertThat(client.ended()).containsExactly(Ended.succeeded(a), Ended.succeeded(a));
      assertThat(a.connections()).isEqualTo(1);
    }
  }

  @Test
  void serviceOf_redirectToWhatWasNotAdded_failsTheCall() throws IOException {
    a.next(response -> response.code(302).setHeader("Location", "/v3"));
    try (LoadBalancer v2 = LoadBalancer.of("v2", b.server())) {
      BalancedClient client =
          client(
              v2,
              request -> request.url().encodedPath().equals("/v3") ? "v3" : BalancedClient.HOST);

      assertThatThrownBy(() -> client.get("/v1"))
          .isExactlyInstanceOf(IOException.class)
          .hasMessageStartingWith(BalancedClient.HOST + ": service 'v3' (expected: ");
    }
  }

  @Test
  void serviceOf_redirectsBackAndForthOnAHost_endAfterTwenty() {
    a.always(response -> response.code(302).setHeader("Location", "/v2/"));
    b.always(response -> response.code(302).setHeader("Location", "/v1/"));
    try (LoadBalancer v2 = LoadBalancer.of("v2", b.server())) {
      BalancedClient client = client(v2, ServicesTest::byPath);

      assertThatThrownBy(() -> client.get("/v1/"))
          .isInstanceOf(ProtocolException.class)
          .hasMessage("Too many follow-up requests: 21");
      assertThat(a.hits() + b.hits()).isEqualTo(21);
    }
  }

  @Test
  void serviceOf_redirectBehindAPrefix_isAskedWithoutIt() throws IOException {
    a.next(response -> response.code(302).setHeader("Location", "/shop/v2/items"));
    try (LoadBalancer v2 = LoadBalancer.of("v2", b.server())) {
      BalancedClient client =
          backends
              .client(Wire.HTTP_1, prefixed(a, "/shop"))
              .balancing(
                  balancing ->
                      balancing
                          .service("v2", v2)
                          .serviceOf(ServicesTest::byPath)
                          .pathPrefix(server -> server.metadata().getOrDefault("path", "")))
              .balancing(attempts())
              .build();

      assertThat(client.get("/v1/items").server()).isEqualTo("b");
      assertThat(a.onlyRequest().getTarget()).isEqualTo("/shop/v1/items");
      assertThat(b.onlyRequest().getTarget()).isEqualTo("/v2/items");
    }
  }

  @Test
  void serviceOf_wrongAnswers_failTheCall() {
    try (LoadBalancer v2 = LoadBalancer.of("v2", b.server())) {
      assertThatThrownBy(() -> client(v2, request -> "v3").execute(url("http://one.test/")))
          .isExactlyInstanceOf(IOException.class)
          .hasMessageStartingWith("one.test: service 'v3' (expected: null or one of [");
      assertThatThrownBy(() -> client(v2, request -> "v2").execute(url("http://127.0.0.1/")))
          .isExactlyInstanceOf(IOException.class)
          .hasMessageContaining("address");
      IllegalStateException broken = new IllegalStateException("broken");
      assertThatThrownBy(
              () ->
                  client(
                          v2,
                          request -> {
                            throw broken;
                          })
                      .execute(url("http://one.test/")))
          .isExactlyInstanceOf(IOException.class)
          .hasMessage("one.test: the service of the request could not be told")
          .hasCause(broken);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/shop, /v1/items?x=1, /shop/v1/items?x=1",
    "/shop/, /, /shop/",
    "/a/b%20c, /%2F, /a/b%20c/%2F",
    "/a b/\u00fc/, /v1, /a%20b/%C3%BC/v1",
    "/, /v1, /v1",
    "'', /v1, /v1"
  })
  void pathPrefix_isWhatThisServerHas(String prefix, String path, String sent) throws IOException {
    a.next(response -> response.code(503));
    Server first = prefixed(a, prefix);
    Server second = b.server();
    BalancedClient client = prefixing(first, second);

    try (Response response = client.http().newCall(client.request(path).build()).execute()) {
      assertThat(response.header(Backend.ID)).isEqualTo("b");
      assertThat(response.request().url()).isEqualTo(client.request(path).build().url());
    }

    assertThat(a.onlyRequest().getTarget()).isEqualTo(sent);
    assertThat(b.onlyRequest().getTarget()).isEqualTo(path);
  }

  @Test
  void pathPrefix_response_hasTheCallersUrl() throws IOException {
    BalancedClient client = prefixing(prefixed(a, "/shop"));
    Request request = client.request("/v1").tag(String.class, "mine").build();

    try (Response response = client.http().newCall(request).execute()) {
      assertThat(response.request().url()).isEqualTo(request.url());
      assertThat(response.request().tag(String.class)).isEqualTo("mine");
      assertThat(response.networkResponse().request().url().encodedPath()).isEqualTo("/shop/v1");
    }
  }

  @ParameterizedTest
  @CsvSource({"/shop/login, /login", "login, /login", "/elsewhere, /elsewhere"})
  void pathPrefix_redirectWithinTheServer_isRelativeToWhatItSees(String location, String seen)
      throws IOException {
    a.next(response -> response.code(302).setHeader("Location", location));
    BalancedClient client = prefixing(prefixed(a, "/shop"));

    try (Response response = client.http().newCall(client.request("/home").build()).execute()) {
      assertThat(response.request().url().encodedPath()).isEqualTo(seen);
    }
    assertThat(a.requests().get(1).getTarget())
        .isEqualTo(location.startsWith("/") ? location : "/shop/" + location);
  }

  @ParameterizedTest
  @CsvSource({
    "/our shop, /our%20shop",
    "/b\u00fccher, /b%C3%BCcher",
    "/x/../y, /y",
    "/a%20b, /a%20b"
  })
  void pathPrefix_redirectWithinTheServer_isTakenAwayAsItWasEncoded(String prefix, String encoded)
      throws IOException {
    a.next(response -> response.code(302).setHeader("Location", encoded + "/login"));
    BalancedClient client = prefixing(prefixed(a, prefix));

    try (Response response = client.http().newCall(client.request("/home").build()).execute()) {
      assertThat(response.request().url().encodedPath()).isEqualTo("/login");
    }
    assertThat(a.requests().get(1).getTarget()).isEqualTo(encoded + "/login");
  }

  @ParameterizedTest
  @ValueSource(strings = {"shop", "/shop?x", "/shop#x"})
  void pathPrefix_wrong_failsTheCallAndBlamesNobody(String wrong) {
    BalancedClient client = prefixing(prefixed(a, wrong), b.server());

    assertThatThrownBy(() -> client.get("/"))
        .isExactlyInstanceOf(IOException.class)
        .hasMessage(
            BalancedClient.HOST
                + ": path prefix of a: '"
                + wrong
                + "' (expected: empty, or beginning with / and without ? and #)");
    assertThat(client.ended()).containsExactly(Ended.cancelled(a.server()));
    assertThat(b.hits()).isZero();
  }

  @Test
  void pathPrefix_functionThrows_failsTheCall() {
    BalancedClient client =
        backends
            .client(a)
            .balancing(
                balancing ->
                    balancing.pathPrefix(
                        server -> {
                          throw new IllegalStateException("broken");
                        }))
            .build();

    assertThatThrownBy(() -> client.get("/"))
        .isExactlyInstanceOf(IOException.class)
        .hasMessage(BalancedClient.HOST + ": the path prefix of a is not known");
  }

  @Test
  void options_null_areRejected() {
    assertThatNullPointerException()
        .isThrownBy(() -> LoadBalancingInterceptor.builder().serviceOf(null))
        .withMessage("serviceOf");
    assertThatNullPointerException()
        .isThrownBy(() -> LoadBalancingInterceptor.builder().pathPrefix(null))
        .withMessage("pathPrefix");
  }

  private BalancedClient client(LoadBalancer v2, Function<Request, String> serviceOf) {
    return client(a, v2, serviceOf);
  }

  private BalancedClient client(
      Backend first, LoadBalancer v2, Function<Request, String> serviceOf) {
    return backends
        .client(first)
        .balancing(balancing -> balancing.service("v2", v2).serviceOf(serviceOf))
        .balancing(attempts())
        .build();
  }

  private static String byPath(Request request) {
    return request.url().encodedPath().startsWith("/v2/") ? "v2" : BalancedClient.HOST;
  }

  private BalancedClient prefixing(Server... servers) {
    return backends
        .client(Wire.HTTP_1, servers)
        .balancing(
            balancing -> balancing.pathPrefix(server -> server.metadata().getOrDefault("path", "")))
        .balancing(attempts())
        .build();
  }

  /** How attempts are made; by the call itself, unless a subclass says otherwise. */
  Consumer<LoadBalancingInterceptor.Builder> attempts() {
    return Policies.attempts(3);
  }

  private static Server prefixed(Backend backend, String prefix) {
    return Server.builder(backend.server().host(), backend.port())
        .id(backend.id())
        .metadata(Map.of("path", prefix))
        .build();
  }

  private static Request url(String url) {
    return new Request.Builder().url(url).build();
  }
}
