package io.evenload.micrometer;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What the gauges show of a balancer's status; immutable.
 *
 * @param nanos when it was taken
 */
record Summary(
    long nanos, Map<EndpointState, Integer> byState, long inFlight, boolean panic, long leaked) {

  static Summary of(LoadBalancer balancer, long nanos) {
    LoadBalancerStatus status = balancer.status();
    Map<EndpointState, Integer> byState = new EnumMap<>(EndpointState.class);
    long inFlight = 0;
    for (LoadBalancerStatus.EndpointStatus endpoint : status.endpoints()) {
      byState.merge(endpoint.state(), 1, Integer::sum);
      inFlight += endpoint.inFlight();
    }
    return new Summary(
        nanos,
        Collections.unmodifiableMap(byState),
        inFlight,
        status.panic(),
        status.leakedAttempts());
  }

  int servers(EndpointState state) {
    return byState.getOrDefault(state, 0);
  }
}
