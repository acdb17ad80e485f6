package io.evenload.examples;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.chooser.Choosers;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** A client that calls {@code orders}, whose servers a list tells, and counts where calls went. */
final class DemoClient implements AutoCloseable {

  private static final Request REQUEST =
      new Request.Builder().url("http://orders/v1/items").build();

  private final List<DemoServer> servers;
  private final LoadBalancer orders;
  private final OkHttpClient client;

  /** Counts at these servers what it sends to those of the list. */
  DemoClient(ServerList list, List<DemoServer> servers) {
    this.servers = servers;
    orders = LoadBalancer.builder("orders").servers(list).chooser(Choosers.roundRobin()).build();
    client =
        LoadBalancingInterceptor.builder()
            .service("orders", orders)
            .waitForServers(Duration.ofSeconds(10))
            .build()
            .install(new OkHttpClient.Builder())
            .build();
  }

  /** Makes so many calls; returns how many of them each server received. */
  List<Integer> call(int calls) throws IOException {
    List<Integer> before = servers.stream().map(DemoServer::requests).toList();
    for (int i = 0; i < calls; i++) {
      try (Response response = client.newCall(REQUEST).execute()) {
        if (!response.isSuccessful()) {
          throw new IOException("answered " + response.code());
        }
      }
    }
    List<Integer> received = new ArrayList<>();
    for (int i = 0; i < servers.size(); i++) {
      received.add(servers.get(i).requests() - before.get(i));
    }
    return received;
  }

  /** Waits until so many servers may be called; returns how many milliseconds that took. */
  long awaitListed(int number) throws InterruptedException {
    long begin = System.nanoTime();
    while (listed() != number) {
      Thread.sleep(10);
    }
    return Duration.ofNanos(System.nanoTime() - begin).toMillis();
  }

  private long listed() {
    return orders.status().endpoints().stream()
        .filter(each -> each.state() == EndpointState.ELIGIBLE)
        .count();
  }

  @Override
  public void close() {
    orders.close();
  }
}
