package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.Outcome;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What an attempt is expected to cost at each endpoint of a list, apart from what is in flight. */
final class ExpectedCosts {

  /*
   * The cost is sqrt(latency) * (1 + p)^2, with p for recent failures as in Load. The root, since the latency has what was in
   * flight in it already, so that their product would count it twice.
   *
   * Only failures that are faster than answers make a server look idle. Those that take long, timeouts above all, are in its
   * latency and in what is in flight. To count them again would take out servers that are merely overloaded, and what they
   * had would overload the next: so a server's failure rate counts for the part of its last failures that were fast.
   *
   * A failure rate fades within seconds, which is too soon where an endpoint is called once in ten seconds or less. So one
   * whose last attempt failed, sooner than an answer comes, costs twice as much until one succeeds.
   *
   * Latencies of servers that are equal in speed differ by chance. So what is below a floor counts as the floor: a quarter
   * above the median, while most are alike. Half of all endpoints at least are below it. If some are much slower (the mean
   * is far above the median) differences mean more, and the floor is half of the median. An endpoint that is idle for long
   * fades to nothing in the engine, and so comes back to the floor here: it is tried again, and no more than the others. One
   * without an answer yet is at the floor, too. The floor itself is by the latencies as they were before they faded, of those
   * that answered: else it would fall while calls are few, and who has just answered would look slow.
   *
   * Each attempt that ends sets the cost of its endpoint, if it changed by more than a little, so that threads seldom take
   * the line of the array from each other. The floor, and what fades, is read at intervals by whoever ends an attempt then;
   * of many endpoints a part. While one thread does so, others go on with what is there: the elements are independent of
   * each other, and each is written whole.
   */

  private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final double CHANCE = 1.25;
  private static final double TROUBLE = 1.2;
  private static final double FLOOR_IN_TROUBLE = 0.5;
  private static final float LITTLE = 0.03f;
  private static final float OF_LAST_FAILURE = 0.5f;
  private static final double FAILED_LAST = 2; // times the cost, of which latency is the square
  private static final VarHandle COST = MethodHandles.arrayElementVarHandle(float[].class);

  private final Endpoint[] endpoints;
  private final @Nullable Follower[] followers;
  private final RandomGenerator random;
  final float[] all; // the costs, to be read by get
  private final AtomicBoolean reading = new AtomicBoolean();
  private final float[] known; // of who reads
  private volatile long readAt;
  private volatile float floor = Float.NaN; // in nanoseconds

  /** Follows the endpoints from now on; their trackers tell no other list any more. */
  ExpectedCosts(Endpoint[] endpoints, RandomGenerator random, LongSupplier nanoTime) {
    this.endpoints = endpoints;
    this.random = random;
    this.all = new float[endpoints.length];
    this.known = new float[Math.min(endpoints.length, ShortestExpectedDelay.MOST)];
    this.readAt = nanoTime.getAsLong();
    this.followers = new Follower[endpoints.length];
    for (int i = 0; i < endpoints.length; i++) {
      if (endpoints[i].tracker() instanceof Follower follower) {
        followers[i] = follower;
        follower.place = new Place(this, i);
      }
    }
    float usual = usualLatency(0);
    floor = usual;
    read(0, all.length, usual);
  }

  float get(int index) {
    return get(all, index);
  }

  /** Reads one of {@link #all}, for whoever reads many. */
  static float get(float[] all, int index) {
    return (float) COST.getOpaque(all, index);
  }

  /** Whether an endpoint does not fail, and is as fast as any that chance would make so. */
  boolean isUsual(int index) {
    Endpoint endpoint = endpoints[index];
    return !(endpoint.latencyNanos() > floor) && penalty(index) == 0;
  }

  /** Whether the last attempt at an endpoint failed, sooner than an answer comes. */
  boolean failedLast(int index) {
    Follower follower = followers[index];
    return follower != null && follower.failedLast;
  }

  private void ended(int index, long now) {
    float known = get(index);
    float cost = cost(index, floor);
    if (Math.abs(cost - known) > LITTLE * known) {
      COST.setOpaque(all, index, cost);
    }
    if ((now - readAt >= INTERVAL_NANOS || Float.isNaN(floor))
        && reading.compareAndSet(false, true)) {
      try {
        readAt = now;
        readSome();
      } finally {
        reading.set(false);
      }
    }
  }

  private void readSome() {
    int rest = all.length - known.length;
    int from = rest == 0 ? 0 : Recipe.below(random.nextLong(), rest + 1);
    float usual = usualLatency(from);
    floor = usual;
    read(from, known.length, usual);
  }

  /** The latency up to which all count alike, by those from here on; NaN if none is known. */
  private float usualLatency(int from) {
    double sum = 0;
    int count = 0;
    for (int i = from; i < from + known.length; i++) {
      double nanos = measured(i);
      if (!Double.isNaN(nanos)) {
        known[count++] = (float) nanos;
        sum += nanos;
      }
    }
    if (count == 0) {
      return floor;
    }
    Arrays.sort(known, 0, count);
    double median = known[(count - 1) / 2];
    boolean trouble = sum / count > TROUBLE * median;
    return (float) (median * (trouble ? FLOOR_IN_TROUBLE : CHANCE));
  }

  /** The latency of an endpoint when it was last called, if that is known. */
  private double measured(int index) {
    Follower follower = followers[index];
    if (follower == null || (Float.isNaN(follower.measured) && !follower.failedLast)) {
      return endpoints[index].latencyNanos();
    }
    return follower.measured;
  }

  private void read(int from, int n, float usual) {
    for (int i = from; i < from + n; i++) {
      COST.setOpaque(all, i, cost(i, usual));
    }
  }

  private float cost(int index, float usual) {
    double latency = endpoints[index].latencyNanos();
    double counted = latency > usual ? latency : usual; // also if there is none yet
    double failing = 1 + penalty(index);
    counted *= failedLast(index) ? FAILED_LAST * FAILED_LAST : 1;
    return (float) ((Double.isNaN(counted) ? 1 : Math.sqrt(counted)) * failing * failing);
  }

  private double penalty(int index) {
    double rate = endpoints[index].failureRate();
    Follower follower = followers[index];
    return Load.penalty(follower == null || rate == 0 ? rate : rate * follower.fast);
  }

  /** Tells the list that was prepared last of what ended at an endpoint. */
  static final class Follower implements Chooser.Tracker {
    private volatile @Nullable Place place;
    private volatile float fast = 1; // the part of the last few failures that were
    private volatile boolean failedLast; // and that was fast
    private volatile float measured = Float.NaN; // the latency, before it fades

    @Override
    public void started(long now) {}

    @Override
    public void ended(Outcome outcome, long latencyNanos, long now) {
      Place listed = place;
      if (listed == null) {
        return;
      }
      if (outcome.failed()) {
        boolean slow = outcome == Outcome.TIMED_OUT || latencyNanos > listed.costs.floor;
        float last = fast;
        fast = last + ((slow ? 0 : 1) - last) * OF_LAST_FAILURE; // one of two at once may be lost
        failedLast = !slow;
      } else if (failedLast && outcome == Outcome.SUCCESS) {
        failedLast = false;
      }
      if (!failedLast && outcome != Outcome.REFUSED && outcome != Outcome.CANCELLED) {
        measured = (float) listed.costs.endpoints[listed.index].latencyNanos();
      }
      listed.costs.ended(listed.index, now);
    }
  }

  private record Place(ExpectedCosts costs, int index) {}
}
