package io.evenload.dns;

import io.evenload.ServerList;
import io.evenload.discovery.ServerListProvider;

/** The scheme {@code srv:} of configurations: {@code srv:_orders._tcp.prod.internal}. */
public final class SrvProvider implements ServerListProvider {

  /** For {@link java.util.ServiceLoader}. */
  public SrvProvider() {}

  @Override
  public String scheme() {
    return "srv";
  }

  @Override
  public String form() {
    return "srv:<name>, such as srv:_orders._tcp.prod.internal";
  }

  @Override
  public ServerList list(String location) {
    return DnsLookup.srv(location).build();
  }
}
