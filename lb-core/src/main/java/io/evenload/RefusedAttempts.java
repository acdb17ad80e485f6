package io.evenload;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Whether most attempts fail before anything is sent, so that the list seems to be out of date.
 * Attempts count the refused ones, from any thread; the rest is the control path's.
 */
final class RefusedAttempts {

  static final int MIN_ATTEMPTS = 3;
  private static final int DEEPEST_CAUSE = 8;

  private final LongAdder refused = new LongAdder();

  // As of the last tick, and the one before.
  private long lastRefused;
  private long lastEnded;
  private long formerRefused;
  private long formerEnded;

  /** An attempt failed; on any thread. */
  void failed(@Nullable Throwable cause) {
    if (cause != null && beforeSending(cause)) {
      refused.increment();
    }
  }

  /** Whether an attempt that failed so has sent nothing. */
  static boolean beforeSending(Throwable failure) {
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < DEEPEST_CAUSE; depth++) {
      if (cause instanceof ConnectException
          || cause instanceof NoRouteToHostException
          || cause instanceof PortUnreachableException
          || cause instanceof UnknownHostException
          || cause instanceof UnresolvedAddressException
          || cause.getClass().getName().equals("java.net.http.HttpConnectTimeoutException")
          || (cause instanceof SocketTimeoutException && names(cause, "connect"))) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  private static boolean names(Throwable cause, String word) {
    String message = cause.getMessage();
    return message != null && message.toLowerCase(Locale.ROOT).contains(word);
  }

  /**
   * Tells, once a second, whether in the last two seconds more than half of at least {@value
   * #MIN_ATTEMPTS} attempts were refused.
   *
   * @param ended how many attempts have ended at the endpoints known now
   */
  boolean tooMany(long ended) {
    long sum = refused.sum();
    long latelyRefused = sum - formerRefused;
    // Endpoints that left have taken what ended there along.
    long latelyEnded = Math.max(latelyRefused, ended - formerEnded);
    formerRefused = lastRefused;
    formerEnded = lastEnded;
    lastRefused = sum;
    lastEnded = ended;
    return latelyEnded >= MIN_ATTEMPTS && 2 * latelyRefused > latelyEnded;
  }
}
