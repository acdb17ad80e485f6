package io.evenload.dns;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.discovery.ServerListProvider;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class ProvidersTest {

  private final Map<String, ServerListProvider> providers =
      ServiceLoader.load(ServerListProvider.class).stream()
          .map(ServiceLoader.Provider::get)
          .collect(toMap(ServerListProvider::scheme, each -> each));

  @Test
  void list_ofEachScheme_isALookup() {
    assertThat(providers).containsOnlyKeys("dns", "srv");
    assertThat(providers.get("dns").list("orders.test:8080"))
        .hasToString("DnsLookup orders.test:8080");
    assertThat(providers.get("srv").list("_o._tcp.test")).hasToString("DnsLookup _o._tcp.test SRV");
  }

  @Test
  void list_notOfItsForm_isRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> providers.get("dns").list("orders"));
    assertThatIllegalArgumentException().isThrownBy(() -> providers.get("srv").list("a b"));
    assertThat(providers.values()).allMatch(each -> each.form().startsWith(each.scheme() + ":"));
  }
}
