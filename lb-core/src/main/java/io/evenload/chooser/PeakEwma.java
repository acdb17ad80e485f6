package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The less costly of two distinct random endpoints, see {@link Choosers#peakEwma}. */
final class PeakEwma extends Bound {

  /*
   * The cost of an endpoint is a peak-sensitive moving average of its latency: a higher sample replaces it at once, a
   * lower one blends in with the weight 1 - e^(-dt/tau). While nothing is in flight it decays as if samples of 0 came.
   * The load is
   *
   *   cost * (1 + pending / weight) * (1 + p),   weights scaled to a mean of 1, p for recent failures as in Load.
   *
   * Finagle has cost * (pending + 1); with pending / weight, and candidates drawn by weight, an idle service is shared by
   * weight and a busy one too. An endpoint without a sample is taken to cost what the other candidate costs: on average
   * that is the mean of the pool, and there is no shared state to compute it in. A fixed first guess would starve it, and
   * zero would send everyone there.
   */

  private final double decayNanos;
  private final LongSupplier nanoTime;

  private PeakEwma(Environment environment, double decayNanos) {
    super(environment);
    this.decayNanos = decayNanos;
    this.nanoTime = environment.nanoTime();
  }

  static Chooser recipe(long decayNanos) {
    return new Recipe("peakEwma", environment -> new PeakEwma(environment, decayNanos));
  }

  @Override
  public Tracker track(Server server) {
    return new Cost(decayNanos);
  }

  @Override
  Prepared prepare(Candidates candidates) {
    return new TwoCosts(this, candidates);
  }

  private static final class TwoCosts extends Prepared {
    private final TwoDraws draws;
    private final @Nullable Cost[] costs;
    private final double[] inverseWeights;
    private final LongSupplier nanoTime;

    TwoCosts(PeakEwma bound, Candidates candidates) {
      super(bound, candidates);
      this.nanoTime = bound.nanoTime;
      this.draws = new TwoDraws(random, candidates);
      this.costs = new Cost[endpoints.length];
      this.inverseWeights = new double[endpoints.length];
      double sum = 0;
      for (double weight : candidates.weights) {
        sum += weight;
      }
      for (int i = 0; i < costs.length; i++) {
        costs[i] = endpoints[i].tracker() instanceof Cost cost ? cost : null;
        inverseWeights[i] = sum / endpoints.length / candidates.weights[i];
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
      if (request.skips(first)) {
        return second;
      }
      long now = nanoTime.getAsLong();
      int firstPending = first.inFlight();
      int secondPending = second.inFlight();
      float firstCost = cost(a, firstPending, now);
      float secondCost = cost(b, secondPending, now);
      boolean known = !Float.isNaN(firstCost) && !Float.isNaN(secondCost);
      double firstLoad = load(first, a, firstPending) * (known ? firstCost : 1);
      double secondLoad = load(second, b, secondPending) * (known ? secondCost : 1);
      return secondLoad < firstLoad && !request.skips(second) ? second : first;
    }

    private float cost(int index, int pending, long now) {
      Cost cost = costs[index];
      return cost == null ? Float.NaN : cost.nanos(pending, now);
    }

    private double load(Endpoint endpoint, int index, int pending) {
      double penalty = Load.penalty(endpoint.failureRate());
      return (1 + (pending + penalty) * inverseWeights[index]) * (1 + penalty);
    }
  }

  /** The peak-sensitive average of one endpoint's latency. */
  static final class Cost implements Tracker {

    /*
     * One long, changed by compare-and-set: in the upper half the average in nanoseconds as a float, in the lower half the
     * time of the last sample in units of 2^20 ns. So an average and its time always belong together. A time that lies
     * ahead, as another thread's may, counts as no time passed.
     */

    private static final int TICK_SHIFT = 20;
    private static final double NANOS_PER_TICK = 1 << TICK_SHIFT;
    private static final VarHandle STATE;

    static {
      try {
        STATE = MethodHandles.lookup().findVarHandle(Cost.class, "state", long.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private final double decayNanos;
    private volatile long state = packed(Float.NaN, 0);

    Cost(double decayNanos) {
      this.decayNanos = decayNanos;
    }

    /** The average; NaN before the first sample. It fades while nothing is pending. */
    float nanos(int pending, long now) {
      long seen = state;
      float nanos = average(seen);
      int ticks = ticks(seen, now);
      return pending > 0 || ticks == 0 ? nanos : (float) (nanos * decay(ticks));
    }

    @Override
    public void started(long now) {}

    /**
     * Takes a sample; a failure counts only if it makes the average worse, and a cancelled attempt
     * not at all.
     */
    @Override
    public void ended(Outcome outcome, long latencyNanos, long now) {
      if (outcome == Outcome.CANCELLED) {
        return;
      }
      long seen;
      float nanos;
      do {
        seen = state;
        nanos = average(seen);
        if (outcome == Outcome.FAILURE && !(latencyNanos > nanos)) {
          return;
        }
        int ticks = ticks(seen, now);
        boolean peak = !(latencyNanos < nanos);
        if (!peak && ticks == 0) {
          return; // no time passed in which the average could have fallen
        }
        nanos =
            peak ? latencyNanos : (float) (latencyNanos + (nanos - latencyNanos) * decay(ticks));
      } while (!STATE.compareAndSet(this, seen, packed(nanos, (int) (now >>> TICK_SHIFT))));
    }

    private double decay(int ticks) {
      return Math.exp(-ticks * NANOS_PER_TICK / decayNanos);
    }

    private static int ticks(long packed, long now) {
      return Math.max(0, (int) (now >>> TICK_SHIFT) - (int) packed);
    }

    private static float average(long packed) {
      return Float.intBitsToFloat((int) (packed >>> 32));
    }

    private static long packed(float nanos, int time) {
      return ((long) Float.floatToRawIntBits(nanos) << 32) | (time & 0xffffffffL);
    }
  }
}
