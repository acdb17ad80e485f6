package io.evenload;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the log says of one thing that fails again and again, as a source of servers: a stack trace
 * when that begins, then a line a minute that tells how long it has lasted, and one when it is
 * over. Thread-safe.
 */
final class OutageLog {

  static final long INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);

  private static final Logger logger = LoggerFactory.getLogger("io.evenload.LoadBalancer");

  private final String message;
  private final LongSupplier nanoTime;

  @GuardedBy("this")
  private long failures; // in a row

  @GuardedBy("this")
  private long beganNanos;

  @GuardedBy("this")
  private long loggedNanos;

  /**
   * Begins with nothing wrong.
   *
   * @param name of the balancer
   * @param message what is wrong while it fails, in the past tense
   */
  OutageLog(String name, String message, LongSupplier nanoTime) {
    this.message = name + ": " + message;
    this.nanoTime = nanoTime;
  }

  /** It failed once more. */
  void failed(Throwable cause) {
    String line = line(cause);
    if (line == null) {
      return;
    }
    if (line.isEmpty()) {
      logger.warn("{}", message, cause);
    } else {
      logger.warn("{}", line);
    }
  }

  /** Returns null for no line, and an empty one for the first. */
  private synchronized @Nullable String line(Throwable cause) {
    long now = nanoTime.getAsLong();
    if (failures++ == 0) {
      beganNanos = now;
      loggedNanos = now;
      return "";
    }
    if (now - loggedNanos < INTERVAL_NANOS) {
      return null;
    }
    loggedNanos = now;
    return message + " (" + failures + " times in " + lasted(now) + ", the last: " + cause + ")";
  }

  /** It went well. */
  void ended() {
    String line = null;
    synchronized (this) {
      if (failures > 0) {
        line = message + ": this is over, after " + lasted(nanoTime.getAsLong());
      }
      failures = 0;
    }
    if (line != null) {
      logger.info("{}", line);
    }
  }

  @GuardedBy("this")
  private Duration lasted(long now) {
    return Duration.ofSeconds(TimeUnit.NANOSECONDS.toSeconds(now - beganNanos));
  }
}
