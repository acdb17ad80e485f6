package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;
import io.evenload.internal.hash.Hashes;

/** Consistent hashing by the highest score, see {@link Choosers#rendezvous}. */
final class Rendezvous extends Bound {

  /*
   * Each endpoint scores -w / ln(u), where u in (0, 1) is a hash of the key and the endpoint's id; the highest score wins.
   * An exponential race: an endpoint wins with the probability of its weight, and when one leaves, only its own keys
   * move, since the scores of the others stay. Since -ln(u) > 1 - u, the logarithm is needed only of those few whose
   * w / (1 - u) is above the highest score so far.
   */

  static final Chooser RECIPE = new Recipe("rendezvous", Rendezvous::new);

  private Rendezvous(Environment environment) {
    super(environment);
  }

  @Override
  Prepared prepare(Candidates candidates) {
    return new Scores(this, candidates);
  }

  private static final class Scores extends Prepared {
    private final long[] ids;
    private final long[] weights;

    Scores(Rendezvous bound, Candidates candidates) {
      super(bound, candidates);
      this.weights = MaglevTable.configuredWeights(endpoints);
      this.ids = new long[endpoints.length];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = Hashes.of(endpoints[i].server().id(), 0);
      }
    }

    @Override
    Endpoint pick(RequestContext request) {
      long key = hash(request);
      int best = -1;
      double highest = 0;
      for (int i = 0; i < endpoints.length; i++) {
        double u = ((Hashes.mix(key ^ ids[i]) >>> 11) + 0.5) * 0x1p-53;
        if (weights[i] < highest * (1 - u)) {
          continue;
        }
        double score = -weights[i] / Math.log(u);
        if ((best < 0 || score > highest) && !request.skips(endpoints[i])) {
          best = i;
          highest = score;
        }
      }
      return endpoints[Math.max(best, 0)];
    }
  }
}
