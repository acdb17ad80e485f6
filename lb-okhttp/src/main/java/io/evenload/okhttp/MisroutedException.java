package io.evenload.okhttp;

import java.io.IOException;

/** A request was stopped on its way to another server than the chosen one. */
final class MisroutedException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String actual;

  MisroutedException(String actual) {
    super("OkHttp kept the call on the connection to " + actual);
    this.actual = actual;
  }

  String actual() {
    return actual;
  }
}
