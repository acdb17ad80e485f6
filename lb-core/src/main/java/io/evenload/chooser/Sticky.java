package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.internal.hash.Hashes;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** Remembers where each key went, see {@link Choosers#sticky}. */
final class Sticky implements Chooser {

  /*
   * The memory is a table of sets of WAYS entries each; a key may stand in the one set that its hash selects. An entry is
   * immutable and replaced by a plain volatile write: if two threads learn the same key at once, the later one wins, and
   * both requests went to eligible servers; from then on all agree. A full set forgets the entry that its newest hash
   * points at; with four entries for each key of the capacity, that many keys find place but for 1 in 5,000 or so. So the
   * memory is bounded, and losing an entry costs a key one move at most.
   *
   * An entry names its server by a hash of its id, host and port. So a key finds the server again that left and came back,
   * as another endpoint maybe, and the memory holds nothing of what left for good.
   */

  private static final long NOWHERE = Long.MIN_VALUE;
  private static final int WAYS = 8;
  private static final int ENTRIES_PER_KEY = 4;

  private final Chooser delegate;
  private final AtomicReferenceArray<@Nullable Entry> memory;
  private final int sets;

  private Sticky(Chooser delegate, int capacity) {
    this.delegate = delegate;
    this.sets = Integer.highestOneBit(Math.max(1, capacity * ENTRIES_PER_KEY / WAYS - 1)) * 2;
    this.memory = new AtomicReferenceArray<>(sets * WAYS);
  }

  static Chooser recipe(Chooser delegate, int capacity) {
    return new StickyRecipe(delegate, capacity);
  }

  @Override
  public Chooser prepare(List<Endpoint> eligible) {
    return new Prepared(delegate.prepare(eligible), eligible);
  }

  @Override
  public @Nullable Tracker track(Endpoint endpoint) {
    return delegate.track(endpoint);
  }

  @Override
  public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
    return prepare(eligible).choose(eligible, request);
  }

  @Override
  public boolean orderMatters() {
    return delegate.orderMatters();
  }

  private int slot(long hash) {
    return (int) (hash & (sets - 1)) * WAYS;
  }

  /** Returns the hash of the server that the key had last; {@link #NOWHERE} if it is not known. */
  private long remembered(long hash) {
    int slot = slot(hash);
    for (int i = 0; i < WAYS; i++) {
      Entry entry = memory.get(slot + i);
      if (entry != null && entry.hash == hash) {
        return entry.server;
      }
    }
    return NOWHERE;
  }

  private void remember(long hash, long server) {
    int slot = slot(hash);
    int free = (int) (hash >>> 61);
    for (int i = 0; i < WAYS; i++) {
      Entry entry = memory.get(slot + i);
      if (entry == null || entry.hash == hash) {
        free = i;
        break;
      }
    }
    memory.set(slot + free, new Entry(hash, server));
  }

  /** What stays the same when a server comes back: its id at the same host and port. */
  private static long identity(Endpoint endpoint) {
    Server server = endpoint.server();
    long hash = Hashes.of(server.id()) * 31 + Hashes.of(server.host());
    return Math.max(NOWHERE + 1, Hashes.mix(hash * 31 + server.port()));
  }

  /** A key and its server, by their hashes. */
  private record Entry(long hash, long server) {}

  private final class Prepared implements Chooser {
    private final Chooser prepared;
    private final List<Endpoint> list;
    private final long[] identities; // a hash table by linear probing; NOWHERE where it is free
    private final @Nullable Endpoint[] homes;

    Prepared(Chooser prepared, List<Endpoint> list) {
      this.prepared = prepared;
      this.list = list;
      int size = Integer.highestOneBit(list.size()) * 4;
      identities = new long[size];
      homes = new Endpoint[size];
      Arrays.fill(identities, NOWHERE);
      for (Endpoint endpoint : list) {
        int place = place(identity(endpoint));
        identities[place] = identity(endpoint);
        homes[place] = endpoint;
      }
    }

    /** Where this server stands, or would. */
    private int place(long identity) {
      int place = (int) identity & (identities.length - 1);
      while (identities[place] != identity && identities[place] != NOWHERE) {
        place = (place + 1) & (identities.length - 1);
      }
      return place;
    }

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      if (eligible != list) {
        return Sticky.this.prepare(eligible).choose(eligible, request);
      }
      if (request.key() == null) {
        return prepared.choose(eligible, request);
      }
      long hash = request.keyHash();
      Endpoint home = homes[place(remembered(hash))];
      if (home != null && !request.skips(home)) {
        return home;
      }
      Endpoint chosen = prepared.choose(eligible, request);
      if (home == null) {
        remember(hash, identity(chosen));
      }
      return chosen;
    }

    @Override
    public Chooser prepare(List<Endpoint> eligible) {
      return Sticky.this.prepare(eligible);
    }

    @Override
    public @Nullable Tracker track(Endpoint endpoint) {
      return delegate.track(endpoint);
    }

    @Override
    public int inFlightLimit(Endpoint chosen) {
      return prepared.inFlightLimit(chosen);
    }
  }

  /** Gives each balancer a memory of its own. */
  private record StickyRecipe(Chooser delegate, int capacity) implements Chooser {
    @Override
    public Chooser bind(Environment environment) {
      return new Sticky(delegate.bind(environment), capacity);
    }

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return new Sticky(delegate, capacity).choose(eligible, request);
    }

    @Override
    public String toString() {
      return "sticky(" + delegate + ")";
    }
  }
}
