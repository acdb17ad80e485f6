package io.evenload.consul;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.ServerListProvider;
import java.nio.file.Path;
import java.util.Map;

/**
 * The scheme {@code consul:} of configurations: {@code consul:orders} asks the agent of this
 * machine, {@code consul:orders@10.0.0.7:8500} another one. As with Consul's own tools, the
 * environment variable {@code CONSUL_HTTP_TOKEN_FILE} names the file of the token, if there is one.
 */
public final class ConsulProvider implements ServerListProvider {

  private final Map<String, String> environment;

  /** For {@link java.util.ServiceLoader}. */
  public ConsulProvider() {
    this(System.getenv());
  }

  ConsulProvider(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public String scheme() {
    return "consul";
  }

  @Override
  public String form() {
    return "consul:<service>[@<host:port>], such as consul:orders@10.0.0.7:8500";
  }

  @Override
  public ServerList list(String location) {
    int at = location.indexOf('@');
    ConsulServerList.Builder list =
        ConsulServerList.builder(at < 0 ? location : location.substring(0, at));
    if (at >= 0) {
      list.url("http://" + Server.parse(location.substring(at + 1)).id());
    }
    String tokenFile = environment.get("CONSUL_HTTP_TOKEN_FILE");
    return (tokenFile == null ? list : list.tokenFile(Path.of(tokenFile))).build();
  }
}
