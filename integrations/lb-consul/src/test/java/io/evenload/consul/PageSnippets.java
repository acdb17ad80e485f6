package io.evenload.consul;

import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import java.nio.file.Path;

/** Java code of {@code docs/consul.md}, word for word, to show that it compiles. */
final class PageSnippets {

  private PageSnippets() {}

  static LoadBalancer thisMachinesAgent() {
    LoadBalancer orders =
        LoadBalancer.builder("orders").servers(ConsulServerList.of("orders")).build();
    return orders;
  }

  static ServerList anotherAgent() {
    ServerList orders =
        ConsulServerList.builder("orders")
            .url("http://10.0.0.7:8500")
            .tokenFile(Path.of("/etc/consul/token")) // read again for each query
            .tag("blue")
            .filter("Service.Meta.version == \"2\"")
            .build();
    return orders;
  }
}
