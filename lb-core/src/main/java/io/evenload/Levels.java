package io.evenload;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Builds a snapshot from the endpoints that traffic is meant for, by priority. */
final class Levels {

  private final double panicThreshold;
  private final Map<Integer, Level> byPriority = new TreeMap<>();

  Levels(double panicThreshold) {
    this.panicThreshold = panicThreshold;
  }

  /** Adds an endpoint, unless no traffic is meant for one in this state. */
  void add(LiveEndpoint endpoint, int priority, CandidateGroup group, EndpointState state) {
    if (state != EndpointState.DRAINING && state != EndpointState.WEIGHT_ZERO) {
      byPriority.computeIfAbsent(priority, p -> new Level(group)).add(endpoint, state);
    }
  }

  /**
   * Returns the snapshot.
   *
   * @param known every endpoint of the roster
   */
  Snapshot snapshot(List<LiveEndpoint> known) {
    Collection<Level> levels = byPriority.values();
    int n = levels.size();
    int[] eligible = levels.stream().mapToInt(level -> level.eligible.size()).toArray();
    int[] listed = levels.stream().mapToInt(Level::known).toArray();
    boolean panicPossible = n == 1 || !PriorityLoads.suffice(eligible, listed);
    int[] sizes = new int[n];
    List<Candidates> candidates = new ArrayList<>();
    List<Candidates> unwell = new ArrayList<>();
    List<Candidates> gated = new ArrayList<>();
    int i = 0;
    for (Level level : levels) {
      boolean panic = panicPossible && PriorityLoads.panics(eligible[i], listed[i], panicThreshold);
      List<LiveEndpoint> usable = panic ? level.eligibleAndUnwell : level.eligible;
      sizes[i++] = usable.size();
      if (!usable.isEmpty()) {
        candidates.add(level.group.candidates(usable, panic));
      }
      if (!level.unwell.isEmpty() && !panic) {
        unwell.add(level.group.reserve(level.unwell));
      }
      if (!level.gated.isEmpty()) {
        gated.add(level.group.reserve(level.gated));
      }
    }
    int[] loads = PriorityLoads.loads(eligible, listed, sizes, Snapshot.WHOLE);
    return new Snapshot(
        candidates.toArray(new Candidates[0]),
        withoutEmpty(loads, sizes),
        unwell.toArray(new Candidates[0]),
        gated.toArray(new Candidates[0]),
        known,
        false);
  }

  private static int[] withoutEmpty(int[] loads, int[] sizes) {
    int[] kept = new int[loads.length];
    int count = 0;
    for (int i = 0; i < loads.length; i++) {
      if (sizes[i] > 0) {
        kept[count++] = loads[i];
      }
    }
    return Arrays.copyOf(kept, count);
  }

  /** The endpoints of one priority that traffic is meant for, by what they may be used for. */
  private static final class Level {
    final CandidateGroup group;
    final List<LiveEndpoint> eligible = new ArrayList<>();
    final List<LiveEndpoint> eligibleAndUnwell = new ArrayList<>();
    final List<LiveEndpoint> unwell = new ArrayList<>();
    final List<LiveEndpoint> gated = new ArrayList<>();

    Level(CandidateGroup group) {
      this.group = group;
    }

    int known() {
      return eligibleAndUnwell.size() + gated.size();
    }

    void add(LiveEndpoint endpoint, EndpointState state) {
      if (state == EndpointState.BREAKER_OPEN) {
        gated.add(endpoint);
        return;
      }
      eligibleAndUnwell.add(endpoint);
      (state == EndpointState.ELIGIBLE ? eligible : unwell).add(endpoint);
    }
  }
}
