package io.evenload;

import java.util.List;

/**
 * A list that never changes, which a program has written down.
 *
 * @param servers immutable
 */
record FixedServerList(List<Server> servers) implements ServerList {

  @Override
  public Subscription subscribe(Listener listener) {
    listener.updated(servers);
    return () -> {};
  }

  @Override
  public String toString() {
    return "a fixed list of " + servers.size();
  }
}
