package io.evenload.okhttp.internal.route;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.net.Proxy;
import java.util.List;
import javax.net.SocketFactory;
import okhttp3.Dns;
import okhttp3.Interceptor;
import org.jspecify.annotations.Nullable;

/** Copies a chain with what an attempt sets, in one step where OkHttp allows that. */
final class ChainCopy {

  /*
   * Each method of a chain that sets something copies it, so that four of them make three copies for nothing: a fifth of
   * all that a call allocated here. They share a method of OkHttp's own that sets any number of things. Kotlin gave its
   * parameters default values: a bit for each says that it stays as it is. It is not of OkHttp's API, so it is looked for
   * by its name, and taken only if its parameters, without those that are left as they are, are these four of four types.
   * Where it is not there, or may not be called, as on the module path, the public methods do the same.
   */

  private static final String OKHTTP_CHAIN = "okhttp3.internal.http.RealInterceptorChain";
  private static final List<Class<?>> SET =
      List.of(Dns.class, Proxy.class, boolean.class, SocketFactory.class);

  private static final @Nullable MethodHandle AT_ONCE = find();

  private ChainCopy() {}

  /** Whether OkHttp allows it in one step. */
  static boolean atOnce() {
    return AT_ONCE != null;
  }

  /** Returns a copy that makes no retries of its own and has the rest of these. */
  static Interceptor.Chain of(
      Interceptor.Chain chain, Dns dns, Proxy proxy, SocketFactory socketFactory) {
    MethodHandle atOnce = AT_ONCE;
    if (atOnce == null
        || !chain.getClass().getName().equals(OKHTTP_CHAIN)
        || chain.connection() != null) { // next to the network nothing can be set
      return inSteps(chain, dns, proxy, socketFactory);
    }
    try {
      return (Interceptor.Chain) atOnce.invokeExact(chain, dns, proxy, false, socketFactory);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e); // it declares none
    }
  }

  @SuppressWarnings("ReferenceEquality") // what is there already
  static Interceptor.Chain inSteps(
      Interceptor.Chain chain, Dns dns, Proxy proxy, SocketFactory socketFactory) {
    Interceptor.Chain copy = chain.withDns(dns);
    if (chain.getRetryOnConnectionFailure()) {
      copy = copy.withRetryOnConnectionFailure(false);
    }
    if (chain.getProxy() != proxy) {
      copy = copy.withProxy(proxy);
    }
    return chain.getSocketFactory() == socketFactory ? copy : copy.withSocketFactory(socketFactory);
  }

  private static @Nullable MethodHandle find() {
    try {
      Class<?> chain = Class.forName(OKHTTP_CHAIN);
      for (Method method : chain.getDeclaredMethods()) {
        if (method.getName().equals("copy$okhttp$default")) {
          return find(chain, method);
        }
      }
      return null;
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }

  private static @Nullable MethodHandle find(Class<?> chain, Method copy)
      throws IllegalAccessException {
    List<Class<?>> types = List.of(copy.getParameterTypes()); // the chain, what is set, bits, null
    int bits = types.size() - 2;
    int kept = 0;
    MethodHandle handle = MethodHandles.publicLookup().unreflect(copy);
    handle = MethodHandles.insertArguments(handle, bits + 1, (Object) null);
    for (int i = bits - 1; i > 0; i--) {
      if (!SET.contains(types.get(i))) {
        kept |= 1 << (i - 1);
      }
    }
    handle = MethodHandles.insertArguments(handle, bits, kept);
    for (int i = bits - 1; i > 0; i--) {
      if (!SET.contains(types.get(i))) {
        handle = MethodHandles.collectArguments(handle, i, MethodHandles.zero(types.get(i)));
      }
    }
    MethodType found = handle.type();
    MethodType needed =
        MethodType.methodType(Interceptor.Chain.class, Interceptor.Chain.class)
            .appendParameterTypes(SET);
    return bits <= Integer.SIZE
            && found.equals(needed.changeReturnType(chain).changeParameterType(0, chain))
        ? handle.asType(needed)
        : null;
  }
}
