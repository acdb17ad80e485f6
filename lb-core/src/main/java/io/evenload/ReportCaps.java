package io.evenload;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The limits of what servers report of themselves: none gets more than twice the part of the
 * traffic that its configured weight gives it among those it is chosen from. Control path only.
 */
final class ReportCaps {

  /*
   * Where all shares are cut off at c, the largest server has c times its configured weight of a whole that is the mean
   * of the shares times all weights. So it has MOST times its part where c is MOST times the mean of what is left after the
   * cut; we look for the largest such c, from the largest share downwards. No lower c breaks the bound, since the mean
   * falls more slowly than the cut does. Those that report what they can do, and are far from equal, are hardly touched:
   * where half of all can do four times what the others can, they have 1.6 times their part.
   *
   * The bound is to hold whoever may be chosen: so of a pool as a whole, as in panic, and of its eligible ones, the lower
   * limit counts.
   */

  /** Somewhat less than 2, since choosers that go by load leave a bit of the weights' shares. */
  static final double MOST = 1.8;

  private final Map<PoolEntry, Double> caps = new HashMap<>();

  private ReportCaps() {}

  /** Returns the limits for the servers as they stand now. */
  static ReportCaps of(
      Collection<RosterEntry> entries,
      Function<RosterEntry, EndpointState> states,
      ReportedWeights reported) {
    ReportCaps result = new ReportCaps();
    if (reported.anyShare()) {
      Map<PoolEntry, List<Claim>> eligible = new HashMap<>();
      Map<PoolEntry, List<Claim>> all = new HashMap<>();
      for (RosterEntry entry : entries) {
        EndpointState state = states.apply(entry);
        PoolEntry pool = entry.pool;
        if (pool == null || !state.inService()) {
          continue;
        }
        Claim claim = new Claim(entry.warmWeight, reported.share(entry.server().id()));
        all.computeIfAbsent(pool, unknown -> new ArrayList<>()).add(claim);
        if (state == EndpointState.ELIGIBLE) {
          eligible.computeIfAbsent(pool, unknown -> new ArrayList<>()).add(claim);
        }
      }
      all.forEach((pool, claims) -> result.caps.put(pool, cap(claims)));
      eligible.forEach((pool, claims) -> result.caps.merge(pool, cap(claims), Math::min));
    }
    return result;
  }

  /** Returns the share that counts. */
  double limit(@Nullable PoolEntry pool, double share) {
    return Math.min(share, caps.getOrDefault(pool, Double.POSITIVE_INFINITY));
  }

  /** Returns the largest share that one of these may have. */
  static double cap(List<Claim> claims) {
    List<Claim> ordered = new ArrayList<>(claims);
    ordered.sort(Comparator.comparingDouble(Claim::share).reversed());
    double weight = 0;
    double claimed = 0;
    for (Claim claim : ordered) {
      weight += claim.weight;
      claimed += claim.weight * claim.share;
    }
    double cut = 0; // the weight of those that claim too much
    for (Claim claim : ordered) {
      double cap = MOST * claimed / (weight - MOST * cut);
      if (claim.share <= cap) {
        return cap;
      }
      cut += claim.weight;
      claimed -= claim.weight * claim.share;
    }
    return Double.POSITIVE_INFINITY; // there are none
  }

  /** What a server has by configuration, and what it makes of that by its reports. */
  record Claim(double weight, double share) {}
}
