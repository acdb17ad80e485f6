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

/** Which pool each endpoint is in, and which of them this client uses. Control path only. */
final class Partition {

  private final BalancerContext balancer;
  private final Map<Key, PoolEntry> pools = new HashMap<>();
  private Chooser recipe;
  private @Nullable Locality locality;
  private @Nullable Subset subset;

  Partition(BalancerContext balancer, Options options) {
    this.balancer = balancer;
    this.recipe = options.chooser();
    this.locality = options.locality();
    this.subset = options.subset();
  }

  /** Takes effect with the next {@link #arrange}; tells whether there is to be one. */
  @SuppressWarnings("ReferenceEquality") // of options: these very ones
  boolean use(Options options) {
    boolean sameChooser = options.chooser() == recipe;
    if (sameChooser && options.locality() == locality && options.subset() == subset) {
      return false;
    }
    if (!sameChooser) {
      pools.clear(); // each has the chooser that it was made with
    }
    recipe = options.chooser();
    locality = options.locality();
    subset = options.subset();
    return true;
  }

  /** Lets every listed endpoint into its pool, and puts those that have a weight on its ring. */
  void arrange(Collection<RosterEntry> entries, boolean anyPositiveWeight) {
    Map<PoolEntry, List<RosterEntry>> rings = new HashMap<>();
    for (RosterEntry entry : entries) {
      PoolEntry pool = entry.listed ? pool(entry) : entry.pool;
      if (pool != null) {
        List<RosterEntry> ring = rings.computeIfAbsent(pool, p -> new ArrayList<>());
        if (entry.listed && (entry.server().weight() > 0 || !anyPositiveWeight)) {
          ring.add(entry);
        }
      }
    }
    pools.values().retainAll(rings.keySet());
    rings.forEach((pool, ring) -> pool.open(subset, ring));
  }

  @SuppressWarnings("ReferenceEquality") // of pools: this very one
  private PoolEntry pool(RosterEntry entry) {
    int priority = entry.server().priority();
    String zone = locality == null ? null : entry.server().zone();
    PoolEntry pool =
        pools.computeIfAbsent(
            new Key(priority, zone),
            key -> new PoolEntry(new Pool(balancer, recipe, priority, zone)));
    if (pool != entry.pool) {
      pool.enter(entry);
    }
    return pool;
  }

  /** Decides which endpoints the subset has. */
  void open(Collection<RosterEntry> entries, Predicate<RosterEntry> well, long now) {
    double unlessOpened = subset == null ? 1 : 0;
    entries.forEach(entry -> entry.subsetShare = unlessOpened);
    apertures().forEach(aperture -> aperture.open(well, now));
  }

  /** Whether a subset has more endpoints than its arc, so that it may have to shrink. */
  boolean extended() {
    return apertures().anyMatch(Aperture::extended);
  }

  private Stream<Aperture> apertures() {
    return pools.values().stream().map(PoolEntry::aperture).filter(Objects::nonNull);
  }

  private record Key(int priority, @Nullable String zone) {}
}
