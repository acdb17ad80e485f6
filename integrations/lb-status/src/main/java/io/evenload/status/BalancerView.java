package io.evenload.status;

import io.evenload.EndpointState;
import io.evenload.LoadBalancerStatus;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.LoadBalancerStatus.GroupStatus;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the page shows of one balancer at one moment.
 *
 * @param succeeded the attempts since the page began to watch that were successes
 * @param failed those that were failures
 * @param cancelled those that were cancelled
 * @param minutes the last minute of each server that had an attempt
 * @param changes the latest first
 */
record BalancerView(
    LoadBalancerStatus status,
    long succeeded,
    long failed,
    long cancelled,
    Map<Identity, Minute> minutes,
    List<Change> changes) {

  Minute minute(EndpointStatus endpoint) {
    return minutes.getOrDefault(Identity.of(endpoint.server()), Minute.EMPTY);
  }

  /** All servers together. */
  Minute minute() {
    return Minute.sum(minutes.values());
  }

  int inFlight() {
    return status.endpoints().stream().mapToInt(EndpointStatus::inFlight).sum();
  }

  long count(EndpointState state) {
    return status.endpoints().stream().filter(endpoint -> endpoint.state() == state).count();
  }

  /**
   * Returns the part of the attempts that each eligible server should get: its group's share, by
   * weight. Without panic, that is, which takes others as well; then nothing.
   */
  Map<String, Double> fairShares() {
    Map<String, Double> fair = new HashMap<>();
    if (status.panic()) {
      return fair;
    }
    Map<GroupStatus, Double> weights = new HashMap<>();
    for (EndpointStatus endpoint : status.endpoints()) {
      GroupStatus group = group(endpoint);
      if (group != null) {
        weights.merge(group, endpoint.weight(), Double::sum);
      }
    }
    for (EndpointStatus endpoint : status.endpoints()) {
      GroupStatus group = group(endpoint);
      if (group != null) {
        double part = endpoint.weight() / weights.getOrDefault(group, 1.0);
        fair.put(endpoint.server().id(), group.share() * part);
      }
    }
    return fair;
  }

  private @Nullable GroupStatus group(EndpointStatus endpoint) {
    if (endpoint.state() != EndpointState.ELIGIBLE) {
      return null;
    }
    GroupStatus ofPriority = null;
    for (GroupStatus group : status.groups()) {
      if (group.priority() == endpoint.server().priority()) {
        if (Objects.equals(group.zone(), endpoint.server().zone())) {
          return group;
        }
        ofPriority = group.zone() == null ? group : ofPriority;
      }
    }
    return ofPriority;
  }
}
