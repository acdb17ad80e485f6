package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;

/** The less loaded of two distinct random endpoints, see {@link Choosers#powerOfTwoChoices}. */
final class PowerOfTwoChoices extends Bound {

  static final Chooser RECIPE = new Recipe("powerOfTwoChoices", PowerOfTwoChoices::new);

  private PowerOfTwoChoices(Environment environment) {
    super(environment);
  }

  @Override
  Prepared prepare(Candidates candidates) {
    return new TwoChoices(this, candidates);
  }

  private static final class TwoChoices extends Prepared {
    private static final int REDRAWS = 3;

    private final WeightedSampler sampler;
    private final double[] weights;
    private final boolean equalWeights;

    TwoChoices(Bound bound, Candidates candidates) {
      super(bound, candidates);
      this.sampler = new WeightedSampler(candidates.weights, candidates.equalWeights);
      this.weights = candidates.weights;
      this.equalWeights = candidates.equalWeights;
    }

    @Override
    Endpoint pick(RequestContext request) {
      int n = endpoints.length;
      if (n == 1) {
        return endpoints[0];
      }
      long bits = random.nextLong();
      int a;
      int b;
      if (equalWeights) {
        a = Recipe.below(bits, n);
        b = other(bits << 32, a);
      } else {
        a = sampler.draw(bits);
        b = distinct(a);
      }
      return better(a, b, request);
    }

    /**
     * Draws a second index by weight; if a heavy one comes up again and again, one of the others
     * evenly.
     */
    private int distinct(int a) {
      for (int i = 0; i < REDRAWS; i++) {
        int b = sampler.draw(random.nextLong());
        if (b != a) {
          return b;
        }
      }
      return other(random.nextLong(), a);
    }

    /** Draws evenly among all but a. */
    private int other(long bits, int a) {
      int b = Recipe.below(bits, endpoints.length - 1);
      return b >= a ? b + 1 : b;
    }

    private Endpoint better(int a, int b, RequestContext request) {
      Endpoint first = endpoints[a];
      Endpoint second = endpoints[b];
      if (request.skips(first)) {
        return second;
      }
      boolean secondIsLess = Load.of(second) * weights[a] < Load.of(first) * weights[b];
      return secondIsLess && !request.skips(second) ? second : first;
    }
  }
}
