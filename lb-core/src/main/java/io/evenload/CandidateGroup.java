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
  private boolean stale;

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
    Chooser.Tracker tracker = null;
    try {
      tracker = bound == null ? null : bound.track(endpoint.server());
    } catch (Throwable e) {
      balancer.log().warn("Chooser.track threw; the endpoint is not tracked", e);
    }
    endpoint.enter(this, tracker);
  }

  /**
   * Notes that an endpoint's weight or description changed, so that the tables of the chooser are
   * out of date.
   */
  void markStale() {
    stale = true;
  }

  /** Returns these endpoints as candidates, prepared anew only if they are others or changed. */
  Candidates candidates(List<LiveEndpoint> endpoints, boolean panic) {
    LiveEndpoint[] array = endpoints.toArray(new LiveEndpoint[0]);
    Candidates last = current;
    Candidates next;
    if (last == null || stale || !Arrays.equals(last.endpoints(), array)) {
      stale = false;
      List<Endpoint> list = List.of(array);
      next = new Candidates(this, array, list, prepare(list), panic);
    } else {
      next = new Candidates(this, last.endpoints(), last.list(), last.chooser(), panic);
    }
    current = next;
    return next;
  }

  /**
   * Returns endpoints that the chooser does not see, of which it only limits the attempts in
   * flight.
   */
  Candidates reserve(List<LiveEndpoint> endpoints) {
    Chooser limiting = current == null ? bound : current.chooser();
    return new Candidates(
        this, endpoints.toArray(new LiveEndpoint[0]), List.of(), limiting, /* panic= */ true);
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
