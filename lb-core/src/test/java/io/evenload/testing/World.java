package io.evenload.testing;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Virtual time, seeded randomness and a list to update: all that a balancer meets. */
public final class World {

  public final VirtualTime time = new VirtualTime();
  public final SeededRandom random;
  public final RecordingListener events = new RecordingListener();

  public World(long seed) {
    random = new SeededRandom(seed);
  }

  /** A builder of a balancer named {@code orders} that lives in this world, without leak watch. */
  public LoadBalancer.Builder balancer(ServerList servers) {
    return time.drive(LoadBalancer.builder("orders"))
        .servers(servers)
        .random(random)
        .listener(events)
        .leakSampling(0);
  }

  public LoadBalancer.Builder balancer(Server... servers) {
    return balancer(ServerList.of(servers));
  }

  /** Servers with these ids, of weight 1. */
  public static List<Server> servers(String... ids) {
    return Arrays.stream(ids).map(World::server).toList();
  }

  /** Servers {@code s0} to {@code s<n-1>}. */
  public static List<Server> servers(int n) {
    return IntStream.range(0, n).mapToObj(i -> server("s" + i)).toList();
  }

  public static Server server(String id) {
    return Server.builder(id, 80).id(id).build();
  }

  public static Server server(String id, int weight) {
    return Server.builder(id, 80).id(id).weight(weight).build();
  }

  public static Server inPriority(int priority, String id) {
    return Server.builder(id, 80).id(id).priority(priority).build();
  }
}
