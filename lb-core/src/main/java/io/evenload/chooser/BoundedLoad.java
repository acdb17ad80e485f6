package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.Outcome;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Consistent hashing with bounded loads, see {@link Choosers#boundedLoad}. */
final class BoundedLoad extends Bound {

  /*
   * Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads" (SODA 2018), on the table of Maglev. If m
   * attempts are in flight, the arriving one included, an endpoint of weight w has at most ceil(c * m * w / W); a key whose
   * endpoint is full goes on along the table.
   *
   * Under concurrency an attempt counts in `total` from before it takes a slot until after it has given it back. So at any
   * moment
   *
   *   total >= slots taken + attempts about to take one,
   *
   * from which two things follow. There is always room: the caps sum up to c * total or more, which is more than the slots
   * taken, so an attempt that is about to take one finds an endpoint below its cap, and the engine scans until it does (see
   * Scan). And the bound is strict: the engine takes a slot only if the endpoint's slots have not changed since before it
   * asked for the limit, so at the moment at which inFlightLimit read the total m, the endpoint had room under the cap for
   * this very m. That m is exact but for attempts whose start or end is running at that moment, which count as in flight.
   * A total that is counted once a slot is taken, or given back first, would be too low at times, and room would be denied.
   *
   * m is that of the list. What is still in flight at endpoints that have left it is subtracted; what goes to an endpoint
   * outside the list, for want of one in it, is not limited. Attempts that another group's chooser began, before an
   * endpoint changed its priority, neither count nor take room. The price is a counter that all threads share.
   */

  private static final double ROUNDING = 1 - 1e-12; // lest 1.25 * 8 / 10 be a little more than 1

  private final double factor;
  private final Maglev.Warnings warnings;
  private final AtomicInteger total = new AtomicInteger();
  private final Set<Count> counts = ConcurrentHashMap.newKeySet();

  private BoundedLoad(Environment environment, double factor) {
    super(environment);
    this.factor = factor;
    this.warnings = new Maglev.Warnings(environment.nanoTime());
  }

  static Chooser recipe(double factor) {
    return new Recipe("boundedLoad", environment -> new BoundedLoad(environment, factor));
  }

  @Override
  public Tracker track(Endpoint endpoint) {
    Count count = new Count(total);
    counts.add(count);
    return count;
  }

  @Override
  Prepared prepare(Candidates candidates) {
    MaglevTable table = new MaglevTable(candidates.endpoints);
    warnings.check(table, candidates.endpoints.length);
    return new Caps(this, candidates, table);
  }

  /**
   * Returns the counts beside the listed ones. One that left the list is kept until, at a later
   * list, it is back at 0, for a choice from the old list may be under way.
   */
  private Count[] others(Set<Count> listed) {
    counts.removeIf(count -> count.unlisted && count.get() == 0);
    counts.addAll(listed);
    counts.forEach(count -> count.unlisted = !listed.contains(count));
    return counts.stream().filter(count -> count.unlisted).toArray(Count[]::new);
  }

  /** The attempts of one endpoint that have a slot or are about to take one. */
  private static final class Count extends AtomicInteger implements Tracker {
    private static final long serialVersionUID = 1;

    private final AtomicInteger total;
    private volatile boolean unlisted = true;

    Count(AtomicInteger total) {
      this.total = total;
    }

    @Override
    public void arriving() {
      total.getAndIncrement();
      getAndIncrement();
    }

    @Override
    public void left() {
      getAndDecrement();
      total.getAndDecrement();
    }

    @Override
    public void started(long now) {}

    @Override
    public void ended(Outcome outcome, long latencyNanos, long now) {}
  }

  /** An endpoint of the list: its count, and how its cap grows with what is in flight. */
  private record Share(Count count, double slope) {
    int cap(int inFlight) {
      return (int) Math.ceil(slope * inFlight);
    }
  }

  private static final class Caps extends Maglev.Lookup {
    private final AtomicInteger total;
    private final @Nullable Share[] shares; // null if the endpoint does not have our tracker
    private final IdentityHashMap<Endpoint, Share> byEndpoint = new IdentityHashMap<>();
    private final Count[] leaving;

    Caps(BoundedLoad bound, Candidates candidates, MaglevTable table) {
      super(bound, candidates, table);
      this.total = bound.total;
      this.shares = new Share[endpoints.length];
      double sum = 0;
      for (double weight : candidates.weights) {
        sum += weight;
      }
      Set<Count> listed = ConcurrentHashMap.newKeySet();
      for (int i = 0; i < shares.length; i++) {
        if (endpoints[i].tracker() instanceof Count count) {
          double slope = bound.factor * candidates.weights[i] / sum * ROUNDING;
          Share share = new Share(count, slope);
          shares[i] = share;
          byEndpoint.put(endpoints[i], share);
          listed.add(count);
        }
      }
      this.leaving = bound.others(listed);
    }

    /** The attempts in flight, or about to be. */
    private int inFlight() {
      int left;
      int counted;
      do {
        left = left();
        counted = total.get();
      } while (left() != left);
      return counted - left;
    }

    private int left() {
      int sum = 0;
      for (Count count : leaving) {
        sum += count.get();
      }
      return sum;
    }

    @Override
    boolean hasRoom(int index) {
      Share share = shares[index];
      return share == null || share.count.get() < share.cap(inFlight() + 1);
    }

    /** One that fails fast has always room: it must not draw the keys of all that are full. */
    @Override
    boolean isGoodSubstitute(int index) {
      return Load.penalty(endpoints[index].failureRate()) == 0;
    }

    @Override
    public int inFlightLimit(Endpoint chosen) {
      Share share = byEndpoint.get(chosen);
      if (share == null) {
        return Integer.MAX_VALUE;
      }
      int ofOthers = Math.max(0, chosen.inFlight() - (share.count.get() - 1));
      return share.cap(inFlight()) + ofOthers;
    }
  }
}
