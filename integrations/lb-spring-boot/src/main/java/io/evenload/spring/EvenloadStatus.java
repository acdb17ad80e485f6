package io.evenload.spring;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.status.StatusJson;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What actuators tell of balancers, and change at them. Thread-safe. */
public final class EvenloadStatus {

  private final List<LoadBalancer> balancers;

  /** Creates a status of these balancers. */
  public EvenloadStatus(List<LoadBalancer> balancers) {
    this.balancers = List.copyOf(balancers);
  }

  /** Returns the status of all balancers as JSON: {@code {"balancers": [...]}}. */
  public String json() {
    return balancers.stream()
        .map(balancer -> StatusJson.of(balancer.status()))
        .collect(joining(",", "{\"balancers\":[", "]}"));
  }

  /** Returns the status of one balancer as JSON; null if there is none of the name. */
  public @Nullable String json(String balancer) {
    LoadBalancer known = find(balancer);
    return known == null ? null : StatusJson.of(known.status());
  }

  /**
   * Takes a server out for maintenance, or takes it back.
   *
   * @return whether there is a balancer of the name
   */
  public boolean drain(String balancer, String server, boolean drain) {
    LoadBalancer known = find(balancer);
    if (known == null) {
      return false;
    }
    if (drain) {
      known.admin().drain(server);
    } else {
      known.admin().undrain(server);
    }
    return true;
  }

  private @Nullable LoadBalancer find(String name) {
    return balancers.stream().filter(each -> each.name().equals(name)).findFirst().orElse(null);
  }

  /** Whether each balancer has a server that may be chosen. */
  public boolean isUp() {
    return balancers.stream().allMatch(balancer -> isUp(balancer.status()));
  }

  private static boolean isUp(LoadBalancerStatus status) {
    return !status.closed()
        && status.endpoints().stream().anyMatch(each -> each.state() == EndpointState.ELIGIBLE);
  }

  /** Returns how many servers each balancer has, by state: numbers alone, no address. */
  public Map<String, Map<String, Long>> counts() {
    Map<String, Map<String, Long>> counts = new TreeMap<>();
    for (LoadBalancer balancer : balancers) {
      Map<String, Long> states =
          balancer.status().endpoints().stream()
              .map(EndpointStatus::state)
              .collect(groupingBy(EndpointState::toString, TreeMap::new, counting()));
      counts.put(balancer.name(), states);
    }
    return counts;
  }
}
