package io.evenload.discovery;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.ServerListContract;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

final class DnsServerListContractTest extends ServerListContract {

  private volatile List<Server> answer = List.of();
  private volatile boolean down;
  private volatile long looks;

  @Override
  protected ServerList list() {
    return DnsServerList.builder("orders.test", 8080)
        .resolver(this::resolve)
        .random(new SeededRandom(1))
        .scheduler(time)
        .nanoTime(time)
        .build();
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread at a time
  private List<InetAddress> resolve(String name) throws UnknownHostException {
    looks++;
    if (down) {
      throw new UnknownHostException(name);
    }
    List<InetAddress> addresses = new ArrayList<>();
    for (Server server : answer) {
      addresses.add(InetAddress.getByName(server.host()));
    }
    return addresses;
  }

  @Override
  protected void serve(List<Server> servers) {
    answer = servers;
    down = false;
  }

  @Override
  protected void fail() {
    down = true;
  }

  @Override
  protected long looks() {
    return looks;
  }

  @Override
  protected boolean hasWeights() {
    return false;
  }
}
