package io.evenload;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The endpoints that may be chosen, as they are compared with one that fails: whose fault is it?
 * Control path only.
 */
final class Peers {

  /*
   * What fails everywhere is the request's fault. So bad outcomes in a row are held against the share of bad ones at the
   * others, and are put down to chance while that explains them.
   *
   * The share is that of the same time, since a fault may have begun a moment ago: of each of the others as many of the
   * last outcomes count as it had attempts meanwhile, by the traffic of both. So whoever gets none, as in another priority
   * or zone, excuses nobody. If the share of all their known outcomes is higher it holds, as a few may all be good by
   * chance; and if there are less than LEAST, those that are missing count as good, as a few may all be bad. The worst
   * fifth of the others says nothing, so that some that fail together do not excuse each other.
   *
   * Of very many others MOST will do: 63 outcomes each are known.
   */

  private static final int MOST = 64;
  private static final int WORST = 5; // one in five
  private static final double LEAST = 8;

  private final List<RosterEntry> eligible;

  private Peers(List<RosterEntry> eligible) {
    this.eligible = eligible;
  }

  static Peers of(Ejector.Members members) {
    List<RosterEntry> eligible = new ArrayList<>();
    for (RosterEntry entry : members.all()) {
      if (members.state(entry) == EndpointState.ELIGIBLE) {
        eligible.add(entry);
      }
    }
    return new Peers(eligible);
  }

  /** Whether so many bad outcomes in a row may be chance, by what the others do. */
  boolean mayBeChance(RosterEntry judged, int inARow) {
    List<RosterEntry> others = othersBut(judged);
    double meanwhile = 0;
    double badMeanwhile = 0;
    double known = 0;
    double bad = 0;
    for (RosterEntry other : others) {
      long outcomes = other.endpoint.outcomes();
      double ratio = other.traffic() / Math.max(1, judged.traffic());
      int last = (int) Math.min(LastOutcomes.MOST, Math.round(inARow * ratio));
      if (last > 0) {
        meanwhile += last;
        badMeanwhile += LastOutcomes.bad(outcomes, last);
        known += LastOutcomes.known(outcomes);
        bad += LastOutcomes.bad(outcomes);
      }
    }
    double share =
        Math.max(badMeanwhile / Math.max(LEAST, meanwhile), bad / Math.max(LEAST, known));
    return OutlierRule.mayBeChance(inARow, share);
  }

  /** Some of the others that are not ejected meanwhile, without the worst of them. */
  private List<RosterEntry> othersBut(RosterEntry judged) {
    List<RosterEntry> others = new ArrayList<>();
    int size = eligible.size();
    int from = (int) Math.floorMod(judged.idHash, (long) size);
    for (int i = 0; i < size && others.size() < MOST; i++) {
      RosterEntry other = eligible.get((from + i) % size);
      if (!other.equals(judged) && !other.ejection.running()) {
        others.add(other);
      }
    }
    others.sort(Comparator.comparingInt(other -> LastOutcomes.bad(other.endpoint.outcomes())));
    return others.subList(0, others.size() - others.size() / WORST);
  }
}
