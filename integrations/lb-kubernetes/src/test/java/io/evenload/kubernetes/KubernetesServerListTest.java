package io.evenload.kubernetes;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.Heard;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.Wait;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class KubernetesServerListTest {

  private StubApi api;
  private final Heard heard = new Heard();
  private ServerList.Subscription subscription = () -> {};

  @BeforeEach
  void start() throws IOException {
    api = new StubApi();
  }

  @AfterEach
  void stop() {
    subscription.close();
    api.close();
    awaitThreads();
  }

  @Test
  void subscribe_severalSlicesInPages_tellsOneWholeList() {
    api.put("s1", slice("a", "b"));
    api.put("s2", slice("c"));
    api.put("s3", slice("d"));
    api.pageSize(1);

    subscribe();
    heard.awaitIds("a", "b", "c", "d");

    assertThat(heard.lists()).hasSize(1);
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void watch_podsComeAndGo_areToldAtOnce() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    long begun = System.nanoTime();
    api.put("s1", slice("a", "b"));
    heard.awaitIds("a", "b");
    assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(5));
    api.put("s2", slice("c"));
    heard.awaitIds("a", "b", "c");
    api.delete("s1");
    heard.awaitIds("c");
    api.delete("s2");
    heard.awaitIds();

    assertThat(heard.failures()).isEmpty();
    assertThat(api.lists()).isEqualTo(1);
  }

  @Test
  void watch_podTerminates_leavesTheList() {
    String draining = pod("b", "'ready':false,'serving':true,'terminating':true");
    api.put("s1", slice("a", "b"));
    subscribe();
    awaitWatch();

    api.put("s1", members(pod("a", "'ready':true"), draining));
    heard.awaitIds("a");
    api.put("s1", members(draining));
    heard.awaitIds("b");
  }

  @Test
  void watch_eventsInOneGo_areToldAsOneList() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    String both = event("s1", slice("b"), 7) + "\n" + event("s2", slice("c"), 8);
    api.send(both);
    heard.awaitIds("b", "c");

    assertThat(heard.lists()).hasSize(2);
  }

  @Test
  void watch_bookmark_confirmsAndIsWhereTheNextWatchBegins() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    api.send(bookmark(41));
    heard.await(h -> h.confirmations() == 1);
    api.endWatches();
    awaitWatches(2);

    assertThat(watch(1).getUrl().queryParameter("resourceVersion")).isEqualTo("41");
    assertThat(watch(1).getUrl().queryParameter("allowWatchBookmarks")).isEqualTo("true");
    assertThat(heard.lists()).hasSize(1);
  }

  @Test
  void watch_endsInTime_goesOnWhereItWas() {
    api.put("s1", slice("a"));
    subscribe(builder().watchTimeout(Duration.ofSeconds(1)));
    awaitWatches(2);
    api.put("s1", slice("b"));
    heard.awaitIds("b");
    awaitWatches(4);

    assertThat(watch(0).getUrl().queryParameter("timeoutSeconds")).isEqualTo("1");
    assertThat(api.lists()).isEqualTo(1);
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void watch_unknownEventsAndBlankLines_areIgnored() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    api.send(" \n{\"type\":\"NEWER\",\"object\":{}}\n{\"type\":\"NEWER\"}");
    api.put("s1", slice("b"));
    heard.awaitIds("b");

    assertThat(heard.events()).isEqualTo(2);
  }

  @Test
  void watch_versionForgottenMeanwhile_listsAnewAndIsNoFailure() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    api.compact();
    api.send(StubApi.gone());
    api.put("s1", slice("b"));
    heard.awaitIds("b");

    assertThat(api.lists()).isEqualTo(2);
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void watch_versionForgottenBefore_listsAnewAndIsNoFailure() {
    api.put("s1", slice("a"));
    AtomicBoolean gone = new AtomicBoolean(true);
    api.script(
        request ->
            StubApi.isWatch(request) && gone.getAndSet(false)
                ? StubApi.status(410, "too old")
                : null);
    subscribe();
    awaitWatches(2);

    assertThat(lastList().getUrl().queryParameter("resourceVersion")).isEmpty();
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void watch_alwaysGone_listsOnceASecondAtMost() {
    api.put("s1", slice("a"));
    api.script(request -> StubApi.isWatch(request) ? StubApi.status(410, "too old") : null);
    long begun = System.nanoTime();
    subscribe();
    heard.await(h -> h.confirmations() >= 2);

    assertThat(System.nanoTime() - begun).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(1_500));
  }

  @Test
  void watch_errorEvent_isToldAndFollowedByANewList() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    api.send("{\"type\":\"ERROR\",\"object\":{\"code\":500,\"message\":\"etcd is\\nwell\"}}");
    heard.awaitFailure("the watch ended with 500: etcd is well");
    api.put("s1", slice("b"));
    heard.awaitIds("b");
  }

  @Test
  void watch_nonsense_isToldAndFollowedByANewList() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    api.send("<html>");
    heard.awaitFailure("an event that cannot be read");
    heard.await(h -> h.confirmations() >= 1);

    assertThat(heard.lists()).hasSize(1);
  }

  @Test
  void watch_endsAtOnceAgainAndAgain_doesNotSpin() {
    api.put("s1", slice("a"));
    api.script(request -> StubApi.isWatch(request) ? StubApi.json(200, "") : null);
    subscribe();
    heard.await(h -> h.failures().size() == 2);

    assertThat(heard.failures()).allMatch(text -> text.equals("the watch ended at once"));
    assertThat(api.requests().size()).isLessThan(6);
  }

  @Test
  void watch_cutOff_isToldAndFollowedByANewList() {
    api.put("s1", slice("a"));
    AtomicBoolean cut = new AtomicBoolean(true);
    api.script(
        request ->
            StubApi.isWatch(request) && cut.getAndSet(false)
                ? StubApi.json(200, event("s1", slice("b"), 2).substring(0, 40))
                : null);
    subscribe();
    heard.await(h -> h.failures().size() == 1);
    heard.await(h -> h.confirmations() == 1);

    assertThat(heard.ids()).containsExactly("a");
  }

  @Test
  void watch_silentBeyondItsTime_isDead() {
    api.put("s1", slice("a"));
    api.neverEndWatches();
    subscribe(builder().watchTimeout(Duration.ofSeconds(1)));
    awaitWatch();
    heard.awaitFailure("the watch was silent beyond its time");
    awaitWatches(2);

    assertThat(heard.ids()).containsExactly("a");
  }

  @Test
  void relist_byInterval_findsWhatTheWatchLost() {
    api.put("s1", slice("a"));
    subscribe(builder().relistInterval(Duration.ofSeconds(1)));
    awaitWatch();
    api.putUnseen("s1", slice("b"));
    heard.awaitIds("b");

    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void refresh_whileAWatchIsSilent_listsAtOnce() {
    api.put("s1", slice("a"));
    api.script(request -> StubApi.isWatch(request) ? silence() : null);
    subscribe();
    heard.awaitIds("a");
    awaitRequests(2);
    api.put("s1", slice("b"));
    subscription.refresh();
    heard.awaitIds("b");

    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void refresh_manyTimes_asksOnceASecondAtMost() {
    api.put("s1", slice("a"));
    subscribe();
    long begun = System.nanoTime();
    heard.await(
        h -> {
          subscription.refresh();
          return h.confirmations() >= 2;
        });
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun) + 1;

    assertThat(api.lists()).isLessThanOrEqualTo(2 + 2 * seconds);
  }

  @Test
  void list_refused_isToldAndTheLastListStays() {
    AtomicReference<MockResponse> refusal = new AtomicReference<>();
    api.put("s1", slice("a"));
    api.script(request -> StubApi.isWatch(request) ? null : refusal.get());
    subscribe();
    awaitWatch();

    refusal.set(StubApi.status(403, "endpointslices is forbidden: User cannot list"));
    subscription.refresh();
    heard.awaitFailure("HTTP 403: endpointslices is forbidden: User cannot list");
    refusal.set(StubApi.json(200, "{\"items\":[]}"));
    heard.awaitFailure("the list of slices has no resourceVersion");
    refusal.set(StubApi.json(502, "<html>"));
    heard.awaitFailure("HTTP 502");
    assertThat(heard.ids()).containsExactly("a");
    refusal.set(null);
    heard.await(h -> h.confirmations() == 1);
  }

  @Test
  void list_onlyOldApi_isUsedUntilItIsGone() {
    api.apiVersion("v1beta1");
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();
    assertThat(watch(0).getUrl().encodedPath()).contains("/v1beta1/");

    api.apiVersion("v1");
    subscription.refresh();
    heard.await(h -> h.confirmations() == 1);
    awaitWatches(2);
    assertThat(watch(1).getUrl().encodedPath()).contains("/v1/");
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void list_noApiOfSlices_isAFailure() {
    api.apiVersion("v2");
    subscribe();
    heard.awaitFailure("HTTP 404: the server could not find the requested resource");
  }

  @Test
  void list_serviceUnknown_isEmptyWithAWarning() {
    try (CapturedLog log = new CapturedLog(KubernetesServerList.class)) {
      subscribe();
      heard.awaitIds();

      assertThat(log.messages())
          .containsExactly(
              "KubernetesServerList shop/orders: no EndpointSlice has the label of this service");
    }
  }

  @Test
  void slices_noneUsable_isAFailureAndTheLastListStays() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();
    try (CapturedLog log = new CapturedLog(KubernetesServerList.class)) {
      api.put("s1", slice("a").replace("IPv4", "FQDN"));
      heard.awaitFailure("no slice can be used");

      assertThat(log.messages()).hasSize(1);
    }
    assertThat(heard.ids()).containsExactly("a");
  }

  @Test
  void server_killedAndRestarted_listIsRightWithinFiveSeconds() throws IOException {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    int port = api.kill();
    heard.await(h -> h.failures().size() >= 4); // by then it asks each 3 seconds
    assertThat(heard.ids()).containsExactly("a");
    api.put("s1", slice("b"));
    long begun = System.nanoTime();
    api.restart(port);
    heard.awaitIds("b");

    assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(5));
  }

  @Test
  void server_dataLost_newestListCounts() throws IOException {
    for (int i = 0; i < 9; i++) {
      api.put("s1", slice("a" + i));
    }
    subscribe();
    awaitWatch();

    int port = api.kill();
    api.loseData();
    api.put("s1", slice("b"));
    api.restart(port);
    heard.awaitFailure("Too large resource version");
    heard.awaitIds("b");
  }

  @Test
  void balancer_apiServerAway_callsGoOn() {
    api.put("s1", slice("a", "b"));
    try (LoadBalancer orders = LoadBalancer.builder("orders").servers(builder().build()).build()) {
      orders.ready().toCompletableFuture().join();
      api.kill();

      assertThat(Stream.generate(() -> called(orders)).limit(100).distinct())
          .containsExactlyInAnyOrder("a", "b");
    }
  }

  @Test
  void listener_throws_isContained() {
    api.put("s1", slice("a"));
    try (CapturedLog log = new CapturedLog(KubernetesServerList.class)) {
      subscription =
          builder()
              .build()
              .subscribe(
                  servers -> {
                    heard.updated(servers);
                    throw new IllegalStateException("no");
                  });
      awaitWatch();
      api.put("s1", slice("b"));
      heard.awaitIds("b");

      assertThat(log.messages()).contains("KubernetesServerList shop/orders: the listener threw");
    }
  }

  @Test
  void close_atAnyMoment_endsTheThread() {
    api.put("s1", slice("a"));
    subscribe();
    subscription.close();
    awaitThreads();

    subscribe();
    awaitWatches(1);
    subscription.close();
    subscription.close();
    subscription.refresh();
    awaitThreads();

    api.script(request -> silence());
    int before = api.requests().size();
    subscribe();
    awaitRequests(before + 1);
    subscription.close();
    awaitThreads();

    api.script(request -> StubApi.status(500, "no"));
    subscribe();
    heard.awaitFailure("HTTP 500");
    subscription.close();
    awaitThreads();
    int events = heard.events();
    api.put("s1", slice("b"));
    assertThat(heard.events()).isEqualTo(events);
  }

  @Test
  void close_byTheListener_endsTheThread() {
    api.put("s1", slice("a"));
    CompletableFuture<ServerList.Subscription> own = new CompletableFuture<>();
    subscription =
        builder()
            .build()
            .subscribe(
                servers -> {
                  own.join().close();
                  heard.updated(servers);
                });
    own.complete(subscription);
    heard.awaitIds("a");
    awaitThreads();
  }

  @Test
  void build_withoutNamespace_saysSo() {
    assertThatThrownBy(
            () ->
                KubernetesServerList.builder("orders")
                    .cluster(KubernetesCluster.builder(api.url()).build())
                    .build())
        .hasMessage(
            "namespace: not given (expected: namespace(name), as the cluster has no default)");
    assertThatThrownBy(() -> KubernetesServerList.builder(" "))
        .hasMessage("service: ' ' (expected: not blank)");
    assertThatThrownBy(() -> builder().namespace(""))
        .hasMessage("namespace: '' (expected: not blank)");
    assertThatThrownBy(() -> builder().relistInterval(Duration.ofMillis(999)))
        .hasMessage("relistInterval: PT0.999S (expected: PT1S to PT24H)");
    assertThatThrownBy(() -> builder().watchTimeout(Duration.ofDays(2)))
        .hasMessage("watchTimeout: PT48H (expected: PT1S to PT24H)");
    assertThat(builder().build()).hasToString("KubernetesServerList shop/orders");
  }

  private static String called(LoadBalancer orders) {
    try {
      return orders.call(Server::id);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private KubernetesServerList.Builder builder() {
    return KubernetesServerList.builder("orders")
        .cluster(KubernetesCluster.builder(api.url()).namespace("shop").build())
        .port("http")
        .random(new SeededRandom(1));
  }

  private void subscribe() {
    subscribe(builder());
  }

  private void subscribe(KubernetesServerList.Builder builder) {
    subscription = builder.build().subscribe(heard);
  }

  private void awaitWatch() {
    Wait.until(() -> api.watching() == 1);
  }

  private void awaitWatches(int number) {
    Wait.until(() -> api.requests().stream().filter(StubApi::isWatch).count() >= number);
  }

  private void awaitRequests(int number) {
    Wait.until(() -> api.requests().size() >= number);
  }

  private static void awaitThreads() {
    Wait.until(
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("evenload-kubernetes")));
  }

  private RecordedRequest watch(int index) {
    return api.requests().stream().filter(StubApi::isWatch).toList().get(index);
  }

  private RecordedRequest lastList() {
    List<RecordedRequest> lists =
        api.requests().stream().filter(request -> !StubApi.isWatch(request)).toList();
    return lists.get(lists.size() - 1);
  }

  private static MockResponse silence() {
    return new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build();
  }

  private static String slice(String... ready) {
    return members(Stream.of(ready).map(name -> pod(name, "'ready':true")).toArray(String[]::new));
  }

  private static String members(String... members) {
    return ("'addressType':'IPv4','ports':[{'name':'http','port':8080,'protocol':'TCP'}],"
            + Stream.of(members).collect(joining(",", "'endpoints':[", "]")))
        .replace('\'', '"');
  }

  private static String pod(String name, String conditions) {
    return "{'addresses':['10.0.0."
        + (name.codePointAt(0) - 'a' + 1)
        + "'],'conditions':{"
        + conditions
        + "},'targetRef':{'kind':'Pod','name':'"
        + name
        + "'}}";
  }

  private static String event(String slice, String json, int version) {
    return ("{'type':'MODIFIED','object':{'metadata':{'name':'"
                + slice
                + "','resourceVersion':'"
                + version
                + "'},")
            .replace('\'', '"')
        + json
        + "}}";
  }

  private static String bookmark(int version) {
    return "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\""
        + version
        + "\"}}}";
  }
}
