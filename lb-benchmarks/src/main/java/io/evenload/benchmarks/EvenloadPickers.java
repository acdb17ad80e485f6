package io.evenload.benchmarks;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.EndpointSlots;
import io.evenload.LoadBalancer;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.ServerList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Param;

/**
 * Our own choosers in the setting of the peers. An algorithm is a chooser's name, then maybe {@code
 * weighted} (weights 1 to 10 in turn), then maybe what is done beside the choice: {@code +release}
 * takes a slot and gives it back, and tells a chooser's {@link Chooser.Tracker} if it has one;
 * {@code busy} is a choice while there is something in flight everywhere; {@code start+succeed} is
 * the whole attempt.
 */
public class EvenloadPickers extends PickerBenchmark {

  /** The algorithm. */
  @Param({
    "roundRobin",
    "roundRobin weighted",
    "random",
    "random weighted",
    "leastLoaded +release",
    "powerOfTwoChoices",
    "powerOfTwoChoices +release",
    "powerOfTwoChoices weighted +release",
    "peakEwma",
    "peakEwma +release",
    "shortestExpectedDelay",
    "shortestExpectedDelay +release",
    "powerOfTwoChoices busy",
    "shortestExpectedDelay busy",
    "maglev",
    "boundedLoad +release",
    "rendezvous",
    "roundRobin start+succeed",
    "powerOfTwoChoices start+succeed",
    "peakEwma start+succeed",
    "shortestExpectedDelay start+succeed"
  })
  public String algorithm;

  private static final Set<String> KEYED = Set.of("maglev", "boundedLoad", "rendezvous");

  private final RequestContext[] requests =
      IntStream.range(0, KEYS)
          .mapToObj(i -> RequestContext.withKey("key-" + i))
          .toArray(RequestContext[]::new);

  @Override
  protected Picker picker() {
    String chooser = algorithm.split(" ", 2)[0];
    ServerList servers = ServerList.of(PreparedChooser.servers(n, algorithm.contains(" weighted")));
    LoadBalancer.Builder builder = LoadBalancer.builder("benchmark").servers(servers);
    if (algorithm.endsWith(" start+succeed")) {
      LoadBalancer balancer = builder.chooser(PreparedChooser.named(chooser)).build();
      return turn -> attempt(balancer);
    }
    PreparedChooser prepared = PreparedChooser.of(builder, chooser);
    Chooser bound = prepared.chooser();
    List<Endpoint> endpoints = prepared.endpoints();
    if (algorithm.endsWith(" busy")) {
      keepBusy(bound, endpoints);
    }
    boolean releases = algorithm.endsWith(" +release");
    if (KEYED.contains(chooser)) {
      return releases
          ? turn -> chooseAndRelease(bound, endpoints, requests[turn & (KEYS - 1)])
          : turn -> bound.choose(endpoints, requests[turn & (KEYS - 1)]);
    }
    RequestContext request = RequestContext.create();
    return releases
        ? turn -> chooseAndRelease(bound, endpoints, request)
        : turn -> bound.choose(endpoints, request);
  }

  /** Has one to seven attempts in flight at each endpoint, which stay. */
  private static void keepBusy(Chooser chooser, List<Endpoint> endpoints) {
    for (int i = 0; i < endpoints.size(); i++) {
      for (int attempt = 0; attempt <= i * 5 % 7; attempt++) {
        EndpointSlots.take(endpoints.get(i), chooser);
      }
    }
  }

  private static Object attempt(LoadBalancer balancer) throws Exception {
    Attempt attempt = balancer.start();
    attempt.succeed();
    return attempt;
  }

  private static Endpoint chooseAndRelease(
      Chooser chooser, List<Endpoint> endpoints, RequestContext request) {
    Endpoint chosen;
    do {
      chosen = chooser.choose(endpoints, request);
    } while (!EndpointSlots.take(chosen, chooser));
    Chooser.Tracker tracker = chosen.tracker();
    if (tracker == null) {
      EndpointSlots.giveBack(chosen);
    } else {
      long started = System.nanoTime();
      tracker.started(started);
      long ended = System.nanoTime();
      tracker.ended(Outcome.SUCCESS, ended - started, ended);
      EndpointSlots.giveBack(chosen);
    }
    return chosen;
  }
}
