package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * When a call that has no answer yet gets a second attempt at another server, as set by {@link
 * RetryPolicy.Builder#hedge}. Immutable.
 *
 * <p>The first good answer wins: one that is not retried. An answer that would be retried waits for
 * the other attempt. The loser is abandoned, which is no failure of its server; an HTTP/2
 * connection goes on, one of HTTP/1.1 is lost. After Dean and Barroso, "The Tail at Scale" (2013).
 *
 * <p>Only calls that may be sent twice are hedged: those with an idempotent method or an
 * {@linkplain RetryPolicy.Builder#idempotencyKey(String) idempotency key}, with no one-shot or
 * duplex body, and without an {@code Upgrade}. A hedge is one of the policy's attempts, and it
 * needs the same budget as a retry: when all servers are slow, the second attempts end with it.
 *
 * <p>Each attempt is then an OkHttp call of its own, with its own events for an {@code
 * EventListener}, on a daemon thread that all interceptors share, as with {@link
 * RetryPolicy.Builder#attemptTimeout}. So the winner is handed over at once, whatever blocks in the
 * other. There are at most 128 threads for second attempts; when all are taken, there is none.
 */
public final class HedgePolicy {

  /** 1 ms: below that the second attempt costs more than the wait. */
  public static final Duration MIN_DELAY = Duration.ofMillis(1);

  private static final Duration MAX_DELAY = Duration.ofHours(1);

  private final Duration delay;
  private final double quantile;

  private HedgePolicy(Duration delay, double quantile) {
    this.delay = delay;
    this.quantile = quantile;
  }

  /**
   * Returns the policy of a second attempt after this long.
   *
   * @throws IllegalArgumentException if the delay is not 1 ms to one hour
   */
  public static HedgePolicy after(Duration delay) {
    requireNonNull(delay, "delay");
    if (delay.compareTo(MIN_DELAY) < 0 || delay.compareTo(MAX_DELAY) > 0) {
      throw new IllegalArgumentException(
          "delay: " + delay + " (expected: " + MIN_DELAY + " to " + MAX_DELAY + ")");
    }
    return new HedgePolicy(delay, 0);
  }

  /**
   * Returns the policy of a second attempt as soon as the first takes longer than this share of the
   * service's, such as 0.95 for its p95, but at least {@link #MIN_DELAY}. What is compared is the
   * time until the headers of the response, of the first attempts of the last 30 to 60 seconds at
   * all servers of the service; with fewer than 50 of them there is no hedge.
   *
   * @throws IllegalArgumentException if the quantile is not 0.5 to 0.999
   */
  public static HedgePolicy afterQuantile(double quantile) {
    if (!(quantile >= 0.5 && quantile <= 0.999)) {
      throw new IllegalArgumentException("quantile: " + quantile + " (expected: 0.5 to 0.999)");
    }
    return new HedgePolicy(Duration.ZERO, quantile);
  }

  /** The fixed delay in nanoseconds; 0 if a quantile tells it. */
  long delayNanos() {
    return delay.toNanos();
  }

  /** The quantile; 0 if the delay is fixed. */
  double quantile() {
    return quantile;
  }

  /** The delay or the quantile. */
  @Override
  public String toString() {
    return "HedgePolicy{" + (quantile == 0 ? "after " + delay : "after quantile " + quantile) + "}";
  }
}
