package io.evenload;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Remembers that no endpoint of a snapshot takes an attempt, until one may. From any thread. */
final class NoRoom {

  /*
   * Where every endpoint is full, a start costs a search of all of them, and so does the next, though nothing has changed.
   * So a search that found nothing is made again under a watch, which is put up before it looks: whatever may make room
   * takes the watch away, after the room is there. Of the search and the one who makes room, either the one sees the
   * room, or the other the watch. So a watch that is still up after a search that found every endpoint refusing is a
   * proof, until it is taken away.
   *
   * What may make room is the end of an attempt, and its beginning, since limits may go by what is in flight elsewhere;
   * that an attempt gives back what it took of some gates, since another gate refused; and another snapshot. Gates that may
   * admit again for other reasons, such as the time, prove nothing: see Gate.full. Limits that change by themselves are
   * contained by asking some endpoints all the same: see LastResort. A trial of a closed gate stops to keep others away after
   * a second, so a proof holds for a moment only, which spares nearly all searches.
   *
   * In calm times nothing is written here, and an attempt reads one field, at its beginning and its end.
   */

  private static final long HOLDS_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final LongSupplier nanoTime;
  private volatile @Nullable Watch watch;

  NoRoom(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Returns the proof that there is no room in this snapshot; null if there is none. */
  @SuppressWarnings("ReferenceEquality") // of snapshots: this very one
  @Nullable Watch proof(Snapshot snapshot) {
    Watch known = watch;
    return known != null
            && known.proven
            && known.snapshot == snapshot
            && nanoTime.getAsLong() - known.sinceNanos < HOLDS_NANOS
        ? known
        : null;
  }

  /** Begins to watch, for a search that is about to begin. */
  Watch watch(Snapshot snapshot) {
    Watch next = new Watch(snapshot, nanoTime.getAsLong());
    watch = next;
    return next;
  }

  /** Something happened after which there may be room. */
  void mayBe() {
    if (watch != null) {
      watch = null;
    }
  }

  /** That nothing has happened since a search of this snapshot began. */
  static final class Watch {
    private final Snapshot snapshot;
    private final long sinceNanos;
    private boolean byLimits; // written before it is proven
    private volatile boolean proven;

    private Watch(Snapshot snapshot, long sinceNanos) {
      this.snapshot = snapshot;
      this.sinceNanos = sinceNanos;
    }

    /**
     * The search found that every endpoint refuses.
     *
     * @param byLimits whether the limit of a chooser is the reason anywhere
     */
    void prove(boolean byLimits) {
      this.byLimits = byLimits;
      proven = true;
    }

    /** Whether the limit of a chooser is the reason anywhere. */
    boolean byLimits() {
      return byLimits;
    }
  }
}
