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
  private final List<Candidates> unproven = new ArrayList<>();
  private final List<Candidates> gated = new ArrayList<>();

  SnapshotBuilder(double panicThreshold, @Nullable Locality locality) {
    this.panicThreshold = panicThreshold;
    this.locality = locality;
  }

  /** Adds a listed endpoint; if no traffic is meant for one in this state, just its zone. */
  void add(RosterEntry entry, PoolEntry pool, Standing standing) {
    byPriority
        .computeIfAbsent(pool.pool.priority, p -> new PriorityLevel(locality))
        .add(entry, pool, standing);
  }

  /**
   * Returns the snapshot.
   *
   * @param census every endpoint of the roster
   */
  Snapshot snapshot(Census census) {
    List<PriorityLevel> present =
        byPriority.values().stream().filter(level -> level.known() > 0).toList();
    int n = present.size();
    double[] eligible = present.stream().mapToDouble(PriorityLevel::eligibleWeight).toArray();
    double[] total = present.stream().mapToDouble(PriorityLevel::knownWeight).toArray();
    boolean panicPossible = n == 1 || !PriorityLoads.suffice(eligible, total);
    boolean anyPanic = false;
    int[] sizes = new int[n];
    for (int i = 0; i < n; i++) {
      boolean panic = panicPossible && panics(present.get(i));
      anyPanic |= panic;
      sizes[i] = present.get(i).serve(panic);
    }
    double[] answering = present.stream().mapToDouble(PriorityLevel::answeringWeight).toArray();
    int[] shares = PriorityLoads.loads(answering, total, sizes, Snapshot.WHOLE);
    for (int i = 0; i < n; i++) {
      add(present.get(i), shares[i]);
    }
    byPriority.values().forEach(level -> add(unproven, level.unproven()));
    return new Snapshot(
        pools.toArray(new Candidates[0]),
        loads.stream().mapToInt(Integer::intValue).toArray(),
        levels.toArray(new Candidates[0]),
        unwell.toArray(new Candidates[0]),
        unproven.toArray(new Candidates[0]),
        gated.toArray(new Candidates[0]),
        census,
        anyPanic,
        false);
  }

  private boolean panics(PriorityLevel level) {
    return PriorityLoads.panics(level.well(), level.known(), level.health(), panicThreshold);
  }

  private static void add(List<Candidates> all, List<LiveEndpoint> more) {
    if (!more.isEmpty()) {
      all.add(Candidates.unordered(more, true));
    }
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
    add(unwell, level.unwell());
    add(gated, level.gated());
  }
}
