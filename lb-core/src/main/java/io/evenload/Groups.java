package io.evenload;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which candidate group each endpoint is in, and which of them this client uses. Control path only.
 */
final class Groups {

  private final BalancerContext balancer;
  private final Chooser recipe;
  private final Map<Key, CandidateGroup> groups = new HashMap<>();
  private @Nullable Locality locality;
  private @Nullable Subset subset;

  Groups(BalancerContext balancer, Options options) {
    this.balancer = balancer;
    this.recipe = options.chooser();
    this.locality = options.locality();
    this.subset = options.subset();
  }

  @Nullable Locality locality() {
    return locality;
  }

  /** Takes effect with the next {@link #regroup}. */
  void use(Locality locality) {
    this.locality = locality;
  }

  /** Takes effect with the next {@link #regroup}. */
  void use(Subset subset) {
    this.subset = subset;
  }

  /** Lets every listed endpoint into its group, and puts those that have a weight on its ring. */
  void regroup(Collection<LiveEndpoint> endpoints, boolean anyPositiveWeight) {
    Map<CandidateGroup, List<LiveEndpoint>> rings = new HashMap<>();
    for (LiveEndpoint endpoint : endpoints) {
      CandidateGroup group = endpoint.listed ? group(endpoint) : endpoint.group();
      if (group != null) {
        List<LiveEndpoint> ring = rings.computeIfAbsent(group, g -> new ArrayList<>());
        if (endpoint.listed && (endpoint.server().weight() > 0 || !anyPositiveWeight)) {
          ring.add(endpoint);
        }
      }
    }
    groups.values().retainAll(rings.keySet());
    Subset subset = this.subset;
    if (subset != null) {
      rings.forEach((group, ring) -> group.open(subset, ring));
    }
  }

  private CandidateGroup group(LiveEndpoint endpoint) {
    int priority = endpoint.server().priority();
    String zone = locality == null ? null : endpoint.server().zone();
    CandidateGroup present = endpoint.group();
    if (present != null && present.priority == priority && Objects.equals(present.zone, zone)) {
      return present;
    }
    CandidateGroup group =
        groups.computeIfAbsent(
            new Key(priority, zone), key -> new CandidateGroup(balancer, recipe, priority, zone));
    group.enter(endpoint);
    return group;
  }

  /** Decides which endpoints the subset has. */
  void open(Collection<LiveEndpoint> endpoints, Predicate<LiveEndpoint> well, long now) {
    if (subset != null) {
      endpoints.forEach(endpoint -> endpoint.subsetShare = 0);
      apertures().forEach(aperture -> aperture.open(well, now));
    }
  }

  /** Whether a subset has more endpoints than its arc, so that it may have to shrink. */
  boolean extended() {
    return apertures().anyMatch(Aperture::extended);
  }

  private Stream<Aperture> apertures() {
    return groups.values().stream().map(CandidateGroup::aperture).filter(Objects::nonNull);
  }

  private record Key(int priority, @Nullable String zone) {}
}
