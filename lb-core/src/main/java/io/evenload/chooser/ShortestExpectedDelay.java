package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;
import java.util.function.LongSupplier;

/** The endpoint at which a request is done first, see {@link Choosers#shortestExpectedDelay}. */
final class ShortestExpectedDelay extends Bound {

  /*
   * A scan for the least expected delay: what is in flight, times what each is expected to cost (ExpectedCosts). Endpoints of
   * about one weight are a class; of several, two are drawn, see WeightClasses. Of a class of up to MOST all are compared, of
   * a larger one SAMPLE that are drawn. The scan begins at a random place, so that ties go to anyone.
   *
   * A few are drawn first, by weight: one that is idle, and as fast as any that chance would make so, is not beaten by a
   * difference that means something. So while a service is idle nobody gets more than twice its share for being a little
   * faster than the others, shares are those of the weights, many clients of few calls do not all rush to the same server,
   * and nothing is scanned.
   *
   * What a scan costs is mostly the misses of the caches: the counters of each endpoint have lines of their own. So only what
   * is in flight is read there; the costs lie side by side, and change when an attempt ends.
   */

  static final Chooser RECIPE = new Recipe("shortestExpectedDelay", ShortestExpectedDelay::new);

  /** Up to so many are all compared: what more would bring is less than what it costs. */
  static final int MOST = 32;

  /** How many are drawn where there are more. */
  private static final int SAMPLE = 8;

  /** How many are drawn in the hope for an idle one, before others are compared. */
  private static final int DRAWS = 3;

  private final LongSupplier nanoTime;

  private ShortestExpectedDelay(Environment environment) {
    super(environment);
    this.nanoTime = environment.nanoTime();
  }

  @Override
  public Tracker track(Endpoint endpoint) {
    return new ExpectedCosts.Follower();
  }

  @Override
  Prepared prepare(Candidates candidates) {
    return new Scan(this, new WeightClasses(random, candidates));
  }

  private static final class Scan extends Prepared {
    private final WeightClasses classes;
    private final double[] weights;
    private final double[] perAttempt;
    private final ExpectedCosts costs;

    Scan(ShortestExpectedDelay bound, WeightClasses classes) {
      super(bound, classes.sorted);
      this.classes = classes;
      this.weights = classes.sorted.weights;
      this.perAttempt = Load.perAttempt(weights);
      this.costs = new ExpectedCosts(endpoints, random, bound.nanoTime);
    }

    @Override
    Endpoint pick(RequestContext request) {
      if (endpoints.length == 1) {
        return endpoints[0];
      }
      if (classes.count() == 1) {
        return endpoints[best(0, request)];
      }
      long drawn = classes.drawTwo();
      int a = best(TwoDraws.first(drawn), request);
      if (TwoDraws.first(drawn) == TwoDraws.second(drawn)) {
        return endpoints[a];
      }
      int b = best(TwoDraws.second(drawn), request);
      if (request.skips(endpoints[a])) {
        return endpoints[b];
      }
      return Load.isLess(delay(b), delay(a)) && !request.skips(endpoints[b])
          ? endpoints[b]
          : endpoints[a];
    }

    private double delay(int index) {
      return costs.get(index) * (1 + endpoints[index].inFlight() * perAttempt[index]);
    }

    /** Returns the best of a class; if all are skipped, any. */
    private int best(int ofClass, RequestContext request) {
      int from = classes.start(ofClass);
      int n = classes.end(ofClass) - from;
      double heaviest = weights[from + n - 1];
      for (int i = 0; i < DRAWS; i++) {
        long bits = random.nextLong();
        int drawn = from + Recipe.below(bits, n);
        boolean byWeight = (bits & 0xffffffffL) * 0x1p-32 * heaviest <= weights[drawn];
        if (byWeight && isIdle(drawn) && !request.skips(endpoints[drawn])) {
          return drawn;
        }
      }
      long bits = random.nextLong();
      return n <= MOST ? scanned(from, n, bits, request) : sampled(from, n, bits, request);
    }

    private boolean isIdle(int index) {
      return endpoints[index].inFlight() == 0 && costs.isUsual(index);
    }

    private int scanned(int from, int n, long bits, RequestContext request) {
      int best = from + Recipe.below(bits, n);
      int next = best;
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < n; i++) {
        double delay = delay(next);
        if (delay < least && !request.skips(endpoints[next])) {
          best = next;
          least = delay;
        }
        next = next + 1 == from + n ? from : next + 1;
      }
      return best;
    }

    private int sampled(int from, int n, long firstBits, RequestContext request) {
      long bits = firstBits;
      int best = from + Recipe.below(bits, n);
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < SAMPLE; i++) {
        int next = from + Recipe.below(bits, n);
        double delay = delay(next);
        if (delay < least && !request.skips(endpoints[next])) {
          best = next;
          least = delay;
        }
        bits = (i & 1) == 0 ? bits << 32 : random.nextLong();
      }
      return best;
    }
  }
}
