package io.evenload;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The user's chooser, bound to one candidate group: the endpoints of one priority, or with a {@link
 * Locality} of one zone of it; and what an attempt needs to know of that group. What the chooser
 * throws here is contained. The state of the bound chooser outlives every list.
 */
final class Pool {

  private static final int SAMPLE = 64;

  final int priority;
  final @Nullable String zone;
  final long keyHash; // what draws this pool for a request with a key; the same in every process

  private final BalancerContext balancer;
  private final @Nullable Chooser bound;
  private final boolean ordered;
  private volatile @Nullable Chooser limiting;
  private volatile List<Endpoint> listed = List.of();

  Pool(BalancerContext balancer, Chooser recipe, int priority, @Nullable String zone) {
    this.balancer = balancer;
    this.priority = priority;
    this.zone = zone;
    this.keyHash = RequestContext.hash(priority + "/" + zone);
    Chooser fresh = null;
    boolean asksForOrder = false;
    try {
      fresh = recipe.bind(balancer);
      asksForOrder = fresh.orderMatters();
    } catch (Throwable e) {
      balancer.log().warn("Chooser.bind threw; random endpoints are used", e);
    }
    this.bound = fresh;
    this.ordered = asksForOrder;
    this.limiting = fresh;
  }

  /** Whether the chooser has to know when nothing but the order of its list changes. */
  boolean ordered() {
    return ordered;
  }

  /** The chooser that limits attempts in flight, whoever chose the endpoint. From any thread. */
  @Nullable Chooser limiting() {
    return limiting;
  }

  /**
   * The mean latency of those candidates of which one is known, of {@value #SAMPLE} of them if
   * there are more; NaN if none is. From any thread.
   */
  double latencyNanos() {
    List<Endpoint> endpoints = listed;
    int n = endpoints.size();
    int first = n > SAMPLE ? balancer.randomIndex(n) : 0;
    double sum = 0;
    int known = 0;
    for (int i = 0; i < Math.min(n, SAMPLE); i++) {
      double nanos = endpoints.get((first + i) % n).latencyNanos();
      if (!Double.isNaN(nanos)) {
        sum += nanos;
        known++;
      }
    }
    return sum / known;
  }

  /** Returns what follows the attempts at an endpoint that is new here. On the control path. */
  Chooser.@Nullable Tracker track(Server server) {
    try {
      return bound == null ? null : bound.track(server);
    } catch (Throwable e) {
      balancer.log().warn("Chooser.track threw; the endpoint is not tracked", e);
      return null;
    }
  }

  /**
   * Returns what chooses among these endpoints, which limits the attempts from now on; null if
   * there is nothing. On the control path.
   */
  @Nullable Chooser prepare(List<Endpoint> list) {
    listed = list;
    Chooser prepared = null;
    try {
      prepared = bound == null ? null : bound.prepare(list);
    } catch (Throwable e) {
      balancer.log().warn("Chooser.prepare threw; random endpoints are used", e);
    }
    limiting = prepared;
    return prepared;
  }
}
