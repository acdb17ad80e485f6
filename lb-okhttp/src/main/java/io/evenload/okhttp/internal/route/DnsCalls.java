package io.evenload.okhttp.internal.route;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import okhttp3.Dns;
import org.jspecify.annotations.Nullable;

/** Makes a Dns that also passes on what OkHttp 5.5 asks one for, where there is that. */
final class DnsCalls {

  /*
   * Since 5.5 OkHttp resolves by Dns.newCall, whose types older ones do not have. So the class that overrides it is
   * named, not imported, and not loaded there.
   */

  private static final String CLASS = "io.evenload.okhttp.internal.route.CallingServerDns";

  private static final @Nullable MethodHandle CALLING = find();

  private DnsCalls() {}

  /** Whether OkHttp has such calls. */
  static boolean exist() {
    return CALLING != null;
  }

  static ServerDns serverDns(
      String logicalHost,
      String serverHost,
      int port,
      Dns delegate,
      Connections connections,
      boolean exclusive) {
    MethodHandle calling = CALLING;
    if (calling == null) {
      return new ServerDns(logicalHost, serverHost, port, delegate, connections, exclusive);
    }
    try {
      return (ServerDns)
          calling.invokeExact(logicalHost, serverHost, port, delegate, connections, exclusive);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e); // it declares none
    }
  }

  private static @Nullable MethodHandle find() {
    try {
      Class.forName("okhttp3.Dns$Call");
    } catch (ClassNotFoundException e) {
      return null; // OkHttp 5.4
    }
    MethodType parameters =
        MethodType.methodType(
            void.class,
            String.class,
            String.class,
            int.class,
            Dns.class,
            Connections.class,
            boolean.class);
    try {
      return MethodHandles.lookup()
          .findConstructor(Class.forName(CLASS), parameters)
          .asType(parameters.changeReturnType(ServerDns.class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
