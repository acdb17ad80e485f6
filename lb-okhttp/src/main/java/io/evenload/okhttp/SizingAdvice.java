package io.evenload.okhttp;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.internal.route.ClientView;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Call;
import okhttp3.Dispatcher;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;

/**
 * Warns once if the client is sized for one server, where it calls many, and once if one of its
 * services can take what the others need.
 */
final class SizingAdvice {

  /*
   * To OkHttp all servers of a service are one host. The dispatcher's limits are public, but only enqueued calls go by
   * them. Which those are, the client of a call, and what its pool keeps, is not public (ClientView). What cannot be read is not warned of.
   */

  /** What OkHttp has by default: the calls to one host at once. */
  private static final int DEFAULT_PER_HOST = 5;

  private final RateLimitedLog log;
  private final AtomicBoolean warned = new AtomicBoolean();
  private final AtomicBoolean warnedOfMissingBulkheads = new AtomicBoolean();
  private volatile boolean poolSeen;
  private volatile boolean dispatcherSeen;

  SizingAdvice(RateLimitedLog log) {
    this.log = log;
  }

  /** Looks at the client of a call, if that was not done yet. */
  void check(String host, Interceptor.Chain chain, LoadBalancer balancer) {
    boolean enqueued = !dispatcherSeen && ClientView.isEnqueued(chain.call());
    if (poolSeen && !enqueued) {
      return;
    }
    int servers = balancer.status().endpoints().size();
    if (servers == 0) {
      return; // until the first list is there
    }
    int kept = poolSeen ? ClientView.UNKNOWN : ClientView.maxIdle(chain.getConnectionPool());
    int perHost = enqueued ? perHost(chain.call()) : ClientView.UNKNOWN;
    poolSeen = true;
    dispatcherSeen |= enqueued;
    if (enqueued) {
      checkBulkheads(host, chain.call());
    }
    boolean poolIsSmall = kept < servers;
    boolean dispatcherIsSmall = perHost < servers || (perHost <= DEFAULT_PER_HOST && servers > 1);
    if ((poolIsSmall || dispatcherIsSmall) && warned.compareAndSet(false, true)) {
      log.warn(advice(host, servers, kept, perHost, poolIsSmall, dispatcherIsSmall), null);
    }
  }

  private void checkBulkheads(String host, Call call) {
    OkHttpClient client = ClientView.find(call);
    if (client != null
        && Bulkheads.areMissing(client)
        && warnedOfMissingBulkheads.compareAndSet(false, true)) {
      log.warn(
          host
              + ": each of the client's services can take all "
              + client.dispatcher().getMaxRequests()
              + " calls that its dispatcher runs at once, so that one that hangs stops the others"
              + " (Dispatcher.setMaxRequests above setMaxRequestsPerHost)."
              + " LoadBalancingInterceptor.install(client, concurrentCalls) sets both",
          null);
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

  private static int perHost(Call call) {
    try {
      Dispatcher dispatcher = ClientView.of(call).dispatcher();
      return Math.min(dispatcher.getMaxRequestsPerHost(), dispatcher.getMaxRequests());
    } catch (IOException e) {
      return ClientView.UNKNOWN;
    }
  }
}
