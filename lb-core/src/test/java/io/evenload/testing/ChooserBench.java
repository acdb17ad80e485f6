package io.evenload.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.Server;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * A chooser that is bound, tracks and is prepared as a balancer does it, over endpoints that a test
 * sets. Each answer is checked on the spot.
 */
final class ChooserBench {

  /** One for each server, in its order. */
  final List<FakeEndpoint> endpoints = new ArrayList<>();

  private final Chooser bound;
  private List<Endpoint> list = List.of();
  private Chooser prepared;

  ChooserBench(Chooser recipe, long seed, List<Server> servers) {
    bound = recipe.bind(FakeEnvironment.seeded(seed));
    assertThat(bound).as("what bind returned").isNotNull();
    for (Server server : servers) {
      FakeEndpoint endpoint = new FakeEndpoint(server, server.weight());
      endpoints.add(endpoint.tracker(bound.track(endpoint)));
    }
    prepared = bound;
    prepare(endpoints);
  }

  /** Servers {@code s0}, {@code s1} and so on of these weights. */
  static List<Server> servers(int... weights) {
    List<Server> servers = new ArrayList<>();
    for (int weight : weights) {
      String id = "s" + servers.size();
      servers.add(Server.builder(id, 80).id(id).weight(weight).build());
    }
    return servers;
  }

  /** So many servers of weight 1. */
  static List<Server> alike(int n) {
    int[] weights = new int[n];
    Arrays.fill(weights, 1);
    return servers(weights);
  }

  /** Brings a list into force, always as a new instance. */
  void prepare(List<? extends Endpoint> endpoints) {
    list = List.copyOf(new ArrayList<>(endpoints));
    prepared = bound.prepare(list);
    assertThat(prepared).as("what prepare returned").isNotNull();
  }

  /** The list in force. */
  List<Endpoint> list() {
    return list;
  }

  /** What {@code choose} is called on. */
  Chooser prepared() {
    return prepared;
  }

  Endpoint choose(RequestContext request) {
    Endpoint answer = prepared.choose(list, request);
    String fault = WatchedChooser.fault(answer, list, request);
    assertThat(fault).isNull();
    return answer;
  }

  /** The share of so many choices that each endpoint got. */
  double[] shares(int choices, Supplier<RequestContext> requests) {
    int[] counts = new int[endpoints.size()];
    for (int i = 0; i < choices; i++) {
      counts[endpoints.indexOf(choose(requests.get()))]++;
    }
    double[] shares = new double[counts.length];
    for (int i = 0; i < counts.length; i++) {
      shares[i] = (double) counts[i] / choices;
    }
    return shares;
  }
}
