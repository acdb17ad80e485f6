package io.evenload.okhttp;

import java.net.SocketTimeoutException;
import java.time.Duration;

/** The response of an attempt did not begin within the timeout of an attempt. */
final class AttemptTimeoutException extends SocketTimeoutException {

  private static final long serialVersionUID = 1L;

  AttemptTimeoutException(Duration timeout) {
    super("no response within " + timeout.toMillis() + " ms (attemptTimeout)");
  }
}
