package io.evenload.benchmarks.sim;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.Subset;
import io.evenload.UpdatableServerList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The real balancer, with all defaults but the chooser. */
final class EvenloadClient implements Strategy.Client {

  private final UpdatableServerList list;
  private final LoadBalancer balancer;

  EvenloadClient(Chooser chooser, Strategy.Setting setting, int[] servers) {
    this(chooser, setting, new UpdatableServerList(listed(servers)), null);
  }

  /**
   * Makes one for a list that it may share.
   *
   * @param subset which part of the list it uses; null for all
   */
  EvenloadClient(
      Chooser chooser,
      Strategy.Setting setting,
      UpdatableServerList list,
      @Nullable Subset subset) {
    this.list = list;
    LoadBalancer.Builder builder =
        LoadBalancer.builder("simulated")
            .servers(list)
            .chooser(chooser)
            .nanoTime(setting.time())
            .scheduler(setting.time())
            .random(setting.random())
            .leakSampling(0); // its phantom references would be the collector's to time
    if (subset != null) {
      builder.subset(subset);
    }
    balancer = builder.build();
  }

  /** The servers at these places, which are their ids. */
  static List<Server> listed(int[] servers) {
    return Arrays.stream(servers)
        .mapToObj(place -> Server.builder("s" + place, 80).id(String.valueOf(place)).build())
        .toList();
  }

  @Override
  public Strategy.@Nullable Sent send() {
    return send(RequestContext.create());
  }

  private Strategy.@Nullable Sent send(RequestContext request) {
    try {
      Attempt attempt = balancer.start(request);
      return new Sent(request, attempt, Integer.parseInt(attempt.server().id()));
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

  private final class Sent implements Strategy.Sent {
    private final RequestContext request;
    private final Attempt attempt;
    private final int server;

    Sent(RequestContext request, Attempt attempt, int server) {
      this.request = request;
      this.attempt = attempt;
      this.server = server;
    }

    @Override
    public int server() {
      return server;
    }

    @Override
    public void ended(Outcome outcome) {
      attempt.end(outcome, null);
    }

    @Override
    public Strategy.@Nullable Sent again() {
      return send(request);
    }
  }
}
