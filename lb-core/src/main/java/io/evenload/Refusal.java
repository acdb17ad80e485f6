package io.evenload;

import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Words why there was no server for an attempt, counting the endpoints by reason. */
final class Refusal {

  private Refusal() {}

  /** Returns what a closed balancer says to every attempt. */
  static NoServerAvailableException closed(String balancer) {
    return new NoServerAvailableException(balancer + ": closed");
  }

  /** Returns why no endpoint of the snapshot took an attempt at the request. */
  static NoServerAvailableException of(String balancer, Snapshot snapshot, RequestContext request) {
    if (snapshot.closed()) {
      return closed(balancer);
    }
    List<LiveEndpoint> known = snapshot.known();
    Map<String, Integer> counts = new LinkedHashMap<>();
    Set<LiveEndpoint> candidates = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Candidates level : snapshot.levels()) {
      Collections.addAll(candidates, level.endpoints());
    }
    boolean atLimit = false;
    for (LiveEndpoint endpoint : known) {
      boolean candidate = candidates.contains(endpoint);
      counts.merge(reason(endpoint, candidate, request), 1, Integer::sum);
      atLimit |= atLimit(endpoint, candidate, request);
    }
    String reasons =
        counts.entrySet().stream()
            .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
            .map(entry -> entry.getValue() + " " + entry.getKey())
            .collect(Collectors.joining(", "));
    return new NoServerAvailableException(
        balancer
            + ": no server available ("
            + known.size()
            + (known.isEmpty() ? " known)" : " known: " + reasons + ")"),
        atLimit);
  }

  /** Nothing but its limit keeps an attempt from such an endpoint when nothing else is left. */
  private static boolean atLimit(LiveEndpoint endpoint, boolean candidate, RequestContext request) {
    EndpointState state = endpoint.state();
    boolean usable = state == EndpointState.ELIGIBLE ? candidate : state.overriddenByPanic();
    return usable && request.passes(endpoint);
  }

  private static String reason(LiveEndpoint endpoint, boolean candidate, RequestContext request) {
    EndpointState state = endpoint.state();
    if (state == EndpointState.DRAINING || state == EndpointState.WEIGHT_ZERO) {
      return state.toString();
    }
    if (!request.passes(endpoint)) {
      return "filtered out";
    }
    if (state != EndpointState.ELIGIBLE) {
      return state.toString();
    }
    return candidate
        ? "at its limit"
        : "not in use"; // in another zone than a strict locality wants
  }
}
