package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Scan for the least load, see {@link Choosers#leastLoaded}. */
final class LeastLoaded extends Bound {

  /*
   * A scan of all for the least load per weight does not keep shares: of the weights 100 and 1, each time that the heavy one
   * has anything in flight, an idle light one is less loaded, and gets the next request. So endpoints of about one weight
   * are a class, which is scanned; of several classes, two are drawn by their weights (see TwoDraws), and the less loaded of
   * their least loaded endpoints is taken. So no class gets more than twice its share, and within one, endpoints are alike.
   *
   * A few are drawn first, by weight: if one of them is idle, nothing is less loaded, and among those that are idle it is
   * drawn by weight, as ties are. So an idle service is not scanned.
   */

  /** How much heavier than the lightest of its class an endpoint may be. */
  private static final double CLASS_WIDTH = 1.25;

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
    int[] byWeight =
        IntStream.range(0, candidates.weights.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> candidates.weights[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    return new Scan(this, candidates.equalWeights ? candidates : candidates.ordered(byWeight));
  }

  private static final class Scan extends Prepared {
    private final double[] weights;
    private final double[] perAttempt;
    private final int[] starts; // of the classes, and the end of the last
    private final TwoDraws draws; // of classes; without meaning if there is one only
    private final double exponent;

    Scan(LeastLoaded bound, Candidates sorted) {
      super(bound, sorted);
      this.weights = sorted.weights;
      this.perAttempt = Load.perAttempt(weights);
      this.starts = starts(weights);
      this.draws = new TwoDraws(random, sums(weights, starts), false);
      this.exponent = bound.exponent;
    }

    @Override
    Endpoint pick(RequestContext request) {
      if (starts.length == 2) {
        return endpoints[least(0, endpoints.length, request)];
      }
      long drawn = draws.next();
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
      return least(starts[ofClass], starts[ofClass + 1], request);
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

    private static int[] starts(double[] weights) {
      List<Integer> starts = new ArrayList<>(List.of(0));
      for (int i = 1; i < weights.length; i++) {
        if (weights[i] > weights[starts.get(starts.size() - 1)] * CLASS_WIDTH) {
          starts.add(i);
        }
      }
      starts.add(weights.length);
      return starts.stream().mapToInt(Integer::intValue).toArray();
    }

    private static double[] sums(double[] weights, int[] starts) {
      double[] sums = new double[starts.length - 1];
      for (int c = 0; c < sums.length; c++) {
        for (int i = starts[c]; i < starts[c + 1]; i++) {
          sums[c] += weights[i];
        }
      }
      return sums;
    }
  }
}
