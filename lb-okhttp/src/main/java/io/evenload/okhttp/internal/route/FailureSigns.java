package io.evenload.okhttp.internal.route;

import java.io.IOException;

/** What OkHttp tells by an exception's class and words alone. */
final class FailureSigns {

  /*
   * Two of the classes lie in a package that OkHttp does not export, so that they are named, not imported.
   */

  private static final String HTTP2 = "okhttp3.internal.http2.";

  private FailureSigns() {}

  /** Whether OkHttp found the connection shut down before any of the headers was written. */
  static boolean isShutDown(IOException failure) {
    return failure.getClass().getName().equals(HTTP2 + "ConnectionShutdownException")
        || foundClosed(failure);
  }

  /** Whether the server refused an HTTP/2 stream before it processed any of the request. */
  static boolean isRefused(IOException failure) {
    return isReset(failure) && message(failure).endsWith("REFUSED_STREAM");
  }

  /** Whether the server reset an HTTP/2 stream. OkHttp says CANCEL also when it closed. */
  static boolean isResetByServer(IOException failure) {
    return isReset(failure) && !message(failure).endsWith("CANCEL");
  }

  private static boolean isReset(IOException failure) {
    return failure.getClass().getName().equals(HTTP2 + "StreamResetException");
  }

  private static String message(IOException failure) {
    return String.valueOf(failure.getMessage());
  }

  /**
   * Whether the connection closed between OkHttp's look at it and the headers: they are refused
   * before any of them is written. The same words from elsewhere prove nothing.
   */
  private static boolean foundClosed(IOException failure) {
    StackTraceElement[] thrownAt = failure.getStackTrace();
    return thrownAt.length > 0
        && thrownAt[0].getClassName().equals(HTTP2 + "Http2Writer")
        && thrownAt[0].getMethodName().equals("headers");
  }
}
