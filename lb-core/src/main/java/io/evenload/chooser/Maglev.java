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
    MaglevTable table = new MaglevTable(candidates.endpoints);
    return new Prepared(this, candidates) {
      @Override
      Endpoint pick(RequestContext request) {
        return endpoints[table.at(table.slot(hash(request)))];
      }

      @Override
      Endpoint pickAnother(Endpoint first, RequestContext request) {
        long hash = hash(request);
        int slot = table.slot(hash);
        int steps = Math.min(MaglevTable.SIZE, STEPS_PER_ENDPOINT * endpoints.length);
        for (int i = 1; i < steps; i++) {
          Endpoint next = endpoints[table.at(MaglevTable.wrap(slot + i))];
          if (next != first && !request.skips(next)) {
            return next;
          }
        }
        return highest(endpoints, hash, first, request);
      }
    };
  }

  /**
   * The endpoint that the key and the id hash highest; for when the next slots are of no use,
   * because all is skipped, or all but endpoints too light to have many slots, or any.
   */
  private static Endpoint highest(
      Endpoint[] endpoints, long hash, Endpoint first, RequestContext request) {
    Endpoint best = first;
    long highest = Long.MIN_VALUE;
    for (Endpoint endpoint : endpoints) {
      if (!request.skips(endpoint)) {
        long score = Hashes.mix(hash ^ Hashes.of(endpoint.server().id(), 0));
        if (score >= highest) {
          best = endpoint;
          highest = score;
        }
      }
    }
    return best;
  }
}
