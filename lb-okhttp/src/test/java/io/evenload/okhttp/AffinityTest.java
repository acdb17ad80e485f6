package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.evenload.Chooser;
import io.evenload.RequestContext;
import io.evenload.chooser.Choosers;
import java.io.IOException;
import java.net.CookieManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.Request;
import okhttp3.java.net.cookiejar.JavaNetCookieJar;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the key of a call's session comes from, and that the chooser gets it. */
class AffinityTest {

  @RegisterExtension final Backends backends = new Backends();

  private final List<Optional<String>> keys = new CopyOnWriteArrayList<>();
  private final Chooser noting =
      (eligible, request) -> {
        keys.add(Optional.ofNullable(request.key()));
        return BalancedClient.IN_ORDER.choose(eligible, request);
      };

  @Test
  void header_isTheKey() throws IOException {
    BalancedClient client = client(Affinity.header("X-User"));

    client.execute(client.request("/").header("X-User", "ann").build());
    client.execute(client.request("/").build());
    client.execute(client.request("/").header("X-User", "").build());

    assertThat(keys).containsExactly(Optional.of("ann"), Optional.empty(), Optional.empty());
  }

  @Test
  void cookie_inTheJar_isTheKey() throws IOException {
    Backend a = backends.start("a");
    a.next(response -> response.addHeader("Set-Cookie: JSESSIONID=s1; Path=/; HttpOnly"));
    BalancedClient client =
        backends
            .client(a)
            .chooser(noting)
            .http(http -> http.cookieJar(new JavaNetCookieJar(new CookieManager())))
            .balancing(balancing -> balancing.affinity(Affinity.cookie("JSESSIONID")))
            .build();

    client.get("/login");
    client.get("/account");

    assertThat(keys).containsExactly(Optional.empty(), Optional.of("s1"));
    assertThat(a.requests().get(1).getHeaders().get("Cookie")).isEqualTo("JSESSIONID=s1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "JSESSIONID=s1",
        "a=b; JSESSIONID=s1",
        "a=b;JSESSIONID = s1 ;c=d",
        "x;JSESSIONID=s1"
      })
  void cookie_inTheHeader_isTheKey(String header) throws IOException {
    BalancedClient client = client(Affinity.cookie("JSESSIONID"));

    client.execute(client.request("/").header("Cookie", header).build());

    assertThat(keys).containsExactly(Optional.of("s1"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"XJSESSIONID=s1", "jsessionid=s1", "JSESSIONID", "JSESSIONID=", ";;=;"})
  void cookie_anotherOrNone_isNoKey(String header) throws IOException {
    BalancedClient client = client(Affinity.cookie("JSESSIONID"));

    client.execute(client.request("/").header("Cookie", header).build());

    assertThat(keys).containsExactly(Optional.empty());
  }

  @Test
  void by_function_isAskedOnceForEachCall() throws IOException {
    List<Request> asked = new ArrayList<>();
    Backend a = backends.start("a").next(response -> response.code(503));
    Backend b = backends.start("b");
    BalancedClient client =
        backends
            .client(a, b)
            .chooser(noting)
            .balancing(
                balancing ->
                    balancing.affinity(
                        Affinity.by(
                            request -> {
                              asked.add(request);
                              return request.url().queryParameter("tenant");
                            })))
            .build();

    assertThat(client.get("/?tenant=t7").server()).isEqualTo("b");

    assertThat(asked).hasSize(1);
    assertThat(keys).hasSizeGreaterThanOrEqualTo(2).containsOnly(Optional.of("t7"));
  }

  @Test
  void by_functionThatThrows_isLoggedAndTheCallHasNoKey() throws IOException {
    BalancedClient client =
        client(
            Affinity.by(
                request -> {
                  throw new IllegalStateException("broken key");
                }));

    try (Warnings warnings = new Warnings()) {
      assertThat(client.get("/").code()).isEqualTo(200);
      assertThat(warnings.messages())
          .containsExactly(BalancedClient.HOST + ": the key of a call's session could not be told");
    }
    assertThat(keys).containsExactly(Optional.empty());
  }

  @Test
  void tag_withKey_wins() throws IOException {
    BalancedClient client = client(Affinity.header("X-User"));

    client.execute(
        client
            .request("/")
            .header("X-User", "ann")
            .tag(RequestContext.class, RequestContext.withKey("bob"))
            .build());

    assertThat(keys).containsExactly(Optional.of("bob"));
  }

  @Test
  void tag_withFilterOnly_getsTheKeyAndKeepsTheFilter() throws IOException {
    BalancedClient client = client(Affinity.header("X-User"));
    RequestContext onlyB = RequestContext.create().only(server -> server.id().equals("b"));

    String server =
        client
            .execute(
                client
                    .request("/")
                    .header("X-User", "ann")
                    .tag(RequestContext.class, onlyB)
                    .build())
            .server();

    assertThat(server).isEqualTo("b");
    assertThat(keys).containsOnly(Optional.of("ann"));
    assertThat(onlyB.key()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"maglev", "rendezvous", "sticky"})
  void header_withChooserThatGoesByKeys_keepsEachUserAtOneServer(String name) throws IOException {
    Chooser chooser =
        switch (name) {
          case "maglev" -> Choosers.maglev();
          case "rendezvous" -> Choosers.rendezvous();
          default -> Choosers.sticky(Choosers.roundRobin());
        };
    BalancedClient client =
        backends
            .client(backends.start("a"), backends.start("b"), backends.start("c"))
            .chooser(chooser)
            .balancing(balancing -> balancing.affinity(Affinity.header("X-User")))
            .build();
    Map<String, Set<String>> servers = new HashMap<>();

    for (int round = 0; round < 3; round++) {
      for (int user = 0; user < 40; user++) {
        String key = "user-" + user;
        Request request = client.request("/").header("X-User", key).build();
        servers
            .computeIfAbsent(key, unused -> new HashSet<>())
            .add(client.execute(request).server());
      }
    }

    assertThat(servers.values()).allSatisfy(of -> assertThat(of).hasSize(1));
    assertThat(servers.values().stream().flatMap(Set::stream).distinct()).hasSize(3);
  }

  @Test
  void options_outOfRange_areRejected() {
    assertThatNullPointerException().isThrownBy(() -> Affinity.header(null)).withMessage("name");
    assertThatNullPointerException().isThrownBy(() -> Affinity.cookie(null)).withMessage("name");
    assertThatNullPointerException().isThrownBy(() -> Affinity.by(null)).withMessage("key");
    assertThatNullPointerException()
        .isThrownBy(() -> LoadBalancingInterceptor.builder().affinity(null))
        .withMessage("affinity");
    for (Duration wrong : List.of(Duration.ZERO, Duration.ofMillis(999), Duration.ofDays(401))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Affinity.serverCookie(wrong))
          .withMessage("maxAge: " + wrong + " (expected: PT1S to PT9600H)");
    }
  }

  private BalancedClient client(Affinity affinity) {
    return backends
        .client(backends.start("a"), backends.start("b"))
        .chooser(noting)
        .balancing(balancing -> balancing.affinity(affinity))
        .build();
  }
}
