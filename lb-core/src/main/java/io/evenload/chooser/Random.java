package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;

/** Weighted random choice, see {@link Choosers#random}. */
final class Random extends Bound {

  static final Chooser RECIPE = new Recipe("random", Random::new);

  private Random(Environment environment) {
    super(environment);
  }

  @Override
  Prepared prepare(Candidates candidates) {
    WeightedSampler sampler = new WeightedSampler(candidates.weights, candidates.equalWeights);
    return new Prepared(this, candidates) {
      @Override
      Endpoint pick(RequestContext request) {
        return endpoints[sampler.draw(random.nextLong())];
      }
    };
  }
}
