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
   * One is drawn first, by weight: if it is idle, and as fast as any that chance would make so, it is not beaten by a
   * difference that means something. So while a service is idle, and latencies are alike, nobody gets more than twice its share
   * for being a little faster than the others, shares are those of the weights, many clients of few calls do not all rush to
   * the same server, and nothing is scanned. One whose last attempt failed is taken a quarter of the times.
   *
   * What a scan costs is mostly the misses of the caches: the counters of each endpoint have lines of their own. So only what
   * is in flight is read there; the costs lie side by side, and change when an attempt ends. And it is branches that nobody
   * can predict: so delays are compared as numbers that have their place in the lower half, with no branch.
   */

  static final Chooser RECIPE = new Recipe("shortestExpectedDelay", ShortestExpectedDelay::new);

  /** Up to so many are all compared: what more would bring is less than what it costs. */
  static final int MOST = 32;

  /** How many are drawn where there are more. */
  private static final int SAMPLE = 8;

  /** How many are drawn until one is taken by its weight; each fails one time in five at most. */
  private static final int DRAWS = 8;

  /** One of so many that are drawn after they failed gets another attempt. */
  private static final int AGAIN = 4;

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
    private final float[] perAttempt;
    private final ExpectedCosts costs;

    Scan(ShortestExpectedDelay bound, WeightClasses classes) {
      super(bound, classes.sorted);
      this.classes = classes;
      this.weights = classes.sorted.weights;
      this.perAttempt = narrowed(Load.perAttempt(weights));
      this.costs = new ExpectedCosts(endpoints, random, bound.nanoTime);
    }

    private static float[] narrowed(double[] values) {
      float[] narrowed = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        narrowed[i] = (float) Math.min(Float.MAX_VALUE, values[i]);
      }
      return narrowed;
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

    private float delay(int index) {
      return costs.get(index) * (1 + endpoints[index].inFlight() * perAttempt[index]);
    }

    /** Returns the best of a class; if all are skipped, any. */
    private int best(int ofClass, RequestContext request) {
      int from = classes.start(ofClass);
      int n = classes.end(ofClass) - from;
      int drawn = drawn(from, n);
      if (isIdle(drawn)
          && !request.skips(endpoints[drawn])
          && (!costs.failedLast(drawn) || Recipe.below(random.nextLong(), AGAIN) == 0)) {
        return drawn;
      }
      int found = n <= MOST ? least(from, n, random.nextLong()) : leastOfSome(from, n);
      return request.skips(endpoints[found]) ? leastNotSkipped(from, n, request) : found;
    }

    /** Draws by weight; after a few draws, any. */
    private int drawn(int from, int n) {
      double heaviest = weights[from + n - 1];
      int drawn = from;
      for (int i = 0; i < DRAWS; i++) {
        long bits = random.nextLong();
        drawn = from + Recipe.below(bits, n);
        if ((bits & 0xffffffffL) * 0x1p-32 * heaviest <= weights[drawn]) {
          return drawn;
        }
      }
      return drawn;
    }

    private boolean isIdle(int index) {
      return endpoints[index].inFlight() == 0 && costs.isUsual(index);
    }

    private int least(int from, int n, long bits) {
      int first = Recipe.below(bits, n);
      long least = lesser(least(from + first, from + n, 0), least(from, from + first, n - first));
      int found = first + (int) least;
      return from + (found < n ? found : found - n);
    }

    /**
     * The least delay of those from here until there, with its place, of which this is the first.
     */
    private long least(int begin, int end, int place) {
      // Fields would be read again after each volatile read, and one chain of comparisons would
      // wait for itself.
      Endpoint[] endpoints = this.endpoints;
      float[] perAttempt = this.perAttempt;
      float[] known = costs.all;
      long one = Long.MAX_VALUE;
      long other = Long.MAX_VALUE;
      int i = begin;
      int shift = place - begin;
      for (; i < end - 1; i += 2) {
        int j = i + 1;
        float delay = ExpectedCosts.get(known, i) * (1 + endpoints[i].inFlight() * perAttempt[i]);
        float next = ExpectedCosts.get(known, j) * (1 + endpoints[j].inFlight() * perAttempt[j]);
        one = lesser(one, ordered(delay, i + shift));
        other = lesser(other, ordered(next, j + shift));
      }
      if (i < end) {
        one = lesser(one, ordered(delay(i), i + shift));
      }
      return lesser(one, other);
    }

    private int leastOfSome(int from, int n) {
      long least = Long.MAX_VALUE;
      for (int i = 0; i < SAMPLE; i += 2) {
        long bits = random.nextLong();
        int one = from + Recipe.below(bits, n);
        int other = from + Recipe.below(bits << 32, n);
        least = lesser(least, ordered(delay(one), one));
        least = lesser(least, ordered(delay(other), other));
      }
      return (int) least;
    }

    /** A delay and who has it, in one: in the order of the delays, which are not negative. */
    private static long ordered(float delay, int who) {
      return ((long) Float.floatToRawIntBits(delay) << 32) | who;
    }

    /** The lesser of two that are not negative, where {@code Math.min} would branch. */
    private static long lesser(long one, long other) {
      long more = other - one;
      return one + (more & (more >> (Long.SIZE - 1)));
    }

    /** The same with a look at what the request skips, which it hardly ever does. */
    private int leastNotSkipped(int from, int n, RequestContext request) {
      int next = from + Recipe.below(random.nextLong(), n);
      int best = next;
      float least = Float.POSITIVE_INFINITY;
      for (int i = 0; i < n; i++) {
        float delay = delay(next);
        if (delay < least && !request.skips(endpoints[next])) {
          best = next;
          least = delay;
        }
        next = next + 1 == from + n ? from : next + 1;
      }
      return best;
    }
  }
}
