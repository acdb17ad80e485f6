package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import java.io.IOException;
import java.net.CookieManager;
import java.net.HttpCookie;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.java.net.cookiejar.JavaNetCookieJar;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sessions whose server a cookie remembers, with the JDK's own cookie store. */
class ServerCookieTest {

  private static final String NAME = "EVENLOAD_" + BalancedClient.HOST;

  @RegisterExtension final Backends backends = new Backends();

  private final CookieManager cookies = new CookieManager();
  private final CookieJar jar = new JavaNetCookieJar(cookies);
  private Backend a;
  private Backend b;
  private Backend c;

  @BeforeEach
  void start() {
    a = backends.start("a");
    b = backends.start("b");
    c = backends.start("c");
  }

  @Test
  void session_staysAtItsFirstServer() throws IOException {
    BalancedClient client = client(jar).chooser(Choosers.roundRobin()).build();

    Set<String> servers = serversOf(client, 20);

    assertThat(servers).hasSize(1);
    assertThat(onlyCookie().getName()).isEqualTo(NAME);
  }

  @Test
  void sessions_ofSeveralJars_areSpread() throws IOException {
    BalancedClient client = client(jar).chooser(Choosers.roundRobin()).build();
    Set<String> servers = new HashSet<>();
    for (int user = 0; user < 3; user++) {
      CookieJar own = new JavaNetCookieJar(new CookieManager());
      Set<String> ofUser = new HashSet<>();
      for (int i = 0; i < 4; i++) {
        Request request = client.request("/").build();
        ofUser.add(
            BalancedClient.Reply.read(
                    client.http().newBuilder().cookieJar(own).build().newCall(request).execute())
                .server());
      }
      assertThat(ofUser).hasSize(1);
      servers.addAll(ofUser);
    }
    assertThat(servers).containsExactlyInAnyOrder("a", "b", "c");
  }

  @Test
  void cookie_isForTheHostAlone_andTellsNoAddress() throws IOException {
    BalancedClient client = client(jar).build();

    client.get("/deep/path");

    HttpCookie cookie = onlyCookie();
    assertThat(cookie.isHttpOnly()).isTrue();
    assertThat(cookie.getPath()).isEqualTo("/");
    assertThat(cookie.getDomain()).isEqualTo(BalancedClient.HOST);
    assertThat(cookie.getSecure()).isFalse();
    assertThat(cookie.getMaxAge()).as("until the program ends").isEqualTo(-1);
    assertThat(cookie.getValue()).matches("[\\w-]{16}").doesNotContain("127", "" + a.port());
  }

  @Test
  void cookie_onHttps_isSecure() throws IOException {
    Backend tls = backends.start("tls", Wire.HTTP_2);
    BalancedClient client =
        backends
            .client(tls)
            .http(http -> http.cookieJar(jar))
            .balancing(balancing -> balancing.affinity(Affinity.serverCookie()))
            .build();

    client.get("/");

    assertThat(onlyCookie().getSecure()).isTrue();
  }

  @Test
  void maxAge_isTheCookies() throws IOException {
    BalancedClient client =
        client(jar)
            .balancing(balancing -> balancing.affinity(Affinity.serverCookie(Duration.ofHours(2))))
            .build();

    client.get("/");

    // HttpCookie counts in seconds from now, and the test took less than a minute.
    assertThat(onlyCookie().getMaxAge()).isBetween(7_140L, 7_200L);
  }

  @Test
  void otherClient_withTheSameCookie_findsTheSameServer() throws IOException {
    try (BalancedClient first =
        client(jar).chooser((eligible, request) -> eligible.get(2)).build()) {
      assertThat(first.get("/").server()).isEqualTo("c");
    }
    BalancedClient second = client(jar).chooser(Choosers.firstAvailable()).build();

    assertThat(serversOf(second, 5)).containsExactly("c");
  }

  @Test
  void server_thatLeft_movesTheSessionOnce() throws IOException {
    UpdatableServerList list = new UpdatableServerList();
    list.update(servers(a, b, c));
    BalancedClient client = client(jar).servers(list).chooser(Choosers.roundRobin()).build();
    String first = client.get("/").server();
    List<Backend> left = Stream.of(a, b, c).filter(x -> !x.id().equals(first)).toList();
    list.update(servers(left.toArray(new Backend[0])));

    Set<String> after = serversOf(client, 10);
    list.update(servers(a, b, c));
    Set<String> later = serversOf(client, 10);

    assertThat(after).hasSize(1).doesNotContain(first);
    assertThat(later).as("not back to %s", first).isEqualTo(after);
    assertThat(cookies.getCookieStore().getCookies()).hasSize(1);
  }

  @Test
  void retryElsewhere_doesNotMoveTheSession() throws IOException {
    BalancedClient client = client(jar).build();
    assertThat(client.get("/").server()).isEqualTo("a");
    String remembered = onlyCookie().getValue();
    a.next(response -> response.code(503));

    assertThat(client.get("/").server()).isEqualTo("b");

    assertThat(onlyCookie().getValue()).isEqualTo(remembered);
    assertThat(client.get("/").server()).isEqualTo("a");
  }

  @Test
  void firstCallRetried_remembersTheServerThatAnswered() throws IOException {
    a.next(response -> response.code(503));
    BalancedClient client = client(jar).build();

    assertThat(client.get("/").server()).isEqualTo("b");

    assertThat(serversOf(client, 5)).containsExactly("b");
  }

  @Test
  void firstAnswerAFailure_isNotRemembered() throws IOException {
    a.next(response -> response.code(500));
    BalancedClient client = client(jar).build();

    assertThat(client.get("/").code()).isEqualTo(500);

    assertThat(cookies.getCookieStore().getCookies()).isEmpty();
  }

  @Test
  void filterThatExcludesTheServer_doesNotMoveTheSession() throws IOException {
    BalancedClient client = client(jar).build();
    assertThat(client.get("/").server()).isEqualTo("a");
    RequestContext notA = RequestContext.create().only(server -> !server.id().equals("a"));

    Request request = client.request("/").tag(RequestContext.class, notA).build();
    assertThat(client.execute(request).server()).isEqualTo("b");

    assertThat(client.get("/").server()).isEqualTo("a");
  }

  @Test
  void forgedCookie_isHarmless() throws IOException {
    BalancedClient client = client(jar).build();
    Cookie forged =
        new Cookie.Builder()
            .name(NAME)
            .value("127.0.0.1")
            .hostOnlyDomain(BalancedClient.HOST)
            .path("/")
            .build();
    jar.saveFromResponse(client.request("/").build().url(), List.of(forged));

    assertThat(serversOf(client, 3)).containsExactly("a");

    assertThat(onlyCookie().getValue()).isNotEqualTo("127.0.0.1");
  }

  @Test
  void otherHosts_doNotGetTheCookie() throws IOException {
    Backend other = backends.start("other");
    a.next(
        response ->
            response.code(302).setHeader("Location", "http://localhost:" + other.port() + "/else"));
    BalancedClient client = client(jar).build();

    assertThat(client.get("/").server()).isEqualTo("other");
    Request direct = new Request.Builder().url("http://localhost:" + other.port() + "/").build();
    client.execute(direct);

    assertThat(other.requests())
        .hasSize(2)
        .allSatisfy(request -> assertThat(request.getHeaders().get("Cookie")).isNull());
    assertThat(onlyCookie().getDomain())
        .as("a answered, with a redirect")
        .isEqualTo(BalancedClient.HOST);
    assertThat(client.get("/").server()).isEqualTo("a");
  }

  @Test
  void callsThatBeginTogether_settleOnTheFirstToBeAnswered() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    a.answering(
        bare -> {
          backends.await(() -> release.getCount() == 0);
          return bare.get().build();
        });
    BalancedClient client = client(jar).build();
    List<String> slow = new ArrayList<>();
    Thread caller = Threads.start(() -> slow.add(client.get("/slow").server()));
    backends.await(() -> a.hits() == 1);

    RequestContext notA = RequestContext.create().only(server -> !server.id().equals("a"));
    client.execute(client.request("/quick").tag(RequestContext.class, notA).build());
    release.countDown();
    caller.join();

    assertThat(slow).containsExactly("a");
    assertThat(serversOf(client, 5)).containsExactly("b");
  }

  @Test
  void tagWithKey_leavesTheCookieAlone() throws IOException {
    BalancedClient client = client(jar).chooser(Choosers.roundRobin()).build();
    Set<String> servers = new HashSet<>();
    for (int i = 0; i < 3; i++) {
      RequestContext keyed = RequestContext.withKey("k");
      servers.add(
          client.execute(client.request("/").tag(RequestContext.class, keyed).build()).server());
    }

    assertThat(servers).hasSize(3);
    assertThat(cookies.getCookieStore().getCookies()).isEmpty();
  }

  @Test
  void noJar_theInterceptorRemembers_andSendsNoCookie() throws IOException {
    BalancedClient client = client(CookieJar.NO_COOKIES).chooser(Choosers.roundRobin()).build();

    Set<String> servers = serversOf(client, 10);

    assertThat(servers).hasSize(1);
    for (Backend backend : List.of(a, b, c)) {
      assertThat(backend.requests())
          .allSatisfy(request -> assertThat(request.getHeaders().get("Cookie")).isNull());
    }
  }

  @Test
  void noJar_maxAgeOver_theSessionBeginsAnew() throws IOException {
    VirtualTiming time = new VirtualTiming();
    BalancedClient client =
        client(CookieJar.NO_COOKIES)
            .balancing(
                balancing ->
                    balancing
                        .timing(time.timing())
                        .affinity(Affinity.serverCookie(Duration.ofMinutes(1))))
            .chooser((eligible, request) -> eligible.get(time.nanos() == 0 ? 2 : 0))
            .build();

    assertThat(client.get("/").server()).isEqualTo("c");
    time.advance(Duration.ofSeconds(59));
    assertThat(client.get("/").server()).isEqualTo("c");
    time.advance(Duration.ofSeconds(1));
    assertThat(client.get("/").server()).isEqualTo("a");
  }

  @Test
  void jarThatThrowsOnSaving_costsNoResponse() throws IOException {
    CookieJar broken =
        new CookieJar() {
          @Override
          public List<Cookie> loadForRequest(HttpUrl url) {
            return List.of();
          }

          @Override
          public void saveFromResponse(HttpUrl url, List<Cookie> received) {
            throw new IllegalStateException("disk full");
          }
        };
    BalancedClient client = client(broken).build();

    try (Warnings warnings = new Warnings()) {
      assertThat(client.get("/").code()).isEqualTo(200);
      assertThat(warnings.messages())
          .containsExactly(
              BalancedClient.HOST
                  + ": the cookie jar threw; the session's server is not remembered");
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void session_onEveryWire_stays(Wire wire) throws IOException {
    BalancedClient client =
        backends
            .client(backends.start("x", wire), backends.start("y", wire))
            .chooser(Choosers.roundRobin())
            .http(http -> http.cookieJar(jar))
            .balancing(balancing -> balancing.affinity(Affinity.serverCookie()))
            .build();

    assertThat(serversOf(client, 6)).hasSize(1);
  }

  private BalancedClient.Builder client(CookieJar jar) {
    return backends
        .client(a, b, c)
        .http(http -> http.cookieJar(jar))
        .balancing(balancing -> balancing.affinity(Affinity.serverCookie()));
  }

  private static List<Server> servers(Backend... backends) {
    return Stream.of(backends).map(Backend::server).toList();
  }

  private static Set<String> serversOf(BalancedClient client, int calls) throws IOException {
    Set<String> servers = new HashSet<>();
    for (int i = 0; i < calls; i++) {
      servers.add(client.get("/").server());
    }
    return servers;
  }

  private HttpCookie onlyCookie() {
    List<HttpCookie> all = cookies.getCookieStore().getCookies();
    assertThat(all).hasSize(1);
    return all.get(0);
  }
}
