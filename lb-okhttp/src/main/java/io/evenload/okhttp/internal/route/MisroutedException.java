package io.evenload.okhttp.internal.route;

import java.io.IOException;

/** A request was stopped on its way to another server than the chosen one. */
public final class MisroutedException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String actual;

  MisroutedException(String actual) {
    super("OkHttp led the call to " + actual);
    this.actual = actual;
  }

  /** The server that the connection leads to, as {@code host:port}. */
  public String actual() {
    return actual;
  }
}
