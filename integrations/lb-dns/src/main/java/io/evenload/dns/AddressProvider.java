package io.evenload.dns;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.ServerListProvider;

/**
 * The scheme {@code dns:} of configurations, which stands in for that of the JDK's resolver: {@code
 * dns:orders.prod.internal:8080}.
 */
public final class AddressProvider implements ServerListProvider {

  /** For {@link java.util.ServiceLoader}. */
  public AddressProvider() {}

  @Override
  public String scheme() {
    return "dns";
  }

  @Override
  public String form() {
    return "dns:<host:port>, such as dns:orders.prod.internal:8080";
  }

  @Override
  public ServerList list(String location) {
    Server server = Server.parse(location);
    return DnsLookup.addresses(server.host(), server.port()).build();
  }
}
