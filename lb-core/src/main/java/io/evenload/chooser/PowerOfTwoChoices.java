package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;

/** The less loaded of two random endpoints, see {@link Choosers#powerOfTwoChoices}. */
final class PowerOfTwoChoices extends Bound {

  private final double exponent;

  private PowerOfTwoChoices(Environment environment, double exponent) {
    super(environment);
    this.exponent = exponent;
  }

  static Chooser recipe(double exponent) {
    return new Recipe(
        "powerOfTwoChoices", environment -> new PowerOfTwoChoices(environment, exponent));
  }

  @Override
  Prepared prepare(Candidates candidates) {
    return new TwoLoads(this, candidates);
  }

  private static final class TwoLoads extends Prepared {
    private final TwoDraws draws;
    private final double[] perAttempt;
    private final double exponent;

    TwoLoads(PowerOfTwoChoices bound, Candidates candidates) {
      super(bound, candidates);
      this.draws = new TwoDraws(random, candidates.weights, candidates.equalWeights);
      this.perAttempt = Load.perAttempt(candidates.weights);
      this.exponent = bound.exponent;
    }

    @Override
    Endpoint pick(RequestContext request) {
      if (endpoints.length == 1) {
        return endpoints[0];
      }
      long drawn = draws.next();
      int a = TwoDraws.first(drawn);
      int b = TwoDraws.second(drawn);
      Endpoint first = endpoints[a];
      Endpoint second = endpoints[b];
      if (request.skips(first)) {
        return second;
      }
      double firstLoad = Load.of(first, perAttempt[a], exponent);
      double secondLoad = Load.of(second, perAttempt[b], exponent);
      return Load.isLess(secondLoad, firstLoad) && !request.skips(second) ? second : first;
    }
  }
}
