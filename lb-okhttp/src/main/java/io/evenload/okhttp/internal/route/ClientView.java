package io.evenload.okhttp.internal.route;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** What OkHttp does not tell in public of the client of a call. */
public final class ClientView {

  /** What cannot be read. */
  public static final int UNKNOWN = Integer.MAX_VALUE;

  private static final String OKHTTP_CALL = "okhttp3.internal.connection.RealCall";

  private static final String OKHTTP_CHAIN = "okhttp3.internal.http.RealInterceptorChain";

  private static final @Nullable MethodHandle CLIENT = findClient();
  private static final @Nullable Field INDEX = findIndex();

  private ClientView() {}

  /**
   * Returns the client of a call, which OkHttp tells to those who may use its inner classes.
   *
   * @throws IOException if it does not
   */
  public static OkHttpClient of(Call call) throws IOException {
    OkHttpClient client = find(call);
    if (client == null) {
      throw new IOException(
          call.request().url().host()
              + ": OkHttp does not tell the client of a call, without which an attempt cannot be"
              + " hedged, have a timeout of its own, or be sent once more with this version of"
              + " OkHttp; on the module path, start Java with --add-exports"
              + " okhttp3/okhttp3.internal.connection=io.evenload.okhttp");
    }
    return client;
  }

  /** Returns the client of a call; null if OkHttp does not tell it. */
  public static @Nullable OkHttpClient find(Call call) {
    MethodHandle client = CLIENT;
    if (client == null || !call.getClass().getName().equals(OKHTTP_CALL)) {
      return null;
    }
    try {
      return (OkHttpClient) client.invokeExact(call);
    } catch (ClassCastException e) {
      return null; // a class of that name from another loader
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e); // it declares none
    }
  }

  /** Returns how many interceptors a chain has passed; 0 if OkHttp does not tell. */
  public static int passed(Interceptor.Chain chain) {
    Field index = INDEX;
    if (index == null || !index.getDeclaringClass().isInstance(chain)) {
      return 0;
    }
    try {
      return index.getInt(chain);
    } catch (ReflectiveOperationException e) {
      return 0;
    }
  }

  private static @Nullable Field findIndex() {
    try {
      Field index = Class.forName(OKHTTP_CHAIN).getDeclaredField("index");
      index.setAccessible(true);
      return index;
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }

  private static @Nullable MethodHandle findClient() {
    try {
      return MethodHandles.lookup() // the package may be exported to this module alone
          .findVirtual(
              Class.forName(OKHTTP_CALL), "getClient", MethodType.methodType(OkHttpClient.class))
          .asType(MethodType.methodType(OkHttpClient.class, Call.class));
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
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
