package io.evenload.okhttp.internal.route;

import java.io.IOException;
import java.lang.reflect.Field;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;

/** What OkHttp does not tell in public of the client of a call. */
public final class ClientView {

  /** What cannot be read. */
  public static final int UNKNOWN = Integer.MAX_VALUE;

  private ClientView() {}

  /**
   * Returns the client of a call, which OkHttp tells to those who may use its inner classes.
   *
   * @throws IOException if it does not
   */
  public static OkHttpClient of(Call call) throws IOException {
    try {
      return (OkHttpClient) call.getClass().getMethod("getClient").invoke(call);
    } catch (ReflectiveOperationException | ClassCastException e) {
      throw new IOException(
          call.request().url().host()
              + ": OkHttp does not tell the client of a call, without which an attempt cannot be"
              + " hedged, have a timeout of its own, or be sent once more with this version of"
              + " OkHttp; on the module path, start Java with --add-exports"
              + " okhttp3/okhttp3.internal.connection=io.evenload.okhttp",
          e);
    }
  }

  /** Whether the call runs on a thread of the dispatcher, by the name that OkHttp gives it. */
  public static boolean isEnqueued(Call call) {
    String name = Thread.currentThread().getName();
    return name.startsWith("OkHttp ") && name.equals("OkHttp " + call.request().url().redact());
  }

  /** Returns how many idle connections the pool keeps, or {@link #UNKNOWN}. */
  public static int maxIdle(ConnectionPool pool) {
    try {
      Object delegate = ConnectionPool.class.getMethod("getDelegate$okhttp").invoke(pool);
      Field field = delegate.getClass().getDeclaredField("maxIdleConnections");
      field.setAccessible(true);
      return field.getInt(delegate);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return UNKNOWN;
    }
  }
}
