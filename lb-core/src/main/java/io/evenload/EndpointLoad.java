package io.evenload;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** The counters of an endpoint that every attempt writes. */
abstract class EndpointLoad extends EndpointLoadPadding {

  /*
   * Each of the four is one word, changed by compare-and-set (or get-and-add), so each is right on its own under any
   * interleaving; nothing relates them to one another. They share a cache line, since whoever writes one writes the
   * others; the padding before and after keeps them from the lines of other endpoints and from the fields that
   * choosers only read.
   *
   * The lower half of `slots` is the number in flight, the upper half counts its changes. So who takes a slot by
   * compare-and-set knows that none was taken or given back since it looked, and that the limit it computed meanwhile
   * still fits.
   *
   * Latency is an average with the time of its last sample, packed into one long: the upper half is a float in
   * nanoseconds (its 24 bits of precision are more than a mean of noisy samples has), the lower half counts units of
   * 2^20 ns, about a millisecond; their difference is right up to 26 days. A sample's weight is 1 - e^(-dt/tau), but at
   * least MIN_SAMPLE_WEIGHT, so that under load the average is that of about the last 20 samples.
   */

  static final double LATENCY_DECAY_SECONDS = 10;
  static final double FAILURE_DECAY_SECONDS = 5;
  static final float FAILURE_SAMPLE_WEIGHT = 0.1f;
  static final double MIN_SAMPLE_WEIGHT = 0.05;

  private static final float NEGLIGIBLE_FAILURE_RATE = 0.001f;
  private static final int TICK_SHIFT = 20;
  private static final double SECONDS_PER_TICK = (1 << TICK_SHIFT) / 1e9;
  private static final double MIN_WEIGHT_SECONDS =
      -Math.log1p(-MIN_SAMPLE_WEIGHT) * LATENCY_DECAY_SECONDS;

  private static final long ENTERED = (1L << 32) + 1;
  private static final long LEFT = (1L << 32) - 1;

  private static final VarHandle SLOTS;
  private static final VarHandle LATENCY;
  private static final VarHandle FAILURE_RATE;
  private static final VarHandle TALLY;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      SLOTS = lookup.findVarHandle(EndpointLoad.class, "slots", long.class);
      LATENCY = lookup.findVarHandle(EndpointLoad.class, "latency", long.class);
      FAILURE_RATE = lookup.findVarHandle(EndpointLoad.class, "failureRate", float.class);
      TALLY = lookup.findVarHandle(EndpointLoad.class, "tally", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long latency = packed(Float.NaN, 0);
  private volatile long slots;
  private volatile long tally = Tally.NONE;
  private volatile float failureRate;

  public final int inFlight() {
    return inFlight(slots);
  }

  public final double latencyNanos() {
    return nanos(latency);
  }

  public final double failureRate() {
    return failureRate;
  }

  /** What is in flight, together with a mark of this moment, for {@link #tryEnter}. */
  final long slots() {
    return slots;
  }

  static int inFlight(long slots) {
    return (int) slots;
  }

  /** Takes a slot. */
  final void enter() {
    SLOTS.getAndAdd(this, ENTERED);
  }

  /** Takes a slot, if none was taken or given back since these slots were read. */
  final boolean tryEnter(long seen) {
    return SLOTS.compareAndSet(this, seen, seen + ENTERED);
  }

  /** Gives a slot back. */
  final void leave() {
    SLOTS.getAndAdd(this, LEFT);
  }

  /** Counts one outcome; returns how many failures in a row there are now. */
  final int count(boolean success) {
    long old;
    long next;
    do {
      old = tally;
      next = Tally.with(old, success);
    } while (next != old && !TALLY.compareAndSet(this, old, next));
    return Tally.streak(next);
  }

  final int failuresInARow() {
    return Tally.streak(tally);
  }

  /** Returns what was counted since it was last taken; the failures in a row go on. */
  final long takeCounts() {
    long old;
    do {
      old = tally;
    } while (!TALLY.compareAndSet(this, old, Tally.streakOnly(old)));
    return old;
  }

  /** Begins to count anew, the failures in a row too. */
  final void forgetOutcomes() {
    tally = Tally.NONE;
  }

  /**
   * Takes the result of one attempt into the averages. A failure never makes the latency look
   * better.
   */
  final void record(boolean success, long latencyNanos, long now) {
    float rate;
    float next;
    do {
      rate = failureRate;
      next = rate + ((success ? 0 : 1) - rate) * FAILURE_SAMPLE_WEIGHT;
      if (next < NEGLIGIBLE_FAILURE_RATE) {
        next = 0;
      }
    } while (next != rate && !FAILURE_RATE.compareAndSet(this, rate, next));
    sample(success, latencyNanos, now);
  }

  /** A failure that would make the average better only notes that the endpoint is not idle. */
  private void sample(boolean success, long latencyNanos, long now) {
    int time = (int) (now >>> TICK_SHIFT);
    long old;
    float mean;
    do {
      old = latency;
      mean = nanos(old);
      if (success || latencyNanos > mean) {
        mean =
            Float.isNaN(mean)
                ? latencyNanos
                : (float) (mean + (latencyNanos - mean) * sampleWeight(old, time));
      }
    } while (!LATENCY.compareAndSet(this, old, packed(mean, time)));
  }

  private static double sampleWeight(long packed, int time) {
    double seconds = secondsSince(packed, time);
    return seconds <= MIN_WEIGHT_SECONDS
        ? MIN_SAMPLE_WEIGHT
        : -Math.expm1(-seconds / LATENCY_DECAY_SECONDS);
  }

  /** Lets time pass: called about once a second on the control path. */
  final void decay(double seconds, long now) {
    float rate;
    float calmer;
    do {
      rate = failureRate;
      calmer = (float) (rate * Math.exp(-seconds / FAILURE_DECAY_SECONDS));
      if (calmer < NEGLIGIBLE_FAILURE_RATE) {
        calmer = 0;
      }
    } while (calmer != rate && !FAILURE_RATE.compareAndSet(this, rate, calmer));
    long old = latency;
    boolean idle = inFlight() == 0 && secondsSince(old, (int) (now >>> TICK_SHIFT)) >= seconds;
    if (idle && !Float.isNaN(nanos(old))) {
      float faded = (float) (nanos(old) * Math.exp(-seconds / LATENCY_DECAY_SECONDS));
      LATENCY.compareAndSet(this, old, packed(faded, (int) old)); // if it fails, it is not idle
    }
  }

  private static double secondsSince(long packed, int time) {
    return Math.max(0, time - (int) packed) * SECONDS_PER_TICK;
  }

  private static long packed(float nanos, int time) {
    return ((long) Float.floatToIntBits(nanos) << 32) | (time & 0xffffffffL);
  }

  private static float nanos(long packed) {
    return Float.intBitsToFloat((int) (packed >>> 32));
  }
}

/**
 * Keeps what precedes an object on the heap off the cache lines (two, for the adjacent-line
 * prefetcher) of the counters.
 */
@SuppressWarnings({"unused", "MultiVariableDeclaration"})
abstract class EndpointLoadPadding {
  private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14, p15;
}
