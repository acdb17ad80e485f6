package io.evenload.kubernetes;

import static java.util.stream.Collectors.joining;

import io.evenload.ServerList;
import io.evenload.testing.Heard;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.Wait;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** A subscription to pods that a {@link StubApi} tells. */
@Timeout(120)
abstract class WithStubApi {

  StubApi api;
  final Heard heard = new Heard();
  ServerList.Subscription subscription = () -> {};

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

  KubernetesServerList.Builder builder() {
    return KubernetesServerList.builder("orders")
        .cluster(KubernetesCluster.builder(api.url()).namespace("shop").build())
        .port("http")
        .random(new SeededRandom(1));
  }

  void subscribe() {
    subscribe(builder());
  }

  void subscribe(KubernetesServerList.Builder builder) {
    subscription = builder.build().subscribe(heard);
  }

  void awaitWatch() {
    Wait.until(() -> api.watching() == 1);
  }

  void awaitWatches(int number) {
    Wait.until(() -> api.requests().stream().filter(StubApi::isWatch).count() >= number);
  }

  void awaitRequests(int number) {
    Wait.until(() -> api.requests().size() >= number);
  }

  static void awaitThreads() {
    Wait.until(
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("evenload-kubernetes")));
  }

  RecordedRequest watch(int index) {
    return api.requests().stream().filter(StubApi::isWatch).toList().get(index);
  }

  RecordedRequest lastList() {
    List<RecordedRequest> lists =
        api.requests().stream().filter(request -> !StubApi.isWatch(request)).toList();
    return lists.get(lists.size() - 1);
  }

  static MockResponse silence() {
    return new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build();
  }

  static String slice(String... ready) {
    return members(Stream.of(ready).map(name -> pod(name, "'ready':true")).toArray(String[]::new));
  }

  static String members(String... members) {
    return ("'addressType':'IPv4','ports':[{'name':'http','port':8080,'protocol':'TCP'}],"
            + Stream.of(members).collect(joining(",", "'endpoints':[", "]")))
        .replace('\'', '"');
  }

  static String pod(String name, String conditions) {
    return "{'addresses':['10.0.0."
        + (name.codePointAt(0) - 'a' + 1)
        + "'],'conditions':{"
        + conditions
        + "},'targetRef':{'kind':'Pod','name':'"
        + name
        + "'}}";
  }

  static String event(String slice, String json, int version) {
    return ("{'type':'MODIFIED','object':{'metadata':{'name':'"
                + slice
                + "','resourceVersion':'"
                + version
                + "'},")
            .replace('\'', '"')
        + json
        + "}}";
  }

  static String bookmark(int version) {
    return "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\""
        + version
        + "\"}}}";
  }
}
