package io.evenload.okhttp;

import io.evenload.LoadBalancer;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.Interceptor;

/** Warns once if the client is sized for one server, where it calls many. */
final class SizingAdvice {

  /*
   * To OkHttp all servers of a service are one host. The dispatcher's limits are public, but only enqueued calls go by
   * them, which are known by the name that OkHttp gives their thread; the client of a call, and what its pool keeps, can
   * only be read by reflection, which the module path does not allow. What cannot be read is not warned of.
   */

  /** What OkHttp has by default: the calls to one host at once. */
  private static final int DEFAULT_PER_HOST = 5;

  private static final int UNKNOWN = Integer.MAX_VALUE;

  private final RateLimitedLog log;
  private final AtomicBoolean warned = new AtomicBoolean();
  private volatile boolean poolSeen;
  private volatile boolean dispatcherSeen;

  SizingAdvice(RateLimitedLog log) {
    this.log = log;
  }

  /** Looks at the client of a call, if that was not done yet. */
  void check(String host, Interceptor.Chain chain, LoadBalancer balancer) {
    boolean enqueued = !dispatcherSeen && enqueued(chain.call());
    if (poolSeen && !enqueued) {
      return;
    }
    int servers = balancer.status().endpoints().size();
    if (servers == 0) {
      return; // until the first list is there
    }
    int kept = poolSeen ? UNKNOWN : maxIdle(chain.getConnectionPool());
    int perHost = enqueued ? perHost(chain.call()) : UNKNOWN;
    poolSeen = true;
    dispatcherSeen |= enqueued;
    boolean poolIsSmall = kept < servers;
    boolean dispatcherIsSmall = perHost < servers || (perHost <= DEFAULT_PER_HOST && servers > 1);
    if ((poolIsSmall || dispatcherIsSmall) && warned.compareAndSet(false, true)) {
      log.warn(advice(host, servers, kept, perHost, poolIsSmall, dispatcherIsSmall), null);
    }
  }

  private static String advice(
      String host,
      int servers,
      int kept,
      int perHost,
      boolean poolIsSmall,
      boolean dispatcherIsSmall) {
    StringBuilder text = new StringBuilder(host).append(": the client is small for ");
    text.append(servers).append(" servers:");
    if (dispatcherIsSmall) {
      text.append(" its dispatcher runs ")
          .append(perHost)
          .append(" enqueued calls at once to all of them together")
          .append(" (Dispatcher.setMaxRequestsPerHost, setMaxRequests)");
    }
    if (poolIsSmall) {
      text.append(dispatcherIsSmall ? ", and" : "")
          .append(" its pool keeps ")
          .append(kept)
          .append(" idle connections in all (ConnectionPool.maxIdleConnections)");
    }
    return text.append(". LoadBalancingInterceptor.install(client, concurrentCalls) sets both")
        .toString();
  }

  /** Whether the call runs on a thread of the dispatcher. */
  private static boolean enqueued(Call call) {
    String name = Thread.currentThread().getName();
    return name.startsWith("OkHttp ") && name.equals("OkHttp " + call.request().url().redact());
  }

  private static int perHost(Call call) {
    try {
      Dispatcher dispatcher = NestedCall.Clients.client(call).dispatcher();
      return Math.min(dispatcher.getMaxRequestsPerHost(), dispatcher.getMaxRequests());
    } catch (IOException e) {
      return UNKNOWN;
    }
  }

  private static int maxIdle(ConnectionPool pool) {
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
