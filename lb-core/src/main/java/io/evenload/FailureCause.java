package io.evenload;

import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** What an exception says of an attempt, as far as that is certain: pure functions. */
final class FailureCause {

  /*
   * The exceptions of the JDK's HttpClient go by name, so that this module does not need that one. The client times out
   * while connecting by one of these, which is no subclass of a socket's.
   */

  private static final String HTTP_CONNECT_TIMEOUT = "java.net.http.HttpConnectTimeoutException";
  private static final String HTTP_TIMEOUT = "java.net.http.HttpTimeoutException";
  private static final int MOST_WRAPPERS = 10;

  private FailureCause() {}

  /** Which failure it is: {@link Outcome#FAILURE} unless the cause is certain to say more. */
  static Outcome failure(@Nullable Throwable cause) {
    Throwable e = unwrapped(cause);
    if (e == null) {
      return Outcome.FAILURE;
    }
    String name = e.getClass().getName();
    if (e instanceof ConnectException
        || e instanceof NoRouteToHostException
        || e instanceof UnknownHostException
        || e instanceof UnresolvedAddressException
        || name.equals(HTTP_CONNECT_TIMEOUT)
        || (e instanceof SocketTimeoutException && connecting(e))) {
      return Outcome.REFUSED;
    }
    return e instanceof SocketTimeoutException
            || e instanceof TimeoutException
            || name.equals(HTTP_TIMEOUT)
        ? Outcome.TIMED_OUT
        : Outcome.FAILURE;
  }

  /** Whether it says that the caller was made to give up. */
  static boolean cancels(Throwable thrown) {
    Throwable e = unwrapped(thrown);
    return e instanceof InterruptedException
        || e instanceof ClosedByInterruptException
        || e instanceof CancellationException
        || (e instanceof InterruptedIOException && !(e instanceof SocketTimeoutException));
  }

  /** The JDK has no other sign; its words are "Connect timed out". */
  private static boolean connecting(Throwable e) {
    String message = e.getMessage();
    return message != null && message.toLowerCase(Locale.ROOT).startsWith("connect timed out");
  }

  private static @Nullable Throwable unwrapped(@Nullable Throwable cause) {
    Throwable e = cause;
    for (int i = 0; i < MOST_WRAPPERS; i++) {
      if (!(e instanceof ExecutionException || e instanceof CompletionException)
          || e.getCause() == null) {
        return e;
      }
      e = e.getCause();
    }
    return e;
  }
}
