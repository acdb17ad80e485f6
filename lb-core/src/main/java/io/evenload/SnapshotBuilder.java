package io.evenload;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Builds a snapshot from the listed endpoints, by priority and zone. Used once. */
final class SnapshotBuilder {

  private final double panicThreshold;
  private final @Nullable Locality locality;
  private final Map<Integer, PriorityLevel> byPriority = new TreeMap<>();
  private final List<Candidates> pools = new ArrayList<>();
  private final List<Integer> loads = new ArrayList<>();
  private final List<Candidates> levels = new ArrayList<>();
  private final List<Candidates> unwell = new ArrayList<>();
  private final List<Candidates> gated = new ArrayList<>();

  SnapshotBuilder(double panicThreshold, @Nullable Locality locality) {
    this.panicThreshold = panicThreshold;
    this.locality = locality;
  }

  /** Adds a listed endpoint; if no traffic is meant for one in this state, just its zone. */
  void add(RosterEntry entry, PoolEntry pool, EndpointState state) {
    byPriority
        .computeIfAbsent(pool.pool.priority, p -> new PriorityLevel(locality))
        .add(entry.endpoint, pool, state);
  }

  /**
   * Returns the snapshot.
   *
   * @param known every endpoint of the roster
   */
  Snapshot snapshot(List<LiveEndpoint> known) {
    List<PriorityLevel> present =
        byPriority.values().stream().filter(level -> level.known() > 0).toList();
    int n = present.size();
    int[] eligible = present.stream().mapToInt(PriorityLevel::eligible).toArray();
    int[] total = present.stream().mapToInt(PriorityLevel::known).toArray();
    boolean panicPossible = n == 1 || !PriorityLoads.suffice(eligible, total);
    int[] sizes = new int[n];
    for (int i = 0; i < n; i++) {
      boolean panic = panicPossible && PriorityLoads.panics(eligible[i], total[i], panicThreshold);
      sizes[i] = present.get(i).serve(panic);
    }
    int[] shares = PriorityLoads.loads(eligible, total, sizes, Snapshot.WHOLE);
    for (int i = 0; i < n; i++) {
      add(present.get(i), shares[i]);
    }
    return new Snapshot(
        pools.toArray(new Candidates[0]),
        loads.stream().mapToInt(Integer::intValue).toArray(),
        levels.toArray(new Candidates[0]),
        unwell.toArray(new Candidates[0]),
        gated.toArray(new Candidates[0]),
        known,
        false);
  }

  /** Spreads the load of a level over its zones. */
  private void add(PriorityLevel level, int load) {
    List<LiveEndpoint> usable = level.usable();
    double[] shares = usable.isEmpty() ? new double[0] : level.shares();
    Candidates all = null;
    double before = 0;
    for (int i = 0; i < shares.length; i++) {
      int part = (int) (Math.round((before + shares[i]) * load) - Math.round(before * load));
      before += shares[i];
      if (part > 0) {
        Candidates zone = level.zones().get(i).candidates(level.panic());
        pools.add(zone);
        loads.add(part);
        all = zone.endpoints().length == usable.size() ? zone : all;
      }
    }
    if (!usable.isEmpty()) {
      levels.add(all != null ? all : Candidates.unordered(usable, level.panic()));
    }
    List<LiveEndpoint> failing = level.unwell();
    if (!failing.isEmpty()) {
      unwell.add(Candidates.unordered(failing, true));
    }
    List<LiveEndpoint> closed = level.gated();
    if (!closed.isEmpty()) {
      gated.add(Candidates.unordered(closed, true));
    }
  }
}
