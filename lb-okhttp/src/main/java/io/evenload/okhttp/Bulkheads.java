package io.evenload.okhttp;

import java.util.Collections;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import okhttp3.Dispatcher;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;

/** Sizes the dispatchers of clients, so that no service can take what the others need. */
final class Bulkheads {

  /*
   * OkHttp counts the enqueued calls that run in all, and those to one URL's host, which is a service with all its servers.
   * A call counts from its start to its end, also while it waits for a retry, for room or for a list. If one host
   * may have all there is, a service that hangs stops every other. So a client gets as much in all as its services
   * may have together, and one share more for the hosts that are no services: then none waits for another, whatever hangs.
   *
   * A dispatcher does not tell who made it. Those that were made here are kept, weakly, so that an interceptor that is added to a
   * client later makes room for its own services.
   */

  private static final Map<Dispatcher, Integer> MADE =
      Collections.synchronizedMap(new WeakHashMap<>());

  private Bulkheads() {}

  /** Returns how many there are in all where each service has so many. */
  static int inAll(int perService, OkHttpClient.Builder client) {
    return times(perService, services(client.interceptors()).size());
  }

  /**
   * Returns how many calls run at once where each service, and the rest together, may have so many.
   */
  private static int calls(int perService, OkHttpClient.Builder client) {
    return times(perService, services(client.interceptors()).size() + 1);
  }

  /** Returns the product, or the largest int if that is less. */
  static int times(int perService, int services) {
    return (int) Math.min(Integer.MAX_VALUE, (long) perService * services);
  }

  /** Returns a dispatcher that runs so many calls at once to each service of the client. */
  static Dispatcher dispatcher(int perService, OkHttpClient.Builder client) {
    Dispatcher dispatcher = new Dispatcher();
    dispatcher.setMaxRequests(calls(perService, client));
    dispatcher.setMaxRequestsPerHost(perService);
    MADE.put(dispatcher, perService);
    return dispatcher;
  }

  /** Makes room for the services of an interceptor that was added to the client just now. */
  static void added(OkHttpClient.Builder client) {
    long interceptors =
        client.interceptors().stream().filter(LoadBalancingInterceptor.class::isInstance).count();
    if (interceptors < 2) {
      return; // a dispatcher of an earlier client is not this one's to change
    }
    Dispatcher dispatcher = client.build().dispatcher(); // a builder does not tell it
    Integer perService = MADE.get(dispatcher);
    if (perService != null) {
      dispatcher.setMaxRequests(Math.max(dispatcher.getMaxRequests(), calls(perService, client)));
    }
  }

  /**
   * Whether one of the client's services may have all calls that run at once, and there are others.
   */
  static boolean areMissing(OkHttpClient client) {
    Dispatcher dispatcher = client.dispatcher();
    return dispatcher.getMaxRequestsPerHost() >= dispatcher.getMaxRequests()
        && services(client.interceptors()).size() > 1;
  }

  private static Set<String> services(Iterable<Interceptor> interceptors) {
    Set<String> hosts = new HashSet<>();
    for (Interceptor each : interceptors) {
      if (each instanceof LoadBalancingInterceptor balancing) {
        hosts.addAll(balancing.hosts());
      }
    }
    return hosts;
  }
}
