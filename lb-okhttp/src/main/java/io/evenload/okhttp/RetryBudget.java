package io.evenload.okhttp;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** How many retries one service may make: a share of its recent requests, and a few a second. */
final class RetryBudget {

  /**
   * As how many a retry counts after the service refused for load; see the record of decision 30.
   */
  static final int AFTER_REFUSAL = 2;

  /*
   * After Finagle's RetryBudget: a window of 10 s, in which
   *   retries <= perSecond * 10 + ratio * requests.
   * The window is a ring of seconds, each with its two counters. A second that comes round again replaces its
   * predecessor's counters by CAS. Requests are counted in a LongAdder, since every request of every thread writes there.
   *
   * A retry is counted first and taken back if that was too much. So two retries that race for the last one may both be
   * refused, but never both be allowed. A count that races with the replacement of its second may be lost: one request
   * more or less.
   *
   * Seconds are numbered from when the budget was made, so that no two numbers are far apart where the clock overflows.
   */

  static final int WINDOW_SECONDS = 10;

  private final double ratio;
  private final double reserve;
  private final LongSupplier nanoTime;
  private final long originNanos;
  private final AtomicReferenceArray<@Nullable Second> ring;

  RetryBudget(double ratio, double perSecond, LongSupplier nanoTime) {
    this(
        ratio,
        perSecond,
        nanoTime,
        nanoTime.getAsLong(),
        new AtomicReferenceArray<>(WINDOW_SECONDS));
  }

  private RetryBudget(
      double ratio,
      double perSecond,
      LongSupplier nanoTime,
      long originNanos,
      AtomicReferenceArray<@Nullable Second> ring) {
    this.ring = ring;
    this.originNanos = originNanos;
    this.ratio = ratio;
    this.reserve = perSecond * WINDOW_SECONDS;
    this.nanoTime = nanoTime;
  }

  /** Returns a budget of other numbers, for which the same requests and retries count. */
  RetryBudget with(double ratio, double perSecond) {
    return new RetryBudget(ratio, perSecond, nanoTime, originNanos, ring);
  }

  /** Counts one request. */
  void request() {
    current().requests.increment();
  }

  /** Takes a retry that counts as one out of the budget, if there is one. */
  boolean tryRetry() {
    return tryRetry(1);
  }

  /**
   * Takes a retry out of the budget, if there is enough for it.
   *
   * @param retries as how many it counts
   */
  boolean tryRetry(int retries) {
    Second current = current();
    current.retries.addAndGet(retries);
    if (withinBudget(current.number)) {
      return true;
    }
    current.retries.addAndGet(-retries);
    return false;
  }

  /** Gives back a retry that was not made and counted as so many. */
  void giveBack(int retries) {
    current().retries.addAndGet(-retries);
  }

  /**
   * How many retries may be made now that count as one; below 0 if some were made that are not
   * allowed any more.
   */
  double left() {
    return left(current().number);
  }

  private boolean withinBudget(long now) {
    return left(now) >= 0;
  }

  private double left(long now) {
    long requests = 0;
    long retries = 0;
    for (int i = 0; i < WINDOW_SECONDS; i++) {
      Second second = ring.get(i);
      if (second != null && now - second.number < WINDOW_SECONDS) {
        requests += second.requests.sum();
        retries += second.retries.get();
      }
    }
    return reserve + ratio * requests - retries;
  }

  private Second current() {
    long elapsed = nanoTime.getAsLong() - originNanos;
    long now = Math.floorDiv(elapsed, TimeUnit.SECONDS.toNanos(1));
    int index = Math.floorMod(now, WINDOW_SECONDS);
    Second second = ring.get(index);
    if (second != null && second.number == now) {
      return second;
    }
    Second fresh = new Second(now);
    Second witness = ring.compareAndExchange(index, second, fresh);
    return witness == null || witness.number != now ? fresh : witness;
  }

  private static final class Second {
    final long number;
    final LongAdder requests = new LongAdder();
    final AtomicLong retries = new AtomicLong();

    Second(long number) {
      this.number = number;
    }
  }
}
