package io.evenload.limit;

import io.evenload.Gate;
import io.evenload.Outcome;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** At most so many attempts at once at one endpoint. */
final class ConcurrencyGate implements Gate {

  /*
   * Admission is a compare-and-set of the count against the limit as read just before, so the count exceeds a limit only
   * after that has fallen, until enough attempts have ended.
   *
   * What ended is summed up in one long, so that it is read and reset as a whole: attempts in the lowest 12 bits, dropped
   * ones in the next 12, and microseconds above. A window takes 4,000 attempts, of a minute at most each, so nothing
   * overflows; what comes beyond is left out. Whoever finds the window over, and `computing` free, computes the limit;
   * `exactLimit` and the rule's state are touched by him alone. A window lasts as long as an attempt of the one before it
   * did on average, so that much of what it saw began under the limit that it judges; attempts that began before count too.
   *
   * The unused fields before the others keep this gate's counts off the cache line of whatever lies before it.
   */

  static final long MIN_WINDOW_NANOS = 100_000_000;
  static final long LONG_WINDOW_NANOS = 1_000_000_000; // that of a few attempts
  static final int ENOUGH = 10;

  private static final int MOST = 4_000;
  private static final int BITS = 12;
  private static final int MASK = (1 << BITS) - 1;
  private static final long MOST_MICROS = 60_000_000;

  private static final VarHandle IN_FLIGHT;
  private static final VarHandle ENDED;
  private static final VarHandle PEAK;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      IN_FLIGHT = lookup.findVarHandle(ConcurrencyGate.class, "inFlight", int.class);
      ENDED = lookup.findVarHandle(ConcurrencyGate.class, "ended", long.class);
      PEAK = lookup.findVarHandle(ConcurrencyGate.class, "peak", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings({"unused", "MultiVariableDeclaration"})
  private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14, p15;

  private final LongSupplier nanoTime;
  private final int min;
  private final int max;
  private final @Nullable LimitRule rule; // null: the limit is fixed
  private final AtomicBoolean computing = new AtomicBoolean();
  private volatile int inFlight;
  private volatile int limit;
  private volatile int peak;
  private volatile long ended;
  private volatile long windowStart;
  private volatile long windowNanos = MIN_WINDOW_NANOS;
  private double exactLimit;

  ConcurrencyGate(LongSupplier nanoTime, int limit) {
    this(nanoTime, limit, limit, limit, null);
  }

  ConcurrencyGate(LongSupplier nanoTime, int initial, int min, int max, @Nullable LimitRule rule) {
    this.nanoTime = nanoTime;
    this.min = min;
    this.max = max;
    this.rule = rule;
    this.limit = initial;
    this.exactLimit = initial;
    this.windowStart = nanoTime.getAsLong();
  }

  int limit() {
    return limit;
  }

  int inFlight() {
    return inFlight;
  }

  @Override
  public boolean open() {
    return true; // being full is no state: it changes with every attempt
  }

  @Override
  public boolean tryAcquire() {
    while (true) {
      int count = inFlight;
      if (count >= limit) {
        return false;
      }
      if (IN_FLIGHT.compareAndSet(this, count, count + 1)) {
        if (rule != null && count >= peak) {
          raisePeak(count + 1);
        }
        return true;
      }
    }
  }

  @Override
  public boolean full() {
    return inFlight >= limit; // which changes only when an attempt ends
  }

  private void raisePeak(int count) {
    for (int known = peak; known < count; known = peak) {
      if (PEAK.compareAndSet(this, known, count)) {
        return;
      }
    }
  }

  @Override
  public void release(Outcome outcome, long latencyNanos) {
    if (rule != null && outcome != Outcome.CANCELLED) {
      if (rule.counts(outcome, latencyNanos)) {
        add(rule.dropped(outcome, latencyNanos), latencyNanos);
      }
      compute(rule);
    }
    int unused = (int) IN_FLIGHT.getAndAdd(this, -1);
  }

  private void add(boolean dropped, long latencyNanos) {
    long micros = Math.min(MOST_MICROS, (latencyNanos + 999) / 1_000);
    long one = 1 + (dropped ? 1L << BITS : 0) + (micros << (2 * BITS));
    for (long known = ended; (known & MASK) < MOST; known = ended) {
      if (ENDED.compareAndSet(this, known, known + one)) {
        return;
      }
    }
  }

  private void compute(LimitRule rule) {
    long now = nanoTime.getAsLong();
    if (over(now) && computing.compareAndSet(false, true)) {
      try {
        if (over(now)) { // and nobody was faster
          next(rule, now);
        }
      } finally {
        computing.set(false);
      }
    }
  }

  private boolean over(long now) {
    long elapsed = now - windowStart;
    long attempts = ended & MASK;
    return elapsed >= windowNanos
        && (attempts >= ENOUGH || (attempts > 0 && elapsed >= LONG_WINDOW_NANOS));
  }

  private void next(LimitRule rule, long now) {
    long sum = (long) ENDED.getAndSet(this, 0L);
    int top = (int) PEAK.getAndSet(this, inFlight);
    int attempts = (int) (sum & MASK);
    double mean = 1_000.0 * (sum >>> (2 * BITS)) / attempts;
    LimitRule.Seen seen =
        new LimitRule.Seen(
            attempts, (int) (sum >>> BITS & MASK), mean, top, Math.max(0, now - windowStart));
    exactLimit = Math.max(min, Math.min(max, rule.next(exactLimit, seen)));
    limit = (int) exactLimit;
    windowNanos = Math.max(MIN_WINDOW_NANOS, (long) mean);
    windowStart = now;
  }

  @Override
  public String toString() {
    return inFlight + " of " + limit + " in flight";
  }
}
