package io.evenload.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.CapturedLog;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import mockwebserver3.MockResponse;
import org.junit.jupiter.api.Test;

class KubernetesServerListTest extends WithStubApi {

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
  void list_pagesWithoutEnd_isAFailureAndTheLastListStays() {
    api.put("s1", slice("a"));
    subscribe(builder().listTimeout(Duration.ofSeconds(1)));
    awaitWatch();
    api.script(
        request ->
            StubApi.isWatch(request)
                ? null
                : StubApi.json(
                    200, "{\"metadata\":{\"resourceVersion\":\"9\",\"continue\":\"x\"}}"));
    subscription.refresh();
    heard.await(h -> !h.failures().isEmpty());
    assertThat(heard.ids()).containsExactly("a");

    api.script(request -> null);
    heard.await(h -> h.confirmations() >= 1);
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
    heard.awaitIds("b");
    assertThat(lastList().getUrl().queryParameter("resourceVersion")).isEmpty();
    assertThat(heard.failures()).noneMatch(text -> text.contains("resource version"));
  }

  @Test
  void list_olderThanWhatWasSeen_isReplacedByTheNewest() {
    for (int i = 0; i < 9; i++) {
      api.put("s1", slice("a" + i));
    }
    subscribe();
    awaitWatch();
    api.script(
        request ->
            "0".equals(request.getUrl().queryParameter("resourceVersion"))
                ? StubApi.json(200, "{\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[]}")
                : null);
    subscription.refresh();
    heard.await(h -> h.confirmations() >= 1);

    assertThat(heard.lists()).hasSize(1);
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
}
