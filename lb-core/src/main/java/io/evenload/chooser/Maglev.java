package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;

/** Consistent hashing by a lookup table, see {@link Choosers#maglev}. */
final class Maglev extends Bound {

  static final Chooser RECIPE = new Recipe("maglev", Maglev::new);

  /** With equal weights, one endpoint that is left is not found in these with odds of e^-8. */
  private static final int STEPS_PER_ENDPOINT = 8;

  private Maglev(Environment environment) {
    super(environment);
  }

  @Override
  Prepared prepare(Candidates candidates) {
    return new Lookup(this, candidates);
  }

  /** Looks a key up, and goes on along the table if that endpoint will not do. */
  static class Lookup extends Prepared {
    private final MaglevTable table;

    Lookup(Bound bound, Candidates candidates) {
      super(bound, candidates);
      this.table = new MaglevTable(endpoints);
    }

    /** Whether the endpoint with this index takes one attempt more. */
    boolean hasRoom(int index) {
      return true;
    }

    /** Whether it should get a key that belongs elsewhere, while there are others. */
    boolean isGoodSubstitute(int index) {
      return true;
    }

    @Override
    final Endpoint pick(RequestContext request) {
      int slot = table.slot(hash(request));
      int home = table.at(slot);
      return hasRoom(home) ? endpoints[home] : walk(slot, request);
    }

    @Override
    final Endpoint pickAnother(Endpoint first, RequestContext request) {
      return walk(table.slot(hash(request)), request);
    }

    private Endpoint walk(int slot, RequestContext request) {
      int last = table.at(slot);
      int steps = Math.min(MaglevTable.SIZE, STEPS_PER_ENDPOINT * endpoints.length);
      for (int i = 1; i < steps; i++) {
        int next = table.at(MaglevTable.wrap(slot + i));
        if (next != last && isGoodSubstitute(next) && takes(next, request)) {
          return endpoints[next];
        }
        last = next;
      }
      return highest(slot, request);
    }

    /**
     * The endpoint that the slot and the id hash highest; for when the next slots are of no use,
     * because all is skipped, or all but endpoints too light to have many slots, or any.
     */
    private Endpoint highest(int slot, RequestContext request) {
      int best = table.at(slot);
      long highest = Long.MIN_VALUE;
      for (int i = 0; i < endpoints.length; i++) {
        if (takes(i, request)) {
          long score = Hashes.of(endpoints[i].server().id(), slot);
          if (score >= highest) {
            best = i;
            highest = score;
          }
        }
      }
      return endpoints[best];
    }

    private boolean takes(int index, RequestContext request) {
      return hasRoom(index) && !request.skips(endpoints[index]);
    }
  }
}
