package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;

/** Scan for the least load, see {@link Choosers#leastLoaded}. */
final class LeastLoaded extends Bound {

  private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

  private final double exponent;

  private LeastLoaded(Environment environment, double exponent) {
    super(environment);
    this.exponent = exponent;
  }

  static Chooser recipe(double exponent) {
    return new Recipe("leastLoaded", environment -> new LeastLoaded(environment, exponent));
  }

  @Override
  Prepared prepare(Candidates candidates) {
    return new Scan(this, candidates);
  }

  private static final class Scan extends Prepared {
    private final double[] weights;
    private final double exponent;

    Scan(LeastLoaded bound, Candidates candidates) {
      super(bound, candidates);
      this.weights = candidates.weights;
      this.exponent = bound.exponent;
    }

    /*
     * One pass. Among equal loads it draws by weight: the k-th tie replaces the pick with probability w_k over the sum of
     * the tied weights so far (reservoir sampling), its random bits mixed from one draw.
     */
    @Override
    Endpoint pick(RequestContext request) {
      int best = -1;
      double least = Double.POSITIVE_INFINITY;
      double tied = 0;
      long bits = 0;
      for (int i = 0; i < endpoints.length; i++) {
        if (request.skips(endpoints[i])) {
          continue;
        }
        double weight = weights[i];
        double load = Load.of(endpoints[i], exponent) / weight;
        if (load < least || best < 0) {
          best = i;
          least = load;
          tied = weight;
        } else if (load == least) {
          bits = bits == 0 ? random.nextLong() : bits + GOLDEN_GAMMA;
          tied += weight;
          if ((Hashes.mix(bits) >>> 11) * 0x1p-53 * tied < weight) {
            best = i;
          }
        }
      }
      return best >= 0
          ? endpoints[best]
          : endpoints[Recipe.below(random.nextLong(), endpoints.length)];
    }
  }
}
