package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.Server;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** Remembers where each key went, see {@link Choosers#sticky}. */
final class Sticky implements Chooser {

  /*
   * The memory is a table of sets of WAYS entries each; a key may stand in the one set that its hash selects. An entry is
   * immutable and replaced by a plain volatile write: if two threads learn the same key at once, the later one wins, and
   * both requests went to eligible servers; from then on all agree. A full set forgets the entry that its newest hash
   * points at. So the memory is bounded, and losing an entry costs a key one move at most.
   */

  private static final int WAYS = 4;

  private final Chooser delegate;
  private final AtomicReferenceArray<@Nullable Entry> memory;
  private final int sets;

  private Sticky(Chooser delegate, int capacity) {
    this.delegate = delegate;
    this.sets = Integer.highestOneBit(Math.max(1, (capacity - 1) / WAYS)) * 2;
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
  public @Nullable Tracker track(Server server) {
    return delegate.track(server);
  }

  @Override
  public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
    return prepare(eligible).choose(eligible, request);
  }

  private int slot(long hash) {
    return (int) (hash & (sets - 1)) * WAYS;
  }

  private @Nullable Endpoint remembered(long hash) {
    int slot = slot(hash);
    for (int i = 0; i < WAYS; i++) {
      Entry entry = memory.get(slot + i);
      if (entry != null && entry.hash == hash) {
        return entry.endpoint;
      }
    }
    return null;
  }

  private void remember(long hash, Endpoint endpoint) {
    int slot = slot(hash);
    int free = (int) (hash >>> 62);
    for (int i = 0; i < WAYS; i++) {
      Entry entry = memory.get(slot + i);
      if (entry == null || entry.hash == hash) {
        free = i;
        break;
      }
    }
    memory.set(slot + free, new Entry(hash, endpoint));
  }

  private record Entry(long hash, Endpoint endpoint) {}

  private final class Prepared implements Chooser {
    private final Chooser prepared;
    private final List<Endpoint> list;
    private final IdentityHashMap<Endpoint, Boolean> eligible = new IdentityHashMap<>();

    Prepared(Chooser prepared, List<Endpoint> list) {
      this.prepared = prepared;
      this.list = list;
      list.forEach(endpoint -> eligible.put(endpoint, true));
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
      Endpoint known = remembered(hash);
      boolean stays = known != null && this.eligible.containsKey(known);
      if (known != null && stays && !request.skips(known)) {
        return known;
      }
      Endpoint chosen = prepared.choose(eligible, request);
      if (!stays) {
        remember(hash, chosen);
      }
      return chosen;
    }

    @Override
    public Chooser prepare(List<Endpoint> eligible) {
      return Sticky.this.prepare(eligible);
    }

    @Override
    public @Nullable Tracker track(Server server) {
      return delegate.track(server);
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
