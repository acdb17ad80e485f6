package io.evenload.consul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.Heard;
import io.evenload.testing.Wait;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ConsulServerListTest {

  @TempDir Path directory;
  private StubAgent agent;
  private final Heard heard = new Heard();
  private ServerList.Subscription subscription = () -> {};

  @BeforeEach
  void start() throws IOException {
    agent = new StubAgent();
  }

  @AfterEach
  void stop() {
    subscription.close();
    agent.close();
    awaitNoQuery();
  }

  @Test
  void subscribe_instances_areListedWithAllThatConsulKnows() {
    String all =
        "{'Node':{'Node':'n1','Address':'10.0.0.1','Datacenter':'dc1','Meta':{'zone':'z1'}},"
            + "'Service':{'ID':'o1','Service':'orders','Tags':['a','b'],'Address':'10.1.0.1',"
            + "'Meta':{'version':'2','zone':'z2'},'Port':8080,'Weights':{'Passing':3,'Warning':1},"
            + "'Proxy':{'MeshGateway':{}}},'Checks':[{'Node':'n1','Status':'passing',"
            + "'ServiceTags':[],'Definition':{}}]}";
    String little =
        "{'Node':{'Node':'n2','Address':'10.0.0.2','Meta':{'zone':'z1'}},'Service':{'ID':'o1',"
            + "'Address':'','Port':80,'Tags':null,'Meta':null,'Weights':null},'Checks':null}";
    agent.set(7, all.replace('\'', '"'), little.replace('\'', '"'));

    subscribe(builder());
    heard.awaitIds("n1/o1", "n2/o1");

    assertThat(heard.lists().get(0))
        .containsExactly(
            Server.builder("10.1.0.1", 8080)
                .id("n1/o1")
                .weight(3)
                .zone("z2")
                .metadata("version", "2")
                .metadata("zone", "z2")
                .metadata("node", "n1")
                .metadata("datacenter", "dc1")
                .metadata("tags", "a,b")
                .build(),
            Server.builder("10.0.0.2", 80)
                .id("n2/o1")
                .zone("z1")
                .metadata("node", "n2")
                .metadata("datacenter", "")
                .build());
  }

  @Test
  void change_isToldAtOnceByAQueryThatWaits() {
    agent.set(7, passing("a"));
    subscribe(builder());
    awaitRequests(2);

    long begun = System.nanoTime();
    agent.set(9, passing("a"), passing("b"));
    heard.awaitIds("n/a", "n/b");

    assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(5));
    assertThat(parameter(0, "index")).isNull();
    assertThat(parameter(1, "index")).isEqualTo("7");
    assertThat(parameter(1, "wait")).isEqualTo("55000ms");
    awaitRequests(3);
    assertThat(parameter(2, "index")).isEqualTo("9");
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void refresh_whileAQueryWaits_asksForWhatThereIsNow() {
    agent.set(7, passing("a"));
    subscribe(builder());
    awaitRequests(2);
    agent.script(
        request ->
            index(request) == null
                ? new MockResponse.Builder()
                    .setHeader("X-Consul-Index", 9)
                    .body("[" + passing("b") + "]")
                    .build()
                : null);
    Wait.until(
        () -> {
          subscription.refresh(); // which counts when the query has waited for a moment
          return heard.ids().equals(List.of("n/b"));
        });

    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void noChange_isConfirmedWhenTheWaitIsOver() {
    agent.set(7, passing("a"));
    subscribe(builder().waitTime(Duration.ofSeconds(1)));
    heard.await(h -> h.confirmations() >= 2);

    assertThat(heard.lists()).hasSize(1);
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void index_goesBack_isNotWaitedWith() {
    agent.set(70, passing("a"));
    subscribe(builder());
    awaitRequests(2);
    agent.set(3, passing("b"));
    heard.awaitIds("n/b");
    awaitRequests(4);

    assertThat(parameter(1, "index")).isEqualTo("70");
    assertThat(parameter(2, "index")).isNull();
    assertThat(parameter(3, "index")).isEqualTo("3");
  }

  @Test
  void index_standsStill_agentIsNotSpunOn() {
    agent.neverWait();
    agent.set(7, passing("a"));
    subscribe(builder());
    long begun = System.nanoTime();
    awaitRequests(5);

    assertThat(System.nanoTime() - begun).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(1_500));
  }

  @Test
  void index_missing_agentIsAskedNowAndThen() {
    agent.script(request -> new MockResponse.Builder().body("[" + passing("a") + "]").build());
    subscribe(builder());
    heard.await(h -> h.confirmations() >= 2);

    assertThat(agent.requests()).allMatch(request -> index(request) == null);
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void staleAnswer_withinBound_isTaken() {
    agent.followers("59000", "true");
    agent.set(7, passing("a"));
    subscribe(builder());
    awaitRequests(2);

    assertThat(agent.requests()).allMatch(ConsulServerListTest::isStale);
  }

  @Test
  void staleAnswer_tooOld_isReplacedByTheLeaders() {
    agent.followers("61000", "true");
    agent.set(7, passing("a"));
    subscribe(builder());
    awaitRequests(3);

    assertThat(isStale(agent.requests().get(0))).isTrue();
    assertThat(isStale(agent.requests().get(1))).isFalse();
    assertThat(index(agent.requests().get(2))).isEqualTo("7");
  }

  @Test
  void leader_none_isAFailureAndTheLastListStays() {
    agent.set(7, passing("a"));
    subscribe(builder());
    awaitRequests(2);

    agent.followers("0", "false");
    agent.script(
        request ->
            isStale(request)
                ? null
                : new MockResponse.Builder().code(500).body("No cluster leader\n").build());
    agent.set(8, passing("b"));
    heard.awaitFailure("HTTP 500: No cluster leader");

    assertThat(heard.ids()).containsExactly("n/a");
  }

  @Test
  void maxStaleness_zero_asksTheLeaderAlways() {
    agent.set(7, passing("a"));
    subscribe(builder().maxStaleness(Duration.ZERO));
    awaitRequests(2);

    assertThat(agent.requests()).noneMatch(ConsulServerListTest::isStale);
  }

  @Test
  void options_areSentAsParameters() {
    agent.set(7);
    subscribe(
        builder()
            .tag("a")
            .tag("b c")
            .datacenter("dc2")
            .namespace("team")
            .partition("part")
            .filter("Service.Meta.version == \"2\""));
    heard.awaitIds();

    assertThat(agent.requests().get(0).getUrl().encodedPath())
        .isEqualTo("/v1/health/service/orders");
    assertThat(agent.requests().get(0).getUrl().query())
        .isEqualTo(
            "passing=true&tag=a&tag=b c&dc=dc2&ns=team&partition=part"
                + "&filter=Service.Meta.version == \"2\"&stale=");
  }

  @Test
  void warningsToo_weighLess_andCriticalOnesAreNeverListed() {
    agent.set(7, passing("a"), instance("b", 80, "warning"), instance("c", 80, "critical"));
    subscribe(builder().warningsToo(true));
    heard.awaitIds("n/a", "n/b");

    assertThat(heard.lists().get(0)).extracting(Server::weight).containsExactly(5, 2);
    assertThat(parameter(0, "passing")).isNull();
    subscription.close();
    subscribe(builder());
    heard.awaitIds("n/a");
  }

  @Test
  void instances_thatCannotBeCalled_areSkippedAndNamedOnce() {
    try (CapturedLog log = new CapturedLog(ConsulServerList.class)) {
      agent.set(7, passing("a"), instance("b", 0, "passing"));
      subscribe(builder());
      heard.awaitIds("n/a");
      agent.set(8, passing("c"), instance("b", 0, "passing"));
      heard.awaitIds("n/c");

      assertThat(log.messages()).hasSize(1);
      assertThat(log.messages().get(0))
          .endsWith("instances skipped: n/b (port: 0 (expected: 1 to 65535))");
    }
  }

  @Test
  void answer_isNone_isAFailureAndTheLastListStays() {
    agent.set(7, passing("a"));
    subscribe(builder());
    awaitRequests(2);
    agent.script(request -> new MockResponse.Builder().body("{}").build());
    agent.raiseIndex();
    heard.awaitFailure("the agent's answer is no JSON array");
    agent.script(request -> new MockResponse.Builder().body("[[]]").build());
    heard.awaitFailure("the agent's answer has a START_ARRAY for an object");
    agent.script(request -> new MockResponse.Builder().body("[{\"Node\":").build());
    heard.awaitFailure("end-of-input");
    agent.script(request -> null);
    heard.await(h -> h.confirmations() > 0);

    assertThat(heard.lists()).hasSize(1);
  }

  @Test
  void agent_killedAndRestartedWithoutData_isAskedAnew() throws IOException {
    agent.set(700, passing("a"));
    subscribe(builder());
    awaitRequests(2);

    int port = agent.kill();
    heard.await(h -> h.failures().size() >= 3);
    assertThat(heard.ids()).containsExactly("n/a");
    agent.set(3, passing("b"));
    long begun = System.nanoTime();
    agent.restart(port);
    heard.awaitIds("n/b");

    assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(5));
  }

  @Test
  void agent_silentBeyondItsTime_isAFailure() {
    agent.set(7, passing("a"));
    subscribe(builder().waitTime(Duration.ofSeconds(1)));
    heard.awaitIds("n/a");
    agent.script(
        request -> new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build());
    heard.await(h -> !h.failures().isEmpty());

    assertThat(heard.ids()).containsExactly("n/a");
  }

  @Test
  void balancer_agentAway_callsGoOn() {
    agent.set(7, passing("a"), passing("b"));
    try (LoadBalancer orders = LoadBalancer.builder("orders").servers(builder().build()).build()) {
      orders.ready().toCompletableFuture().join();
      agent.kill();

      assertThat(Stream.generate(() -> called(orders)).limit(100).distinct())
          .containsExactlyInAnyOrder("n/a", "n/b");
    }
  }

  @Test
  void token_replaced_isUsedByTheNextQuery() throws IOException {
    Path file = Files.writeString(directory.resolve("token"), "first\n");
    agent.set(7, passing("a"));
    subscribe(builder().tokenFile(file));
    awaitRequests(2);
    Files.writeString(file, "second");
    agent.set(8, passing("b"));
    awaitRequests(3);

    assertThat(agent.requests())
        .extracting(request -> request.getHeaders().get("X-Consul-Token"))
        .containsExactly("first", "first", "second");
  }

  @Test
  void token_echoedByTheAgent_isInNoMessage() {
    agent.script(
        request ->
            new MockResponse.Builder().code(403).body("ACL not found: hush\n\tno\n").build());
    subscribe(builder().token(() -> "hush"));
    heard.awaitFailure("HTTP 403: ACL not found: … no");
  }

  @Test
  void token_missingOrUnusable_isToldWithoutIt() {
    Path missing = directory.resolve("missing");
    subscribe(builder().tokenFile(missing));
    heard.awaitFailure("the token cannot be read: java.nio.file.NoSuchFileException");
    subscription.close();
    subscribe(builder().token(() -> "sec ret"));
    heard.awaitFailure("token: 7 characters, or others than a header may have");

    assertThat(agent.requests()).isEmpty();
  }

  @Test
  void redirect_isNotFollowed() {
    agent.script(
        request ->
            new MockResponse.Builder().code(301).addHeader("Location", "http://10.0.0.1/").build());
    subscribe(builder().client(new OkHttpClient()));
    heard.awaitFailure("HTTP 301");
  }

  @Test
  void close_whileAQueryWaits_endsIt() {
    agent.set(7, passing("a"));
    subscribe(builder());
    awaitRequests(2);
    subscription.close();
    subscription.close();
    awaitNoQuery();
    int events = heard.events();
    agent.set(8, passing("b"));

    assertThat(heard.events()).isEqualTo(events);
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void builder_checksWhatItIsGiven() {
    assertThat(ConsulServerList.of("orders"))
        .hasToString("ConsulServerList orders at 127.0.0.1:8500");
    assertThatThrownBy(() -> ConsulServerList.of(" "))
        .hasMessage("service: ' ' (expected: not blank)");
    for (String url :
        List.of("agent:8500", "http://u:secret@a", "http://a?secret", "http://a#secret")) {
      assertThatThrownBy(() -> builder().url(url))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageNotContaining("secret");
    }
    assertThatThrownBy(() -> builder().datacenter(""))
        .hasMessage("datacenter: '' (expected: not blank)");
    assertThatThrownBy(() -> builder().waitTime(Duration.ofMinutes(11)))
        .hasMessage("waitTime: PT11M (expected: PT1S to PT10M)");
    assertThatThrownBy(() -> builder().maxStaleness(Duration.ofSeconds(-1)))
        .hasMessage("maxStaleness: PT-1S (expected: PT0S to PT8760H)");
  }

  private static String called(LoadBalancer orders) {
    try {
      return orders.call(Server::id);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private ConsulServerList.Builder builder() {
    return ConsulServerList.builder("orders").url(agent.url());
  }

  private void subscribe(ConsulServerList.Builder builder) {
    subscription = builder.build().subscribe(heard);
  }

  private void awaitRequests(int number) {
    Wait.until(() -> agent.requests().size() >= number);
  }

  private static void awaitNoQuery() {
    Wait.until(
        () ->
            Thread.getAllStackTraces().values().stream()
                .flatMap(Arrays::stream)
                .noneMatch(frame -> frame.getClassName().endsWith(".ConsulSource")));
  }

  private String parameter(int request, String name) {
    return agent.requests().get(request).getUrl().queryParameter(name);
  }

  private static String index(RecordedRequest request) {
    return request.getUrl().queryParameter("index");
  }

  private static boolean isStale(RecordedRequest request) {
    return request.getUrl().queryParameterNames().contains("stale");
  }

  private static String passing(String id) {
    return instance(id, 80, "passing");
  }

  private static String instance(String id, int port, String status) {
    return ("{'Node':{'Node':'n','Address':'10.0.0.1'},'Service':{'ID':'"
            + id
            + "','Address':'10.1.0."
            + id.codePointAt(0)
            + "','Port':"
            + port
            + ",'Weights':{'Passing':5,'Warning':2}},'Checks':[{'Status':'passing'},{'Status':'"
            + status
            + "'}]}")
        .replace('\'', '"');
  }
}
