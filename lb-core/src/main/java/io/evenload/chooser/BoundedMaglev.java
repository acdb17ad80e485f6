package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;
import java.util.concurrent.atomic.AtomicInteger;

/** Consistent hashing with bounded loads, see {@link Choosers#boundedMaglev}. */
final class BoundedMaglev extends Bound {

  /*
   * Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads" (SODA 2018). With m attempts in flight, an
   * endpoint of weight w takes at most ceil(c * (m + 1) * w / W), the arriving one included in m + 1; a key whose endpoint
   * is full goes on along the table. The limits sum up to more than m, so somewhere there is room.
   *
   * The bound is strict because the engine reserves the slot by compare-and-set below inFlightLimit. `total` is raised
   * after the slot was taken and lowered before it is given back, so it never exceeds what is truly in flight, and the
   * limit computed from it never exceeds the true one. It is one counter for all threads: the price of the bound.
   */

  private final double factor;
  private final AtomicInteger total = new AtomicInteger();

  private BoundedMaglev(Environment environment, double factor) {
    super(environment);
    this.factor = factor;
  }

  static Chooser recipe(double factor) {
    return new Recipe("boundedMaglev", environment -> new BoundedMaglev(environment, factor));
  }

  @Override
  public Tracker track(Server server) {
    return new Counting();
  }

  @Override
  Prepared prepare(Candidates candidates) {
    return new Walk(this, candidates);
  }

  private final class Counting implements Tracker {
    @Override
    public void started(long now) {
      total.incrementAndGet();
    }

    @Override
    public void ended(Outcome outcome, long latencyNanos, long now) {
      total.decrementAndGet();
    }
  }

  private static final class Walk extends Prepared {
    private final MaglevTable table;
    private final AtomicInteger total;
    private final double factorPerWeight;

    Walk(BoundedMaglev bound, Candidates candidates) {
      super(bound, candidates);
      this.table = new MaglevTable(endpoints);
      this.total = bound.total;
      double sum = 0;
      for (double weight : candidates.weights) {
        sum += weight;
      }
      this.factorPerWeight = bound.factor / sum;
    }

    @Override
    public int inFlightLimit(Endpoint chosen) {
      return limit(chosen, total.get());
    }

    private int limit(Endpoint endpoint, int inFlight) {
      double limit = Math.ceil(factorPerWeight * (inFlight + 1.0) * endpoint.weight() - 1e-9);
      return (int) Math.max(1, limit);
    }

    @Override
    Endpoint pick(RequestContext request) {
      int slot = table.slot(hash(request));
      Endpoint first = endpoints[table.at(slot)];
      return hasRoom(first) ? first : walk(slot, first, request);
    }

    @Override
    Endpoint pickAnother(Endpoint first, RequestContext request) {
      return walk(table.slot(hash(request)), first, request);
    }

    private Endpoint walk(int slot, Endpoint first, RequestContext request) {
      Endpoint last = first;
      for (int i = 1; i < MaglevTable.SIZE; i++) {
        Endpoint next = endpoints[table.at(MaglevTable.wrap(slot + i))];
        if (next != last && hasRoom(next) && !request.skips(next)) {
          return next;
        }
        last = next;
      }
      return first;
    }

    private boolean hasRoom(Endpoint endpoint) {
      return endpoint.inFlight() < limit(endpoint, total.get());
    }
  }
}
