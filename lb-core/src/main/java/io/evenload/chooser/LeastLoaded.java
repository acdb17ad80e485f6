package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;

/** Scan for the least load, see {@link Choosers#leastLoaded}. */
final class LeastLoaded extends Bound {

  /*
   * Endpoints of about one weight are scanned; of several such classes two are drawn, see WeightClasses.
   *
   * A few are drawn first, by weight: if one of them is idle, nothing is less loaded, and among those that are idle it is
   * drawn by weight, as ties are. So an idle service is not scanned.
   */

  /** How many are drawn in the hope for an idle one, before all are scanned. */
  private static final int DRAWS = 3;

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
    return new Scan(this, new WeightClasses(random, candidates));
  }

  private static final class Scan extends Prepared {
    private final double[] weights;
    private final double[] perAttempt;
    private final WeightClasses classes;
    private final double exponent;

    Scan(LeastLoaded bound, WeightClasses classes) {
      super(bound, classes.sorted);
      this.classes = classes;
      this.weights = classes.sorted.weights;
      this.perAttempt = Load.perAttempt(weights);
      this.exponent = bound.exponent;
    }

    @Override
    Endpoint pick(RequestContext request) {
      if (classes.count() == 1) {
        return endpoints[least(0, endpoints.length, request)];
      }
      long drawn = classes.drawTwo();
      int a = least(TwoDraws.first(drawn), request);
      if (TwoDraws.first(drawn) == TwoDraws.second(drawn)) {
        return endpoints[a];
      }
      int b = least(TwoDraws.second(drawn), request);
      if (request.skips(endpoints[a])) {
        return endpoints[b];
      }
      return Load.isLess(load(b), load(a)) && !request.skips(endpoints[b])
          ? endpoints[b]
          : endpoints[a];
    }

    private double load(int index) {
      return Load.of(endpoints[index], perAttempt[index], exponent);
    }

    private int least(int ofClass, RequestContext request) {
      return least(classes.start(ofClass), classes.end(ofClass), request);
    }

    /**
     * Returns the least loaded of these, by weight if there are several; the first if all are
     * skipped.
     */
    private int least(int from, int to, RequestContext request) {
      double heaviest = weights[to - 1];
      for (int i = 0; i < DRAWS; i++) {
        long bits = random.nextLong();
        int drawn = from + Recipe.below(bits, to - from);
        boolean byWeight = (bits & 0xffffffffL) * 0x1p-32 * heaviest <= weights[drawn];
        if (byWeight && load(drawn) == 0 && !request.skips(endpoints[drawn])) {
          return drawn;
        }
      }
      return scanned(from, to, request);
    }

    private int scanned(int from, int to, RequestContext request) {
      int best = from;
      double least = Double.POSITIVE_INFINITY;
      double tied = 0;
      for (int i = from; i < to; i++) {
        double load = load(i);
        if (load > least || request.skips(endpoints[i])) {
          continue;
        }
        if (load < least) {
          best = i;
          least = load;
          tied = 0;
        }
        tied += weights[i];
      }
      return tied == weights[best] ? best : drawn(from, to, least, tied, best, request);
    }

    /** Draws by weight one of those that are so little loaded still. */
    private int drawn(
        int from, int to, double least, double tied, int best, RequestContext request) {
      double left = (random.nextLong() >>> 11) * 0x1p-53 * tied;
      int last = best;
      for (int i = from; i < to && left >= 0; i++) {
        if (load(i) <= least && !request.skips(endpoints[i])) {
          left -= weights[i];
          last = i;
        }
      }
      return last;
    }
  }
}
