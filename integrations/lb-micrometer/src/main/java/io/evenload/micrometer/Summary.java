package io.evenload.micrometer;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What the gauges show of a balancer's status; immutable.
 *
 * @param nanos when it was taken
 * @param listAgeNanos the age of the list; negative before the first
 * @param listFailing whether its source fails
 */
record Summary(
    long nanos,
    Map<EndpointState, Integer> byState,
    long inFlight,
    boolean panic,
    long leaked,
    long listAgeNanos,
    boolean listFailing) {

  static Summary of(LoadBalancer balancer, long nanos) {
    LoadBalancerStatus status = balancer.status();
    Map<EndpointState, Integer> byState = new EnumMap<>(EndpointState.class);
    LoadBalancerStatus.ListStatus list = status.list();
    Duration age = status.listAge();
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
        status.leakedAttempts(),
        age == null ? -1 : age.toNanos(),
        list != null && list.failing());
  }

  /** Whether the list came, or was confirmed, after the former summary. */
  boolean confirmedSince(Summary former) {
    return listAgeNanos >= 0 && listAgeNanos < former.listAgeNanos;
  }

  int servers(EndpointState state) {
    return byState.getOrDefault(state, 0);
  }
}
