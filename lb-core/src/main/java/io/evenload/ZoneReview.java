package io.evenload;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * Decides how much of each zone's capacity counts, by how its servers answer beside those of the
 * other zones. Control path only.
 */
final class ZoneReview {

  /*
   * Locality keeps calls where they fail, if those of its own zone are the servers that do: ejections and breakers are
   * capped, and panic brings all of them back. So a zone counts for less, the more of its attempts are not good than of
   * those in the other zones of its priority: half at HALVED above what is negligible, a quarter at three times that, and
   * a 33rd if all fail here and none there. What remains notices that it is over.
   *
   * Where all zones are equally bad each counts in full, and calls stay. Of zones that got no calls nothing is known, and
   * they are taken to be well until they get some. Nothing is lost by a zone that is left wrongly but its being near, so this
   * goes by weaker evidence than what takes servers out: PRIOR good attempts stand against the first bad ones.
   *
   * A zone's shares of the load, and with them the tables of choosers and the places of keys, do not follow each small
   * change.
   */

  private static final double NEGLIGIBLE = 0.02;
  private static final double HALVED = 0.03;
  private static final double PRIOR = 5;

  private ZoneReview() {}

  /** Looks at all zones; tells whether one counts for more or less than before. */
  static boolean run(Collection<RosterEntry> entries) {
    Map<PoolEntry, Answered> zones = new HashMap<>();
    Map<Integer, Answered> levels = new HashMap<>();
    for (RosterEntry entry : entries) {
      PoolEntry zone = entry.pool;
      if (entry.listed && zone != null) {
        Answered seen =
            entry.endpoint.state() == EndpointState.ELIGIBLE ? Answered.by(entry) : Answered.NONE;
        zones.merge(zone, seen, Answered::and);
        levels.merge(zone.pool.priority, seen, Answered::and);
      }
    }
    boolean changed = false;
    for (Map.Entry<PoolEntry, Answered> zone : zones.entrySet()) {
      Answered here = zone.getValue();
      Answered all = levels.getOrDefault(zone.getKey().pool.priority, here);
      changed |= zone.getKey().count(part(here, all.without(here)));
    }
    return changed;
  }

  /** Returns the part of a zone's capacity that counts. */
  private static double part(Answered here, Answered elsewhere) {
    double worse = here.share() - elsewhere.share() - NEGLIGIBLE;
    return worse <= 0 ? 1 : 1 / (1 + worse / HALVED);
  }

  /** Attempts, and how many of them were not good. */
  private record Answered(double attempts, double bad) {

    static final Answered NONE = new Answered(0, 0);

    static Answered by(RosterEntry entry) {
      return new Answered(entry.answers.attempts(), entry.answers.bad());
    }

    Answered and(Answered other) {
      return new Answered(attempts + other.attempts, bad + other.bad);
    }

    Answered without(Answered part) {
      return new Answered(Math.max(0, attempts - part.attempts), Math.max(0, bad - part.bad));
    }

    double share() {
      return bad / (attempts + PRIOR);
    }
  }
}
