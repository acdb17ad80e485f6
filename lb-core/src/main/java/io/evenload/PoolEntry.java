package io.evenload;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the control path alone knows of one {@link Pool}: which part of its servers this client
 * uses, and the candidates that were published last. Control path only.
 */
final class PoolEntry {

  final Pool pool;

  private @Nullable Aperture aperture; // null without a subset
  private @Nullable Candidates current;
  private boolean stale;
  private double countedPart = 1;

  PoolEntry(Pool pool) {
    this.pool = pool;
  }

  /** Lets the endpoint into the pool, with a tracker of the pool's chooser. */
  void enter(RosterEntry entry) {
    entry.pool = this;
    entry.endpoint.enter(pool, pool.track(entry.endpoint));
  }

  /**
   * Lets so much of the capacity count from now on, 1 if all of it; tells whether that is a change.
   * One of less than two to three is none, unless all of it counts.
   */
  boolean count(double part) {
    double ratio = part / countedPart;
    boolean changed = part == 1 ? countedPart != 1 : ratio > 1.5 || ratio < 1 / 1.5;
    countedPart = changed ? part : countedPart;
    return changed;
  }

  /** The part of the capacity that counts. */
  double countedPart() {
    return countedPart;
  }

  @Nullable Aperture aperture() {
    return aperture;
  }

  /**
   * Puts these servers of the pool on a ring, of which this client uses a part; without a subset it
   * uses all.
   */
  void open(@Nullable Subset subset, List<RosterEntry> servers) {
    if (subset == null) {
      aperture = null;
    } else if (aperture == null) {
      aperture = new Aperture(subset, servers);
    } else {
      aperture.update(subset, servers);
    }
  }

  /**
   * Notes that an endpoint's weight or description changed, so that the tables of the chooser are
   * out of date.
   */
  void markStale() {
    stale = true;
  }

  /** Whether these are other endpoints, or, if that matters, the same in another order. */
  private boolean differs(LiveEndpoint[] last, LiveEndpoint[] next) {
    if (Arrays.equals(last, next)) {
      return false;
    }
    return pool.ordered() || last.length != next.length || !Set.of(last).containsAll(List.of(next));
  }

  /** Returns these endpoints as candidates, prepared anew only if they are others or changed. */
  Candidates candidates(List<LiveEndpoint> endpoints, boolean panic) {
    LiveEndpoint[] array = endpoints.toArray(new LiveEndpoint[0]);
    Candidates last = current;
    Candidates next;
    if (last == null || stale || differs(last.endpoints(), array)) {
      stale = false;
      List<Endpoint> list = List.of(array);
      next = new Candidates(pool, array, list, pool.prepare(list), panic);
    } else {
      next = new Candidates(pool, last.endpoints(), last.list(), last.chooser(), panic);
    }
    current = next;
    return next;
  }
}
