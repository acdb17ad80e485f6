package io.evenload;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Which servers of one pool this client uses now. Control path only. */
final class Aperture {

  /*
   * The client's arc, and an extension for the servers of it that are not well. The extension grows at once. What it
   * needed to be at most since it last changed is remembered, and it shrinks to that only after a while, so that a server
   * that fails and recovers again and again changes the subset once. What is silent stays, with a part that notices when
   * that is over.
   */

  static final long SHRINK_NANOS = TimeUnit.MINUTES.toNanos(1);

  private static final SubsetRing.Arc NONE = new SubsetRing.Arc(0, new double[0]);

  private SubsetRing ring = new SubsetRing(List.of());
  private SubsetRing.Arc arc = NONE;
  private int size;
  private double scale = 1;
  private int extension;
  private int needed; // at most, since the time below
  private long since;

  Aperture(Subset subset, List<RosterEntry> servers) {
    update(subset, servers);
  }

  /** Puts the servers of a new list on the ring, or takes a new place on it; an extension stays. */
  void update(Subset subset, List<RosterEntry> servers) {
    size = subset.size();
    ring = new SubsetRing(servers);
    arc = servers.isEmpty() ? NONE : ring.arc(subset);
  }

  /** The weight of all servers of the pool, in that of those in use. */
  double scale() {
    return scale;
  }

  /** Whether servers beyond the arc are in use, so that it may be time to let them go. */
  boolean extended() {
    return extension > 0;
  }

  /** Gives each server in use its share; that of all others must be 0 before. */
  void open(Predicate<RosterEntry> well, long now) {
    extend(well, now);
    double[] shares = arc.shares();
    int count = shares.length + extension;
    double open = 0;
    for (int i = 0; i < count; i++) {
      boolean beginsWithin = i == 0 && shares.length > 1 && count < ring.size();
      RosterEntry entry = ring.at(arc.first() + i);
      double share = extension == 0 || beginsWithin ? shares[i] : 1;
      boolean replaced = extension > 0 && entry.answers.silent();
      entry.subsetShare = replaced ? share * Answers.SILENT_PART : share;
      open += Math.max(1, entry.server().weight()) * entry.subsetShare;
    }
    scale = open == 0 ? 1 : ring.weight() / open;
  }

  private void extend(Predicate<RosterEntry> well, long now) {
    int arcSize = arc.shares().length;
    int target = Math.max((size + 1) / 2, Math.min(size, arcSize));
    int most = Math.min(arcSize + Math.max(arcSize, Subset.DEFAULT_SIZE), ring.size());
    int count = 0;
    for (int found = 0; count < arcSize || (count < most && found < target); count++) {
      found += well.test(ring.at(arc.first() + count)) ? 1 : 0;
    }
    int need = count - arcSize;
    if (need >= extension) {
      extension = need;
      needed = 0;
      since = now;
      return;
    }
    needed = Math.max(needed, need);
    int left = ring.size() - arcSize;
    if (now - since >= SHRINK_NANOS || extension > left) {
      extension = Math.min(needed, left); // what was needed may have been of a longer list
      needed = 0;
      since = now;
    }
  }
}
