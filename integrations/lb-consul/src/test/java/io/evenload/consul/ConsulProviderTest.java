package io.evenload.consul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.ServerList;
import io.evenload.discovery.ServerListProvider;
import io.evenload.testing.Heard;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsulProviderTest {

  private final ServerListProvider provider =
      ServiceLoader.load(ServerListProvider.class).stream()
          .map(ServiceLoader.Provider::get)
          .filter(each -> each.scheme().equals("consul"))
          .findFirst()
          .orElseThrow();

  @Test
  void list_ofItsForm_asksThatAgent() {
    assertThat(provider.list("orders")).hasToString("ConsulServerList orders at 127.0.0.1:8500");
    assertThat(provider.list("orders@10.0.0.7:8501"))
        .hasToString("ConsulServerList orders at 10.0.0.7:8501");
    assertThat(provider.list("orders@[fd00::7]:8501"))
        .hasToString("ConsulServerList orders at fd00::7:8501");
  }

  @Test
  void list_notOfItsForm_isRefused() {
    for (String location : List.of("", "@10.0.0.7:8500", "orders@", "orders@host")) {
      assertThatIllegalArgumentException().isThrownBy(() -> provider.list(location));
    }
    assertThat(provider.form()).startsWith("consul:");
  }

  @Test
  void list_tokenFileInTheEnvironment_isUsed(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("token"), "secret");
    Heard heard = new Heard();
    try (StubAgent agent = new StubAgent()) {
      ServerList list =
          new ConsulProvider(Map.of("CONSUL_HTTP_TOKEN_FILE", file.toString()))
              .list("orders@" + agent.url().substring("http://".length()));
      ServerList.Subscription subscription = list.subscribe(heard);
      heard.awaitIds();
      subscription.close();

      assertThat(agent.requests().get(0).getHeaders().get("X-Consul-Token")).isEqualTo("secret");
    }
  }
}
