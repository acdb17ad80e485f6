package io.evenload;

import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Why there was no server for an attempt; immutable, but for the request. */
final class Refusal {

  /*
   * In an outage refusals are what there is most of, so one costs about what a start does, however many servers there
   * are: it only keeps the snapshot that the attempt was refused by, which holds each endpoint's state of then. Who
   * reads the message has the endpoints counted by reason.
   */

  private final String balancer;
  private final Snapshot snapshot;
  private final RequestContext request;

  private Refusal(String balancer, Snapshot snapshot, RequestContext request) {
    this.balancer = balancer;
    this.snapshot = snapshot;
    this.request = request;
  }

  /** Returns what a closed balancer says to every attempt. */
  static NoServerAvailableException closed(String balancer) {
    return new NoServerAvailableException(balancer + ": closed", AttemptLog.enabled());
  }

  /** Returns what is thrown since no endpoint of the snapshot took an attempt at the request. */
  static NoServerAvailableException of(String balancer, Snapshot snapshot, RequestContext request) {
    return snapshot.closed()
        ? closed(balancer)
        : new NoServerAvailableException(
            new Refusal(balancer, snapshot, request), AttemptLog.enabled());
  }

  /** Words the refusal, counting the endpoints by reason. */
  String words() {
    Census census = snapshot.census();
    Set<LiveEndpoint> candidates = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Candidates level : snapshot.levels()) {
      Collections.addAll(candidates, level.endpoints());
    }
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (int i = 0; i < census.size(); i++) {
      LiveEndpoint endpoint = census.endpoints().get(i);
      counts.merge(reason(endpoint, census.states()[i], candidates), 1, Integer::sum);
    }
    String reasons =
        counts.entrySet().stream()
            .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
            .map(entry -> entry.getValue() + " " + entry.getKey())
            .collect(Collectors.joining(", "));
    String known = census.size() == 0 ? "0 known" : census.size() + " known: " + reasons;
    return balancer + ": no server available (" + known + ")";
  }

  private String reason(LiveEndpoint endpoint, EndpointState state, Set<LiveEndpoint> candidates) {
    if (state == EndpointState.DRAINING || state == EndpointState.WEIGHT_ZERO) {
      return state.toString();
    }
    if (!request.passes(endpoint)) {
      return "filtered out";
    }
    if (state != EndpointState.ELIGIBLE) {
      return state.toString();
    }
    if (!candidates.contains(endpoint)) {
      return "not in use"; // in another zone than a strict locality wants
    }
    if (!endpoint.gates().breakerRefuses()) {
      return "at its limit";
    }
    return endpoint.gates().breakerOpen() // since a moment ago
        ? EndpointState.BREAKER_OPEN.toString()
        : "breaker half-open";
  }

  /** Whether nothing but its limit kept the attempt from some endpoint. */
  boolean atLimit() {
    return anyFull(snapshot.levels()) || anyFull(snapshot.unwell()) || anyFull(snapshot.unproven());
  }

  private boolean anyFull(Candidates[] all) {
    for (Candidates some : all) {
      for (LiveEndpoint endpoint : some.endpoints()) {
        if (request.passes(endpoint) && !endpoint.gates().breakerRefuses()) {
          return true;
        }
      }
    }
    return false;
  }
}
