package io.evenload.kubernetes;

import java.io.IOException;
import java.time.Duration;

/** The API server answered that it could not, or would not. */
final class ApiException extends IOException {

  private static final long serialVersionUID = 1;
  private static final int GONE = 410;

  private final int code;
  private final Duration retryAfter;

  ApiException(int code, String message, Duration retryAfter) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
  }

  int code() {
    return code;
  }

  /** For how long the API server wants to be left alone; zero if it did not say. */
  Duration retryAfter() {
    return retryAfter;
  }

  /** Whether the version that was asked for is forgotten, so that all has to be listed anew. */
  boolean isGone() {
    return code == GONE;
  }
}
