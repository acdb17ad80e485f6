package io.evenload.okhttp.internal.route;

import java.io.IOException;
import okhttp3.Call;
import okhttp3.Connection;

/** Has a call open a connection to the server that is expected, and send nothing on it. */
public final class Opening extends AttemptTrace {

  /*
   * OkHttp tells that a call has a connection when all of it is done, TLS and the preface of HTTP/2, and before it makes
   * an exchange of it. Whoever throws then ends the call, and as there is no exchange that could be half done, OkHttp gives
   * the connection to the pool. Should it ever go on all the same, the call needs an interceptor that stops it.
   */

  private volatile boolean opened;

  /** Whether the connection came about. */
  public boolean opened() {
    return opened;
  }

  @Override
  public void connectionAcquired(Call call, Connection connection) {
    super.connectionAcquired(call, connection);
    opened = true;
    stop(new IOException(connection.route().address().url().host() + ": only to be opened"));
  }
}
