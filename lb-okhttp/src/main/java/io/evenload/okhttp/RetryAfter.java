package io.evenload.okhttp;

import java.time.Duration;
import java.time.Instant;
import okhttp3.Headers;
import org.jspecify.annotations.Nullable;

/** The header with which a server says when to come again, in seconds or as a date (RFC 9110). */
final class RetryAfter {

  static final String NAME = "Retry-After";

  /** About 31 years, and far from overflow. */
  private static final long MOST_SECONDS = 1_000_000_000;

  private RetryAfter() {}

  /**
   * Returns the wait, zero for a date that has passed; null if there is no such header, or one that
   * cannot be read.
   *
   * @param epochMillis the time of day, for a response that does not tell its own
   */
  static @Nullable Duration of(Headers headers, long epochMillis) {
    String value = headers.get(NAME);
    if (value == null) {
      return null;
    }
    if (isNumber(value)) {
      return Duration.ofSeconds(seconds(value));
    }
    Instant until = headers.getInstant(NAME);
    if (until == null) {
      return null;
    }
    Instant sent = headers.getInstant("Date"); // the server's clock, if it tells the time
    long millis = until.toEpochMilli() - (sent == null ? epochMillis : sent.toEpochMilli());
    return Duration.ofMillis(Math.min(Math.max(0, millis), MOST_SECONDS * 1000));
  }

  /** Whether there is such a header that can be read. */
  static boolean isIn(Headers headers) {
    return of(headers, 0) != null;
  }

  private static boolean isNumber(String value) {
    return !value.isEmpty() && value.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static long seconds(String digits) {
    long seconds = 0;
    for (int i = 0; i < digits.length() && seconds < MOST_SECONDS; i++) {
      seconds = seconds * 10 + (digits.charAt(i) - '0');
    }
    return Math.min(seconds, MOST_SECONDS);
  }
}
