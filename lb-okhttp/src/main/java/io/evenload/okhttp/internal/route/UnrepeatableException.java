package io.evenload.okhttp.internal.route;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ProtocolException;

/** Hides from OkHttp how an exchange failed, since it repeats nothing after a ProtocolException. */
final class UnrepeatableException extends ProtocolException {

  private static final long serialVersionUID = 1;

  private final IOException failure;

  private UnrepeatableException(IOException failure) {
    super(failure.getMessage());
    initCause(failure);
    this.failure = failure;
  }

  /** Returns what OkHttp does not recover from, which is the failure itself if that is such. */
  static IOException of(IOException failure) {
    return failure instanceof ProtocolException || failure instanceof InterruptedIOException
        ? failure
        : new UnrepeatableException(failure);
  }

  /** What happened. */
  IOException failure() {
    return failure;
  }
}
