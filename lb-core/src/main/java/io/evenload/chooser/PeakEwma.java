package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The less costly of two random endpoints, see {@link Choosers#peakEwma}. */
final class PeakEwma extends Bound {

  /*
   * The cost of an endpoint is a peak-sensitive moving average of its latency: a higher sample replaces it at once, a
   * lower one blends in with the weight 1 - e^(-dt/tau). The load is
   *
   *   cost * (1 + pending * mean weight / weight + p) * (1 + p),   p for recent failures as in Load,
   *
   * and of two endpoints drawn by TwoDraws, the one with less load is taken. So much is Finagle's, whose load is
   * cost * (pending + 1). Two things differ, since between endpoints that are equal in speed costs differ by chance, and
   * not evenly: of many samples the highest is higher, so the heavier endpoint looks slower.
   *
   * Where both are equally busy, as in an idle service, costs tilt the odds only, to the inverse of their squares, unless
   * one is CLEAR times the other. And what is known grows old: while an endpoint has nothing pending, the higher of the two
   * costs fades to the lower one, with tau. With Finagle it fades to nothing, so whoever is idle for long looks fast.
   *
   * An endpoint without a sample is taken to cost what the other candidate costs: on average that is the mean of the pool.
   * A fixed first guess would starve it, and zero would send everyone there. One that failed before its first success is
   * taken to cost the mean of the others from then on, or what the failure took, if that is more.
   */

  /**
   * A cost of which fewer than one in a hundred are due to chance, whatever latencies are spread
   * like.
   */
  private static final double CLEAR = 4;

  private final double decayNanos;
  private final LongSupplier nanoTime;
  private volatile @Nullable Cost[] listed = {};

  private PeakEwma(Environment environment, double decayNanos) {
    super(environment);
    this.decayNanos = decayNanos;
    this.nanoTime = environment.nanoTime();
  }

  static Chooser recipe(long decayNanos) {
    return new Recipe("peakEwma", environment -> new PeakEwma(environment, decayNanos));
  }

  @Override
  public Tracker track(Endpoint endpoint) {
    return new Cost(decayNanos, this);
  }

  @Override
  Prepared prepare(Candidates candidates) {
    TwoCosts prepared = new TwoCosts(this, candidates);
    listed = prepared.costs;
    return prepared;
  }

  /** The mean cost of those endpoints of the latest list that have one; NaN if none has. */
  private double meanNanos() {
    double sum = 0;
    int known = 0;
    for (Cost cost : listed) {
      float nanos = cost == null ? Float.NaN : cost.nanos();
      if (!Float.isNaN(nanos)) {
        sum += nanos;
        known++;
      }
    }
    return sum / known;
  }

  private static final class TwoCosts extends Prepared {
    private final TwoDraws draws;
    private final @Nullable Cost[] costs;
    private final double[] perAttempt;
    private final LongSupplier nanoTime;

    TwoCosts(PeakEwma bound, Candidates candidates) {
      super(bound, candidates);
      this.nanoTime = bound.nanoTime;
      this.draws = new TwoDraws(random, candidates.weights, candidates.equalWeights);
      this.perAttempt = Load.perAttempt(candidates.weights);
      this.costs = new Cost[endpoints.length];
      for (int i = 0; i < costs.length; i++) {
        costs[i] = endpoints[i].tracker() instanceof Cost cost ? cost : null;
      }
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
      if (a == b || request.skips(second)) {
        return first;
      }
      if (request.skips(first)) {
        return second;
      }
      int firstPending = first.inFlight();
      int secondPending = second.inFlight();
      double ratio = costRatio(costs[a], firstPending, costs[b], secondPending);
      double firstBusy = busy(first, firstPending * perAttempt[a]);
      double secondBusy = busy(second, secondPending * perAttempt[b]);
      boolean takesSecond =
          firstBusy == secondBusy ? isDrawn(ratio) : Load.isLess(secondBusy * ratio, firstBusy);
      return takesSecond ? second : first;
    }

    private static double busy(Endpoint endpoint, double pending) {
      return Load.penalized(1 + pending, Load.penalty(endpoint.failureRate()));
    }

    /** What the second costs, relative to the first; 1 if nothing is known of either. */
    private double costRatio(
        @Nullable Cost first, int firstPending, @Nullable Cost second, int secondPending) {
      if (first == null || second == null) {
        return 1;
      }
      long now = nanoTime.getAsLong();
      double ratio = (double) second.nanos() / first.nanos();
      if (ratio == 1 || Double.isNaN(ratio)) {
        return 1;
      }
      double known = Math.min(first.known(firstPending, now), second.known(secondPending, now));
      return ratio > 1 ? 1 + (ratio - 1) * known : 1 / (1 + (1 / ratio - 1) * known);
    }

    /** Whether the second of two that are equally busy is taken, which costs so much more. */
    private boolean isDrawn(double ratio) {
      if (ratio == 1 || ratio > CLEAR || ratio < 1 / CLEAR) {
        return ratio < 1 / CLEAR;
      }
      return (random.nextLong() >>> 11) * 0x1p-53 * (1 + ratio * ratio) < 1;
    }
  }

  /** The peak-sensitive average of one endpoint's latency. */
  static final class Cost implements Tracker {

    /*
     * One long, changed by compare-and-set: in the upper 24 bits the average in nanoseconds, a float without its sign and
     * the last 7 bits of its fraction; in the lower 40 the time of the last sample in units of 2^20 ns, about a millisecond.
     * So an average and its time always belong together. Differences of times are right up to 18 years, also where the
     * clock overflows. A time that lies ahead, as another thread's may, counts as no time passed.
     */

    private static final int TICK_SHIFT = 20;
    private static final double NANOS_PER_TICK = 1 << TICK_SHIFT;
    private static final int TIME_BITS = 40;
    private static final long TIME_MASK = (1L << TIME_BITS) - 1;
    private static final int DROPPED_BITS = 7;
    private static final VarHandle STATE;

    static {
      try {
        STATE = MethodHandles.lookup().findVarHandle(Cost.class, "state", long.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private final double decayNanos;
    private final @Nullable PeakEwma pool;
    private volatile long state = packed(Float.NaN, 0);

    Cost(double decayNanos) {
      this(decayNanos, null);
    }

    private Cost(double decayNanos, @Nullable PeakEwma pool) {
      this.decayNanos = decayNanos;
      this.pool = pool;
    }

    /** The average; NaN before the first sample. */
    float nanos() {
      return average(state);
    }

    /** How much of the average is still known: 1, and less the longer nothing is pending. */
    double known(int pending, long now) {
      long ticks = pending > 0 ? 0 : ticks(state, now);
      return ticks == 0 ? 1 : decay(ticks);
    }

    /** The average, faded to 0 as far as it is not known any more. */
    float nanos(int pending, long now) {
      return (float) (nanos() * known(pending, now));
    }

    @Override
    public void started(long now) {}

    /**
     * Takes a sample; a failure or an abandoned attempt counts only if it makes the average worse,
     * a refused one as if it took no time, and a cancelled one not at all.
     */
    @Override
    public void ended(Outcome outcome, long latencyNanos, long now) {
      if (outcome == Outcome.CANCELLED) {
        return;
      }
      long sample = outcome == Outcome.REFUSED ? 1 : Math.max(1, latencyNanos); // costs are divided
      long seen;
      float next;
      do {
        seen = state;
        next = outcome == Outcome.SUCCESS ? after(seen, sample, now) : failed(seen, sample);
        if (Float.isNaN(next)) {
          return;
        }
      } while (!STATE.compareAndSet(this, seen, packed(next, now)));
    }

    /** The average after a success; NaN if it stays. */
    private float after(long seen, long latencyNanos, long now) {
      float nanos = average(seen);
      if (!(latencyNanos < nanos)) {
        return latencyNanos;
      }
      long ticks = ticks(seen, now);
      return ticks == 0 // no time passed in which it could have fallen
          ? Float.NaN
          : (float) (latencyNanos + (nanos - latencyNanos) * decay(ticks));
    }

    /** The average after a failure; NaN if it stays. */
    private float failed(long seen, long latencyNanos) {
      float nanos = average(seen);
      if (Float.isNaN(nanos) && pool != null) {
        return (float)
            Math.max(pool.meanNanos(), (double) latencyNanos); // NaN if no other is known
      }
      return latencyNanos > nanos ? latencyNanos : Float.NaN;
    }

    private double decay(long ticks) {
      return Math.exp(-ticks * NANOS_PER_TICK / decayNanos);
    }

    private static long ticks(long packed, long now) {
      long passed = ((now >>> TICK_SHIFT) - packed) << (Long.SIZE - TIME_BITS);
      return Math.max(0, passed >> (Long.SIZE - TIME_BITS));
    }

    private static float average(long packed) {
      return Float.intBitsToFloat((int) (packed >>> TIME_BITS) << DROPPED_BITS);
    }

    private static long packed(float nanos, long now) {
      int rounded = (Float.floatToIntBits(nanos) + (1 << (DROPPED_BITS - 1))) >>> DROPPED_BITS;
      return ((long) rounded << TIME_BITS) | ((now >>> TICK_SHIFT) & TIME_MASK);
    }
  }
}
