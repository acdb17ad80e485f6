package io.evenload;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;

/** The counters of an endpoint that every attempt writes. */
abstract class EndpointLoad extends PaddingBeforeLoad {

  /*
   * Each of them is changed as one by compare-and-set (or get-and-add), so each is right on its own under any
   * interleaving; nothing relates them to one another. Only forgetOutcomes writes without looking: what is counted at
   * that very moment may be forgotten too. They lie together, since whoever writes one writes the others:
   * 49 bytes, which are on one cache line or, as objects begin at multiples of 8, on two. The padding before and after
   * keeps them from the lines of other endpoints and from the fields that choosers only read.
   *
   * The lower half of `slots` is the number in flight, the upper half counts its changes. So who takes a slot by
   * compare-and-set knows that none was taken or given back since it looked, and that the limit it computed meanwhile
   * still fits.
   *
   * Latency is an average with the time of its last sample, packed into one long: the upper 31 bits are a float in
   * nanoseconds without its sign, the lower 33 count units of 2^22 ns, about 4 ms, also where the clock overflows. Their
   * difference is right up to 208 days, and decay() lets no sample become as old: after a day without one its time is
   * moved on, since what is older than that is all the same. A time that lies ahead, as another thread's may, counts as no
   * time passed. A sample's weight is 1 - e^(-dt/tau), but at least MIN_SAMPLE_WEIGHT, so that under load the average is
   * that of about the last 20 samples.
   *
   * `silence` holds since when there was no answer, in units of 2^22 ns, and in the lower 22 bits how many attempts waited
   * in vain; it is 0 after any answer, which hardly ever writes. These 42 bits are all that such a time has. `heard` is
   * written by the first answer after a tick alone.
   */

  static final double LATENCY_DECAY_SECONDS = 10;
  static final double FAILURE_DECAY_SECONDS = 5;
  static final float FAILURE_SAMPLE_WEIGHT = 0.1f;
  static final double MIN_SAMPLE_WEIGHT = 0.05;

  private static final float NEGLIGIBLE_FAILURE_RATE = 0.001f;
  private static final int TICK_SHIFT = 22;
  private static final double SECONDS_PER_TICK = (1 << TICK_SHIFT) / 1e9;
  private static final int TIME_BITS = 33;
  private static final long TIME_MASK = (1L << TIME_BITS) - 1;
  private static final long OLD_TICKS = TimeUnit.DAYS.toNanos(1) >>> TICK_SHIFT;
  private static final double MIN_WEIGHT_SECONDS =
      -Math.log1p(-MIN_SAMPLE_WEIGHT) * LATENCY_DECAY_SECONDS;

  /** So many failures in a row, and nothing succeeds at the endpoint, for all that is known. */
  static final int ALL_FAILED = 100;

  private static final int MAX_FAILED = 1 << 20;
  private static final int COUNT_BITS = TICK_SHIFT; // what a time in ticks leaves
  private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

  private static final long ENTERED = (1L << 32) + 1;
  private static final long LEFT = (1L << 32) - 1;

  private static final VarHandle SLOTS;
  private static final VarHandle LATENCY;
  private static final VarHandle FAILURE_RATE;
  private static final VarHandle TALLY;
  private static final VarHandle FAILED_SINCE_SUCCESS;
  private static final VarHandle SILENCE;
  private static final VarHandle OUTCOMES;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      SLOTS = lookup.findVarHandle(EndpointLoad.class, "slots", long.class);
      LATENCY = lookup.findVarHandle(EndpointLoad.class, "latency", long.class);
      FAILURE_RATE = lookup.findVarHandle(EndpointLoad.class, "failureRate", float.class);
      TALLY = lookup.findVarHandle(EndpointLoad.class, "tally", long.class);
      FAILED_SINCE_SUCCESS =
          lookup.findVarHandle(EndpointLoad.class, "failedSinceSuccess", int.class);
      SILENCE = lookup.findVarHandle(EndpointLoad.class, "silence", long.class);
      OUTCOMES = lookup.findVarHandle(EndpointLoad.class, "outcomes", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long latency = packed(Float.NaN, 0);
  private volatile long slots;
  private volatile long tally = Tally.NONE;
  private volatile long silence;
  private volatile long outcomes = LastOutcomes.NONE;
  private volatile float failureRate;
  private volatile int failedSinceSuccess;
  private volatile boolean heard;

  public final int inFlight() {
    return inFlight(slots);
  }

  public final double latencyNanos() {
    return nanos(latency);
  }

  public final double failureRate() {
    return failureRate;
  }

  public final int unanswered() {
    return (int) (silence & COUNT_MASK);
  }

  /** How long ago the first of the {@link #unanswered} ended; 0 if there is none. */
  final double silentSeconds(long now) {
    long since = silence;
    long ticks =
        ((now >>> TICK_SHIFT) << COUNT_BITS) - (since & ~COUNT_MASK); // overflows as they do
    return since == 0 ? 0 : Math.max(0, ticks >> COUNT_BITS) * SECONDS_PER_TICK;
  }

  /** The attempts that failed since one succeeded, about a million at most. */
  final int failedSinceSuccess() {
    return failedSinceSuccess;
  }

  /** What is in flight, together with a mark of this moment, for {@link #tryEnter}. */
  final long slots() {
    return slots;
  }

  static int inFlight(long slots) {
    return (int) slots;
  }

  /** How many slots were taken and given back, modulo 2^31. */
  final int ended() {
    return ended(slots);
  }

  static int ended(long slots) {
    return ((int) (slots >>> 32) - inFlight(slots)) >>> 1;
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

  final long tally() {
    return tally;
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

  /**
   * The {@link LastOutcomes} of attempts that the server got; an abandoned one is among them as one
   * that was not good. What was refused is not, as no request is at fault for that.
   */
  final long outcomes() {
    return outcomes;
  }

  /** Forgets what the last attempts came to. */
  final void forgetLast() {
    outcomes = LastOutcomes.NONE;
  }

  /** Begins to count anew, the failures in a row too. */
  final void forgetOutcomes() {
    tally = Tally.NONE;
    answered();
  }

  /** There was an answer of some kind, or what there was not is forgotten. */
  final void answered() {
    if (silence != 0) {
      silence = 0;
    }
    if (!heard) {
      heard = true;
    }
  }

  /** Whether there was an answer since this was last asked; one of this very moment may be lost. */
  final boolean takeHeard() {
    boolean was = heard;
    heard = false;
    return was;
  }

  private void unanswered(long now) {
    long old;
    long next;
    do {
      old = silence;
      boolean first = old == 0;
      boolean most = (old & COUNT_MASK) == MAX_FAILED;
      next = first ? ((now >>> TICK_SHIFT) << COUNT_BITS) | 1 : most ? old : old + 1;
    } while (!SILENCE.compareAndSet(this, old, next));
  }

  /**
   * Takes the result of one attempt that was not cancelled. A failure never makes the latency look
   * better, and an abandoned attempt leaves the failure rate alone.
   */
  final void record(Outcome outcome, long latencyNanos, long now) {
    if (outcome != Outcome.ABANDONED) {
      boolean success = outcome == Outcome.SUCCESS;
      recordFailureRate(success);
      noteUnbroken(success);
    }
    if (outcome != Outcome.REFUSED) {
      remember(outcome == Outcome.SUCCESS);
    }
    recordAgain(outcome, latencyNanos, now);
  }

  /** Takes the result of an attempt that says nothing of failures here, but of time. */
  final void recordAgain(Outcome outcome, long latencyNanos, long now) {
    if (outcome.unanswered()) {
      unanswered(now);
    } else {
      answered();
    }
    sample(outcome, latencyNanos, now);
  }

  private void remember(boolean good) {
    long old;
    long next;
    do {
      old = outcomes;
      next = LastOutcomes.with(old, good);
    } while (next != old && !OUTCOMES.compareAndSet(this, old, next));
  }

  private void recordFailureRate(boolean success) {
    float rate;
    float next;
    do {
      rate = failureRate;
      next = rate + ((success ? 0 : 1) - rate) * FAILURE_SAMPLE_WEIGHT;
      if (next < NEGLIGIBLE_FAILURE_RATE) {
        next = 0;
      }
    } while (next != rate && !FAILURE_RATE.compareAndSet(this, rate, next));
  }

  /** One of two that end at once may be lost: a failure too few, or a success that was first. */
  private void noteUnbroken(boolean success) {
    int failed = failedSinceSuccess;
    if (success && failed != 0) {
      failedSinceSuccess = 0;
    } else if (!success && failed < MAX_FAILED) {
      FAILED_SINCE_SUCCESS.getAndAdd(this, 1);
    }
  }

  /** What does not count as a sample only notes that the endpoint is not idle. */
  private void sample(Outcome outcome, long latencyNanos, long now) {
    long time = now >>> TICK_SHIFT;
    long old;
    float mean;
    do {
      old = latency;
      mean = nanos(old);
      if (counts(outcome, latencyNanos, mean)) {
        mean =
            Float.isNaN(mean)
                ? latencyNanos
                : (float) (mean + (latencyNanos - mean) * sampleWeight(old, time));
      }
    } while (!LATENCY.compareAndSet(this, old, packed(mean, time)));
  }

  /** Whether it is a sample; a lower bound is one even if it is the first. */
  private static boolean counts(Outcome outcome, long latencyNanos, float mean) {
    return outcome == Outcome.SUCCESS
        || (outcome != Outcome.REFUSED && latencyNanos > mean)
        || (outcome.unanswered() && Float.isNaN(mean));
  }

  /**
   * Takes an endpoint whose attempts have all failed for as fast as the others are: it was seen,
   * and what failures take says nothing good of it. NaN changes nothing.
   */
  final void assume(double latencyNanos, long now) {
    long old = latency;
    if (Float.isNaN(nanos(old)) && !Double.isNaN(latencyNanos)) {
      LATENCY.compareAndSet(this, old, packed((float) latencyNanos, now >>> TICK_SHIFT));
    }
  }

  private static double sampleWeight(long packed, long time) {
    double seconds = ticksSince(packed, time) * SECONDS_PER_TICK;
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
    fade(seconds, now >>> TICK_SHIFT);
  }

  private void fade(double seconds, long time) {
    long old = latency;
    float nanos = nanos(old);
    if (Float.isNaN(nanos)) {
      return;
    }
    long ticks = ticksSince(old, time);
    boolean idle = inFlight() == 0 && ticks * SECONDS_PER_TICK >= seconds;
    float faded = (float) (nanos * (idle ? Math.exp(-seconds / LATENCY_DECAY_SECONDS) : 1));
    long next = packed(faded, ticks > OLD_TICKS ? time - OLD_TICKS : old);
    if (next != old) {
      LATENCY.compareAndSet(this, old, next); // if it fails, it is not idle
    }
  }

  private static long ticksSince(long packed, long time) {
    long passed = (time - packed) << (Long.SIZE - TIME_BITS);
    return Math.max(0, passed >> (Long.SIZE - TIME_BITS));
  }

  private static long packed(float nanos, long time) {
    return ((long) Float.floatToIntBits(nanos) << TIME_BITS) | (time & TIME_MASK);
  }

  private static float nanos(long packed) {
    return Float.intBitsToFloat((int) (packed >>> TIME_BITS));
  }
}

/**
 * Keeps what precedes an object on the heap off the cache lines (two, for the adjacent-line
 * prefetcher) of the counters. Single bytes, as the JVM fills a gap before longs with a smaller
 * field of a subclass, which then lies before the padding.
 */
@SuppressWarnings({"unused", "MultiVariableDeclaration"})
abstract class PaddingBeforeLoad {
  private byte b00, b01, b02, b03, b04, b05, b06, b07, b08, b09, b0a, b0b, b0c, b0d, b0e, b0f;
  private byte b10, b11, b12, b13, b14, b15, b16, b17, b18, b19, b1a, b1b, b1c, b1d, b1e, b1f;
  private byte b20, b21, b22, b23, b24, b25, b26, b27, b28, b29, b2a, b2b, b2c, b2d, b2e, b2f;
  private byte b30, b31, b32, b33, b34, b35, b36, b37, b38, b39, b3a, b3b, b3c, b3d, b3e, b3f;
  private byte b40, b41, b42, b43, b44, b45, b46, b47, b48, b49, b4a, b4b, b4c, b4d, b4e, b4f;
  private byte b50, b51, b52, b53, b54, b55, b56, b57, b58, b59, b5a, b5b, b5c, b5d, b5e, b5f;
  private byte b60, b61, b62, b63, b64, b65, b66, b67, b68, b69, b6a, b6b, b6c, b6d, b6e, b6f;
  private byte b70, b71, b72, b73, b74, b75, b76, b77, b78, b79, b7a, b7b, b7c, b7d, b7e, b7f;
}

/**
 * Keeps what choosers only read, and what follows on the heap, off the lines of the counters. A few
 * bytes more than two lines, as some may fill gaps before the counters.
 */
@SuppressWarnings({"unused", "MultiVariableDeclaration"})
abstract class PaddingAfterLoad extends EndpointLoad {
  private byte a00, a01, a02, a03, a04, a05, a06, a07, a08, a09, a0a, a0b, a0c, a0d, a0e, a0f;
  private byte a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a1a, a1b, a1c, a1d, a1e, a1f;
  private byte a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a2a, a2b, a2c, a2d, a2e, a2f;
  private byte a30, a31, a32, a33, a34, a35, a36, a37, a38, a39, a3a, a3b, a3c, a3d, a3e, a3f;
  private byte a40, a41, a42, a43, a44, a45, a46, a47, a48, a49, a4a, a4b, a4c, a4d, a4e, a4f;
  private byte a50, a51, a52, a53, a54, a55, a56, a57, a58, a59, a5a, a5b, a5c, a5d, a5e, a5f;
  private byte a60, a61, a62, a63, a64, a65, a66, a67, a68, a69, a6a, a6b, a6c, a6d, a6e, a6f;
  private byte a70, a71, a72, a73, a74, a75, a76, a77, a78, a79, a7a, a7b, a7c, a7d, a7e, a7f;
  private byte a80, a81, a82, a83, a84, a85, a86, a87, a88, a89, a8a, a8b, a8c, a8d, a8e, a8f;
}
