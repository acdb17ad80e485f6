package io.evenload;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of one priority, or with a {@link Locality} of one zone of it: their bound chooser,
 * whose state outlives every list, and their present candidates. Control path only, but for {@link
 * #limiting}.
 */
final class CandidateGroup {

  final int priority;
  final @Nullable String zone;
  final long keyHash; // what draws this group for a request with a key; the same in every process

  private final BalancerContext balancer;
  private final @Nullable Chooser bound;
  private volatile @Nullable Chooser limiting;
  private @Nullable Aperture aperture; // null without a subset
  private @Nullable Candidates current;
  private boolean stale;

  CandidateGroup(BalancerContext balancer, Chooser recipe, int priority, @Nullable String zone) {
    this.balancer = balancer;
    this.priority = priority;
    this.zone = zone;
    this.keyHash = RequestContext.hash(priority + "/" + zone);
    Chooser fresh = null;
    try {
      fresh = recipe.bind(balancer);
    } catch (Throwable e) {
      balancer.log().warn("Chooser.bind threw; random endpoints are used", e);
    }
    this.bound = fresh;
    this.limiting = fresh;
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

  @Nullable Aperture aperture() {
    return aperture;
  }

  /**
   * Puts these servers of the group on a ring, of which this client uses a part; without a subset
   * it uses all.
   */
  void open(@Nullable Subset subset, List<LiveEndpoint> servers) {
    if (subset == null) {
      aperture = null;
    } else if (aperture == null) {
      aperture = new Aperture(subset, servers);
    } else {
      aperture.update(subset, servers);
    }
  }

  /**
   * Notes that an endpoint's weight or description changed, so that the tables of the chooser are
   * out of date.
   */
  void markStale() {
    stale = true;
  }

  /** The chooser that limits attempts in flight, whoever chose the endpoint. From any thread. */
  @Nullable Chooser limiting() {
    return limiting;
  }

  /** Returns these endpoints as candidates, prepared anew only if they are others or changed. */
  Candidates candidates(List<LiveEndpoint> endpoints, boolean panic) {
    LiveEndpoint[] array = endpoints.toArray(new LiveEndpoint[0]);
    Candidates last = current;
    Candidates next;
    if (last == null || stale || !Arrays.equals(last.endpoints(), array)) {
      stale = false;
      List<Endpoint> list = List.of(array);
      limiting = prepare(list);
      next = new Candidates(this, array, list, limiting, panic);
    } else {
      next = new Candidates(this, last.endpoints(), last.list(), last.chooser(), panic);
    }
    current = next;
    return next;
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
