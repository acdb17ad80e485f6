package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** How long the recent attempts of one service took, as quantiles. Lock-free. */
final class LatencyQuantiles {

  /*
   * A histogram with 16 buckets for each doubling, so that a bucket is at most 1/16 wide: what is told is the upper end of
   * a bucket, at most 6.25 % too much (Gil Tene's HdrHistogram, with fewer digits). From 1 to 16 units of about a
   * microsecond the buckets are one unit wide; beyond about 68 s all is one bucket.
   *
   * Two of them cover the present and the past window of 30 s; together they are what is asked. When the present one has
   * had its time, it becomes the past one, by one CAS. A count that comes late lands in the past one, where it is as good.
   * Each has a stripe of counters for some of the threads, since calls of one service meet in few buckets.
   *
   * A quantile is asked for before each attempt, so the sums are kept for 100 ms. Threads that find them old at once each
   * make new ones, which are alike.
   */

  /** Instead of a quantile: too little is known. */
  static final long UNKNOWN = -1;

  static final int MIN_SAMPLES = 50;

  private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final long FRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int UNIT_BITS = 10;
  private static final int SUB_BITS = 4;
  private static final int SUB = 1 << SUB_BITS;
  private static final long LARGEST = (1L << 26) - 1;
  private static final int BUCKETS = bucket(LARGEST << UNIT_BITS) + 1;
  private static final int STRIPES = 4;

  private final LongSupplier nanoTime;
  private final AtomicReference<Windows> windows;
  private volatile @Nullable Sums sums;

  LatencyQuantiles(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.windows = new AtomicReference<>(new Windows(nanoTime.getAsLong(), counters(), counters()));
  }

  void add(long nanos) {
    int stripe = (int) Thread.currentThread().getId() & (STRIPES - 1);
    current(nanoTime.getAsLong()).present.incrementAndGet(stripe * BUCKETS + bucket(nanos));
  }

  /** Returns the quantile in nanoseconds, or {@link #UNKNOWN}. */
  long nanos(double quantile) {
    long now = nanoTime.getAsLong();
    Sums known = sums;
    if (known == null || now - known.atNanos >= FRESH_NANOS) {
      known = sum(current(now), now);
      sums = known;
    }
    if (known.total < MIN_SAMPLES) {
      return UNKNOWN;
    }
    long rank = (long) Math.ceil(quantile * known.total);
    int bucket = 0;
    for (long seen = known.counts[0]; seen < rank; seen += known.counts[bucket]) {
      bucket++;
    }
    return upperEnd(bucket);
  }

  @SuppressWarnings("ReferenceEquality") // whose exchange it was
  private Windows current(long now) {
    Windows known = requireNonNull(windows.get());
    long age = now - known.startNanos;
    if (age < WINDOW_NANOS) {
      return known;
    }
    AtomicIntegerArray past = age < 2 * WINDOW_NANOS ? known.present : counters();
    Windows next = new Windows(now, counters(), past);
    Windows witness = windows.compareAndExchange(known, next);
    return witness == known ? next : requireNonNull(witness);
  }

  private static Sums sum(Windows windows, long now) {
    long[] counts = new long[BUCKETS];
    long total = 0;
    for (int i = 0; i < STRIPES * BUCKETS; i++) {
      int count = windows.present.get(i) + windows.past.get(i);
      counts[i % BUCKETS] += count;
      total += count;
    }
    return new Sums(now, counts, total);
  }

  private static AtomicIntegerArray counters() {
    return new AtomicIntegerArray(STRIPES * BUCKETS);
  }

  static int bucket(long nanos) {
    long units = Math.min(Math.max(0, nanos) >>> UNIT_BITS, LARGEST);
    if (units < SUB) {
      return (int) units;
    }
    int doublings = 63 - Long.numberOfLeadingZeros(units) - SUB_BITS;
    return (doublings << SUB_BITS) + (int) (units >>> doublings);
  }

  /** The first number of nanoseconds that is beyond the bucket. */
  static long upperEnd(int bucket) {
    if (bucket < SUB) {
      return (bucket + 1L) << UNIT_BITS;
    }
    int doublings = (bucket >>> SUB_BITS) - 1;
    long units = SUB + (bucket & (SUB - 1)) + 1L;
    return units << doublings << UNIT_BITS;
  }

  private record Windows(long startNanos, AtomicIntegerArray present, AtomicIntegerArray past) {}

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Sums(long atNanos, long[] counts, long total) {}
}
