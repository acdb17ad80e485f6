package io.evenload.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.testing.Caller;
import io.evenload.testing.Churn;
import io.evenload.testing.Heard;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A balancer whose list comes from a real API server, under calls without a pause. A call here is a
 * choice: none may fail, whatever befalls the API server.
 */
@Timeout(300)
class RealApiIT {

  private static final long FIVE_SECONDS_MILLIS = 5_000;

  @TempDir Path directory;
  private RealApi api;
  private LoadBalancer orders;
  private Caller caller;
  private final Heard heard = new Heard();

  @BeforeEach
  void start() throws Exception {
    api = new RealApi(directory);
    api.create("s1", WithStubApi.slice("a", "b"));
    orders = LoadBalancer.builder("orders").servers(heard.overhearing(list())).build();
    orders.ready().toCompletableFuture().get(30, TimeUnit.SECONDS);
    heard.awaitIds("a", "b");
    caller = new Caller(orders);
  }

  private KubernetesServerList list() {
    return KubernetesServerList.builder("orders").cluster(api.cluster()).build();
  }

  @AfterEach
  void stop() throws Exception {
    caller.close();
    orders.close();
    api.close();
    assertThat(caller.failure()).isEmpty();
    WithStubApi.awaitThreads();
  }

  /** The return of the API server, or a change after it, is a moment ago. */
  private void awaitSoon(String what, String... ids) {
    long begun = System.nanoTime();
    heard.awaitIds(ids);
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    System.out.printf("kube-apiserver, %s: the list is right after %d ms%n", what, millis);
    assertThat(millis).as(what).isLessThan(FIVE_SECONDS_MILLIS);
  }

  @Test
  void change_reachesCallsWithinASecond() throws Exception {
    List<Long> millis = new ArrayList<>();
    for (int i = 0; i < 11; i++) {
      String pod = Character.toString('c' + i);
      long begun = System.nanoTime();
      api.create("new-" + i, WithStubApi.slice(pod));
      millis.add(caller.awaitCall(pod, begun));
    }
    Collections.sort(millis);
    System.out.println("kube-apiserver, from a slice to the first call in ms: " + millis);

    assertThat(millis.get(5)).as("median").isLessThan(1_000);
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void pods_comeTerminateAndGo_areToldAsWithAStub() throws Exception {
    String terminating = "'ready':false,'serving':true,'terminating':true";
    api.replace(
        "s1",
        WithStubApi.members(
            WithStubApi.pod("a", "'ready':true"), WithStubApi.pod("b", terminating)));
    heard.awaitIds("a");
    api.replace("s1", WithStubApi.members(WithStubApi.pod("b", terminating)));
    heard.awaitIds("b");
    api.create("s2", WithStubApi.slice("c"));
    heard.awaitIds("c");
    api.delete("s2");
    heard.awaitIds("b");
    api.replace(
        "s1",
        "'addressType':'IPv4','ports':[{'name':'http','port':8080}],'endpoints':[{'addresses':['10.0.0.7'],"
            + "'topology':{'topology.kubernetes.io/zone':'z1','kubernetes.io/hostname':'node-1'}}]");
    heard.awaitIds("10.0.0.7:8080");

    assertThat(heard.lists().get(heard.lists().size() - 1))
        .containsExactly(
            Server.builder("10.0.0.7", 8080).zone("z1").metadata("node", "node-1").build());
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void apiServer_frozen_listIsRightSoonAfterwards() throws Exception {
    api.signal("STOP");
    caller.callFor(Duration.ofSeconds(5));
    api.signal("CONT");
    api.replace("s1", WithStubApi.slice("a", "c"));
    awaitSoon("frozen and thawed", "a", "c");
  }

  @Test
  void apiServer_killedAndCompacted_listIsRightSoonAfterwards() throws Exception {
    api.killApi();
    heard.await(h -> h.failures().size() >= 4); // by then it asks each 3 seconds
    api.startApi();
    api.replace("s1", WithStubApi.slice("a", "c"));
    awaitSoon("killed and started", "a", "c");

    api.killApi();
    api.compact();
    api.startApi();
    api.replace("s1", WithStubApi.slice("d"));
    awaitSoon("killed, all versions compacted, and started", "d");
  }

  @Test
  void watch_ofAForgottenVersion_isGone() throws Exception {
    for (int i = 0; i < 5; i++) {
      api.replace("s1", WithStubApi.slice("a", "b"));
    }
    api.compact();
    api.killApi();
    api.startApi();
    KubernetesServerList.Builder options =
        KubernetesServerList.builder("orders").cluster(api.cluster()).namespace("shop");
    SliceApi slices = new SliceApi(options, Call::execute);
    slices.list("");
    try (Response response = slices.watch("1", 5)) {
      ApiObject event = ApiObject.read(response.body().byteStream());
      assertThat(event.type).isEqualTo("ERROR");
      assertThat(event.object.code).isEqualTo(410);
    } catch (ApiException e) {
      assertThat(e.isGone()).isTrue();
    }
  }

  @Test
  void apiServer_killedAndBackWithoutData_lastListHoldsUntilPodsAreBack() throws Exception {
    api.killApi();
    api.loseData();
    heard.await(h -> h.failures().size() >= 3);
    api.startEmptyApi();
    awaitSoon("killed and back without data"); // none: the balancer keeps the last list
    caller.callFor(Duration.ofSeconds(1));
    assertThat(orders.status().endpoints()).hasSize(2);

    api.create("s1", WithStubApi.slice("b", "c"));
    awaitSoon("written anew", "b", "c");
  }

  @Test
  void manyPods_changeAllTheTime_noneIsMissed() throws Exception {
    caller.close();
    orders.close();
    api.delete("s1");
    ManySlices slices = new ManySlices(api::create, api::replace);

    Churn.run("Kubernetes 1.20", list(), slices, Churn::address, Duration.ofSeconds(5));
  }
}
