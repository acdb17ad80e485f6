package io.evenload.kubernetes;

import static java.util.stream.Collectors.joining;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.ServerListContract;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

final class KubernetesServerListContractTest extends ServerListContract {

  private final StubApi api = new StubApi();

  KubernetesServerListContractTest() throws IOException {}

  @AfterEach
  void stop() {
    api.close();
  }

  @Override
  protected ServerList list() {
    return KubernetesServerList.builder("orders")
        .cluster(KubernetesCluster.builder(api.url()).namespace("shop").build())
        .relistInterval(Duration.ofSeconds(1))
        .random(new SeededRandom(1))
        .build();
  }

  @Override
  protected void serve(List<Server> servers) {
    serve(servers.stream().map(server -> address(server.host())).toList(), servers);
  }

  @Override
  protected boolean serveWithGarbage(List<Server> servers) {
    List<String> members = new ArrayList<>(List.of(address("no host"), "{\"addresses\":null}"));
    servers.forEach(server -> members.add(address(server.host())));
    serve(members, servers);
    return true;
  }

  private void serve(List<String> members, List<Server> servers) {
    api.script(request -> null);
    int port = servers.isEmpty() ? 8080 : servers.get(0).port();
    api.put(
        "s1",
        members.stream().collect(joining(",", "\"endpoints\":[", "],"))
            + "\"addressType\":\"IPv4\",\"ports\":[{\"port\":"
            + port
            + "}]");
  }

  private static String address(String host) {
    return "{\"addresses\":[\"" + host + "\"]}";
  }

  @Override
  protected void fail() {
    api.script(request -> StubApi.status(500, "no"));
    api.endWatches();
  }

  @Override
  protected long looks() {
    return api.lists();
  }

  @Override
  protected boolean hasWeights() {
    return false;
  }

  @Override
  protected boolean onVirtualTime() {
    return false;
  }

  @Override
  protected Duration patience() {
    return Duration.ofMinutes(1);
  }

  @Override
  protected Duration quiet() {
    return Duration.ofSeconds(1);
  }

  @Override
  protected boolean mayStay(Thread thread) {
    return thread.getName().matches("(OkHttp|Okio|MockWebServer).*");
  }
}
