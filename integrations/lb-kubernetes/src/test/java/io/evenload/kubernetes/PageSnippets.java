package io.evenload.kubernetes;

import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import java.nio.file.Path;

/** Java code of {@code docs/kubernetes.md}, word for word, to show that it compiles. */
final class PageSnippets {

  private PageSnippets() {}

  static LoadBalancer thisCluster() {
    LoadBalancer orders =
        LoadBalancer.builder("orders").servers(KubernetesServerList.of("orders")).build();
    return orders;
  }

  static ServerList anotherCluster() {
    KubernetesCluster cluster =
        KubernetesCluster.builder("https://10.0.0.1:6443")
            .tokenFile(Path.of("token")) // or token(supplier); read again for each request
            .caFile(Path.of("ca.crt")) // read again for each list
            .build();
    ServerList orders =
        KubernetesServerList.builder("orders").cluster(cluster).namespace("shop").build();
    return orders;
  }
}
