package io.evenload.discovery;

import io.evenload.Server;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;

/** A registry in memory that can be down. */
final class StubSource implements Callable<Collection<Server>> {

  private volatile Collection<Server> servers = List.of();
  private volatile boolean down;
  private volatile long looks;

  void serve(Collection<Server> servers) {
    this.servers = servers;
    down = false;
  }

  Collection<Server> servers() {
    return servers;
  }

  void fail() {
    down = true;
  }

  /** Serves nulls and other servers with the same ids, too. */
  void serveWithGarbage(List<Server> list) {
    List<Server> mixed = new ArrayList<>(list);
    mixed.add(null);
    for (Server server : list) {
      mixed.add(Server.builder("192.0.2.1", 1).id(server.id()).build());
    }
    mixed.add(null);
    serve(mixed);
  }

  long looks() {
    return looks;
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread at a time
  public Collection<Server> call() throws IOException {
    looks++;
    if (down) {
      throw new IOException("registry: connection refused");
    }
    return servers;
  }
}
