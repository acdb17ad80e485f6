package io.evenload.okhttp;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The warnings of one interceptor: at most {@value #BURST} in any {@value #INTERVAL_SECONDS} s, so
 * that a broken listener cannot flood the log. Lock-free.
 */
final class RateLimitedLog {

  static final int BURST = 10;
  static final long INTERVAL_SECONDS = 10;

  private static final Logger logger =
      LoggerFactory.getLogger("io.evenload.okhttp.LoadBalancingInterceptor");

  private final LongSupplier nanoTime;
  private final AtomicLong windowStart;
  private final AtomicLong inWindow = new AtomicLong();

  RateLimitedLog(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.windowStart = new AtomicLong(nanoTime.getAsLong());
  }

  void warn(String message, @Nullable Throwable cause) {
    long heldBack = startWindow();
    if (inWindow.incrementAndGet() <= BURST) {
      logger.warn(
          heldBack > 0 ? message + " (" + heldBack + " warnings held back before)" : message,
          cause);
    }
  }

  /** Begins a new window if the last is over, and returns how many warnings that one held back. */
  private long startWindow() {
    long start = windowStart.get();
    long now = nanoTime.getAsLong();
    boolean over = now - start >= TimeUnit.SECONDS.toNanos(INTERVAL_SECONDS);
    return over && windowStart.compareAndSet(start, now) ? inWindow.getAndSet(0) - BURST : 0;
  }
}
