package io.evenload;

import io.evenload.internal.text.PlainText;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The warnings of one balancer: at most {@value #BURST} in each window of {@value
 * #INTERVAL_SECONDS} s, so that a broken user strategy cannot flood the log. The first warning
 * after a silence tells how many were held back. Lock-free.
 */
final class RateLimitedLog {

  static final int BURST = 10;
  static final long INTERVAL_SECONDS = 10;

  /** By its name, which docs/logging.md promises, so that nothing here knows the balancer. */
  private static final Logger logger = LoggerFactory.getLogger("io.evenload.LoadBalancer");

  private final String name;
  private final LongSupplier nanoTime;
  private final AtomicLong windowStart;
  private final AtomicLong inWindow = new AtomicLong();

  RateLimitedLog(String name, LongSupplier nanoTime) {
    this.name = name;
    this.nanoTime = nanoTime;
    this.windowStart = new AtomicLong(nanoTime.getAsLong());
  }

  void warn(String message, @Nullable Throwable cause) {
    long heldBack = startWindow();
    if (inWindow.incrementAndGet() <= BURST) {
      String suffix = heldBack > 0 ? " (" + heldBack + " warnings held back before)" : "";
      logger.warn("{}: {}{}", name, PlainText.of(message), suffix, cause);
    }
  }

  /** Logs what is said once in a balancer's life. */
  void error(String message) {
    logger.error("{}: {}", name, message);
  }

  /**
   * Begins a new window if the last one is over, and returns how many warnings that one held back.
   */
  private long startWindow() {
    long start = windowStart.get();
    long now;
    try {
      now = nanoTime.getAsLong();
    } catch (Throwable e) {
      return 0; // the clock is what the warning is about, or soon will be
    }
    boolean over = now - start >= TimeUnit.SECONDS.toNanos(INTERVAL_SECONDS);
    return over && windowStart.compareAndSet(start, now) ? inWindow.getAndSet(0) - BURST : 0;
  }
}
