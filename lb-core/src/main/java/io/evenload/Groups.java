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
  private final Map<Key, CandidateGroup> groups = new HashMap<>();
  private Chooser recipe;
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

  /** Takes effect with the next {@link #regroup}; tells whether there is to be one. */
  @SuppressWarnings("ReferenceEquality") // of options: these very ones
  boolean use(Options options) {
    boolean sameChooser = options.chooser() == recipe;
    if (sameChooser && options.locality() == locality && options.subset() == subset) {
      return false;
    }
    if (!sameChooser) {
      groups.clear(); // each has the chooser that it was made with
    }
    recipe = options.chooser();
    locality = options.locality();
    subset = options.subset();
    return true;
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
    rings.forEach((group, ring) -> group.open(subset, ring));
  }

  @SuppressWarnings("ReferenceEquality") // of groups: this very one
  private CandidateGroup group(LiveEndpoint endpoint) {
    int priority = endpoint.server().priority();
    String zone = locality == null ? null : endpoint.server().zone();
    CandidateGroup group =
        groups.computeIfAbsent(
            new Key(priority, zone), key -> new CandidateGroup(balancer, recipe, priority, zone));
    if (group != endpoint.group()) {
      group.enter(endpoint);
    }
    return group;
  }

  /** Decides which endpoints the subset has. */
  void open(Collection<LiveEndpoint> endpoints, Predicate<LiveEndpoint> well, long now) {
    double unlessOpened = subset == null ? 1 : 0;
    endpoints.forEach(endpoint -> endpoint.subsetShare = unlessOpened);
    apertures().forEach(aperture -> aperture.open(well, now));
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
