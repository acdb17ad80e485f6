package io.evenload.benchmarks;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.chooser.Choosers;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A built-in chooser as a balancer has prepared it, and the endpoints of that balancer. */
final class PreparedChooser implements Chooser {

  private Chooser chooser;
  private List<Endpoint> endpoints = List.of();

  private PreparedChooser(Chooser chooser) {
    this.chooser = chooser;
  }

  static PreparedChooser of(LoadBalancer.Builder balancer, String name) {
    PreparedChooser prepared = new PreparedChooser(named(name));
    LoadBalancer built = balancer.chooser(prepared).build();
    try {
      for (int i = 0; i < 20 * prepared.endpoints.size(); i++) {
        built.start().succeed(); // so that those that measure have measured
      }
    } catch (NoServerAvailableException e) {
      throw new IllegalStateException(e);
    }
    return prepared;
  }

  static Chooser named(String name) {
    return switch (name) {
      case "roundRobin" -> Choosers.roundRobin();
      case "random" -> Choosers.random();
      case "leastLoaded" -> Choosers.leastLoaded();
      case "powerOfTwoChoices" -> Choosers.powerOfTwoChoices();
      case "peakEwma" -> Choosers.peakEwma();
      case "shortestExpectedDelay" -> Choosers.shortestExpectedDelay();
      case "maglev" -> Choosers.maglev();
      case "boundedLoad" -> Choosers.boundedLoad();
      case "rendezvous" -> Choosers.rendezvous();
      default -> throw new IllegalArgumentException("chooser: " + name);
    };
  }

  /** Returns so many servers, all of weight 1 or of weights 1 to 10 in turn. */
  static List<Server> servers(int n, boolean weighted) {
    return IntStream.range(0, n)
        .mapToObj(
            i ->
                Server.builder("10.0." + i / 250 + "." + (i % 250 + 1), 8080)
                    .weight(weighted ? 1 + i % 10 : 1)
                    .build())
        .toList();
  }

  /** The chooser alone, for the list that was prepared last. */
  Chooser chooser() {
    return chooser;
  }

  List<Endpoint> endpoints() {
    return endpoints;
  }

  Endpoint choose(RequestContext request) {
    return chooser.choose(endpoints, request);
  }

  @Override
  public Chooser bind(Environment environment) {
    chooser = chooser.bind(environment);
    return this;
  }

  @Override
  public Chooser prepare(List<Endpoint> eligible) {
    endpoints = eligible;
    chooser = chooser.prepare(eligible);
    return this;
  }

  @Override
  public @Nullable Tracker track(Endpoint endpoint) {
    return chooser.track(endpoint);
  }

  @Override
  public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
    return chooser.choose(eligible, request);
  }

  @Override
  public int inFlightLimit(Endpoint chosen) {
    return chooser.inFlightLimit(chosen);
  }
}
