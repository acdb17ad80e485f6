package io.evenload.benchmarks.sim;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The real balancer, with all defaults but the chooser. */
final class EvenloadClient implements Strategy.Client {

  private final UpdatableServerList list;
  private final LoadBalancer balancer;

  EvenloadClient(Chooser chooser, Strategy.Setting setting, int[] servers) {
    list = new UpdatableServerList(listed(servers));
    balancer =
        LoadBalancer.builder("simulated")
            .servers(list)
            .chooser(chooser)
            .nanoTime(setting.time())
            .scheduler(setting.time())
            .random(setting.random())
            .leakSampling(0) // its phantom references would be the collector's to time
            .build();
  }

  /** The servers at these places, which are their ids. */
  private static List<Server> listed(int[] servers) {
    return Arrays.stream(servers)
        .mapToObj(place -> Server.builder("s" + place, 80).id(String.valueOf(place)).build())
        .toList();
  }

  @Override
  public Strategy.@Nullable Sent send() {
    try {
      Attempt attempt = balancer.start();
      return new Sent(attempt, Integer.parseInt(attempt.server().id()));
    } catch (NoServerAvailableException e) {
      return null;
    }
  }

  @Override
  public void update(int[] servers) {
    list.update(listed(servers));
  }

  @Override
  public void close() {
    balancer.close();
  }

  private record Sent(Attempt attempt, int server) implements Strategy.Sent {
    @Override
    public void ended(Outcome outcome) {
      attempt.end(outcome, null);
    }
  }
}
