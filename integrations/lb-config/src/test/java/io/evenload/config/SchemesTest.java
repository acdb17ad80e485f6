package io.evenload.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.DnsServerList;
import io.evenload.discovery.FileServerList;
import io.evenload.discovery.ServerListProvider;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where servers come from, by the key {@code servers}. */
class SchemesTest {

  private static final String KEY = "evenload.service.orders.servers";

  @TempDir Path directory;

  private final ClassLoader former = Thread.currentThread().getContextClassLoader();

  @AfterEach
  void bringBackClassLoader() {
    Thread.currentThread().setContextClassLoader(former);
  }

  /** Puts providers on the class path. */
  private void provide(String... names) throws IOException {
    Path file = directory.resolve("META-INF/services/" + ServerListProvider.class.getName());
    Files.createDirectories(file.getParent());
    Files.writeString(file, String.join("\n", names));
    Thread.currentThread()
        .setContextClassLoader(new URLClassLoader(new URL[] {directory.toUri().toURL()}, former));
  }

  private static Object servers(String text) {
    return Fields.of(EvenloadConfig.of(Map.of(KEY, text)).balancer("orders"), "servers");
  }

  @Test
  void servers_ofASchemeThatIsHere_areThatList() {
    assertThat(servers("static:10.0.0.1:80, b:81"))
        .isEqualTo(ServerList.of(Server.of("10.0.0.1", 80), Server.of("b", 81)));
    assertThat(servers("dns:orders.test:8080"))
        .isInstanceOf(DnsServerList.class)
        .asString()
        .contains("orders.test:8080");
    assertThat(servers("file:/no/such/servers.json")).isInstanceOf(FileServerList.class);
  }

  @Test
  void servers_inDefaults_areEveryServices() {
    EvenloadConfig config =
        EvenloadConfig.of(Map.of("evenload.default.servers", "static:10.0.0.1:80"));
    try (LoadBalancer any = config.balancer("any").build()) {
      assertThat(any.status().endpoints()).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "srv:_o._tcp.test | io.evenload:lb-dns on the class path, which has srv:",
        "k8s:orders | io.evenload:lb-kubernetes on the class path, which has k8s:",
        "consul:orders | io.evenload:lb-consul on the class path, which has consul:",
        "10.0.0.1 | one of consul:, dns:, file:, k8s:, srv:, static:",
        "orders:80 | one of consul:, dns:, file:, k8s:, srv:, static:",
        "'' | one of consul:, dns:, file:, k8s:, srv:, static:",
        "dns:orders | dns:<host:port>, such as dns:orders.prod.internal:8080",
        "file: | file:<path>, such as file:/etc/orders/servers.json",
        "static: | static:<host:port,...>, such as static:10.0.0.1:8080,10.0.0.2:8080",
        "static:a:80,b | static:<host:port,...>, such as static:10.0.0.1:8080,10.0.0.2:8080",
      })
  void servers_notUnderstood_areRefusedByKey(String text, String expected) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> EvenloadConfig.of(Map.of(KEY, text)))
        .withMessage(KEY + ": " + text + " (expected: " + expected + ")");
  }

  @Test
  void servers_ofAProvider_areItsList() throws IOException {
    provide(Registry.class.getName());
    assertThat(servers("registry:orders")).isEqualTo(ServerList.of(Server.of("orders", 1)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> servers("registry:/"))
        .withMessage(KEY + ": registry:/ (expected: registry:<name>)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> servers("x:y"))
        .withMessageEndingWith(
            "(expected: one of consul:, dns:, file:, k8s:, registry:, srv:, static:)");
  }

  @Test
  void servers_ofAProviderWithASchemeOfOurs_areItsList() throws IOException {
    provide(OtherDns.class.getName());
    assertThat(servers("dns:orders")).isEqualTo(ServerList.of(Server.of("other.orders", 1)));
  }

  @Test
  void servers_ofASchemeOfTwoProviders_areRefused() throws IOException {
    provide(OtherDns.class.getName(), ThirdDns.class.getName());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> servers("dns:orders"))
        .withMessageContaining("(expected: one module with dns:, not both ");
  }

  @Test
  void servers_providerThatCannotBeLoaded_isSaid() throws IOException {
    provide("no.such.Provider");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> servers("static:a:80"))
        .withMessageContaining("no.such.Provider");
  }

  @Test
  void reconfigure_otherServers_isRefused() {
    EvenloadConfig first = EvenloadConfig.of(Map.of(KEY, "static:10.0.0.1:80"));
    EvenloadConfig second = EvenloadConfig.of(Map.of(KEY, "static:10.0.0.2:80"));
    EvenloadConfig none = EvenloadConfig.of(Map.of());
    try (LoadBalancer orders = first.balancer("orders").build()) {
      first.reconfigure(orders, first);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> second.reconfigure(orders, first))
          .withMessageContaining("before build() only");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> none.reconfigure(orders, first))
          .withMessageContaining("before build() only");
      assertThat(orders.status().endpoints()).hasSize(1);
    }
  }

  /** A user's. */
  public static class Registry implements ServerListProvider {
    @Override
    public String scheme() {
      return "registry";
    }

    @Override
    public String form() {
      return scheme() + ":<name>";
    }

    @Override
    public ServerList list(String location) {
      return ServerList.of(Server.of(location, 1));
    }
  }

  /** What stands in for a scheme of ours. */
  public static class OtherDns extends Registry {
    @Override
    public String scheme() {
      return "dns";
    }

    @Override
    public ServerList list(String location) {
      return super.list("other." + location);
    }
  }

  /** One more of the same. */
  public static final class ThirdDns extends OtherDns {}
}
