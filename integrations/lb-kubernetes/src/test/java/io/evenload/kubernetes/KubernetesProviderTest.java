package io.evenload.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.ServerList;
import io.evenload.discovery.ServerListProvider;
import io.evenload.testing.Heard;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class KubernetesProviderTest {

  private final ServerListProvider provider =
      ServiceLoader.load(ServerListProvider.class).stream()
          .map(ServiceLoader.Provider::get)
          .filter(each -> each.scheme().equals("k8s"))
          .findFirst()
          .orElseThrow();

  @Test
  void list_ofItsForm_isThatOfThisCluster() {
    for (String location : List.of("orders", "shop/orders", "orders:http", "shop/orders:http-2")) {
      assertThat(provider.list(location)).hasToString("KubernetesServerList " + location);
    }
  }

  @Test
  void subscribe_whereNoClusterIs_saysSo() {
    ServerList list = provider.list("shop/orders:http");

    assertThatThrownBy(() -> list.subscribe(new Heard()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("KUBERNETES_SERVICE_HOST: not set");
  }

  @Test
  void list_notOfItsForm_isRefused() {
    for (String location : List.of("", "a/b/c", "orders:", "/orders", "Orders", "orders:a:b")) {
      assertThatThrownBy(() -> provider.list(location))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageEndingWith("(expected: " + provider.form() + ")");
    }
  }
}
