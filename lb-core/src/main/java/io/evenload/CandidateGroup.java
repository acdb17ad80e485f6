package io.evenload;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One priority: its bound chooser, whose state outlives every list, and its present candidates.
 * Control path only.
 */
final class CandidateGroup {

  private final BalancerContext balancer;
  private final @Nullable Chooser bound;
  private @Nullable Candidates current;

  CandidateGroup(BalancerContext balancer, Chooser recipe) {
    this.balancer = balancer;
    Chooser fresh = null;
    try {
      fresh = recipe.bind(balancer);
    } catch (Throwable e) {
      balancer.log().warn("Chooser.bind threw; random endpoints are used", e);
    }
    this.bound = fresh;
  }

  /** Lets the endpoint into this group, with a tracker of this group's chooser. */
  void enter(LiveEndpoint endpoint) {
    endpoint.group = this;
    Chooser.Tracker tracker = null;
    try {
      tracker = bound == null ? null : bound.track(endpoint.server());
    } catch (Throwable e) {
      balancer.log().warn("Chooser.track threw; the endpoint is not tracked", e);
    }
    endpoint.setTracker(tracker);
  }

  /**
   * Returns the candidates, prepared anew only if the endpoints are others or their weights
   * changed.
   */
  Candidates candidates(List<LiveEndpoint> endpoints, boolean panic, boolean weightsChanged) {
    LiveEndpoint[] array = endpoints.toArray(new LiveEndpoint[0]);
    Candidates last = current;
    boolean same = last != null && !weightsChanged && Arrays.equals(last.endpoints(), array);
    if (last != null && same) {
      current =
          last.panic() == panic
              ? last
              : new Candidates(last.endpoints(), last.list(), last.chooser(), panic);
    } else {
      List<Endpoint> list = List.of(array);
      current = new Candidates(array, list, prepare(list), panic);
    }
    return current;
  }

  private @Nullable Chooser prepare(List<Endpoint> list) {
    try {
      return bound == null ? null : bound.prepare(list);
    } catch (Throwable e) {
      balancer.log().warn("Chooser.prepare threw; random endpoints are used", e);
      return null;
    }
  }
}
