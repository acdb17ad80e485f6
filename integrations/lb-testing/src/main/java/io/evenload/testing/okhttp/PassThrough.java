package io.evenload.testing.okhttp;

import io.evenload.LoadBalancer;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;

/**
 * Leads a service's calls to one server of a test, such as WireMock or MockWebServer, and stays out
 * of the way: each call is one attempt, whatever comes back is what the caller gets, and no server
 * is ever ejected, probed or cut off. So tests that know nothing of balancing stay as they are.
 *
 * <pre>{@code
 * OkHttpClient client = PassThrough.of(production.client(), "orders", wireMock.getPort());
 * }</pre>
 *
 * <p>Without it, calls to {@code http://localhost:8080}, or any other host that is no service of
 * the client, pass through already.
 */
public final class PassThrough {

  /** Nothing here needs a timer. Shut down and silent, this runs none, and nothing is to close. */
  private static final ScheduledExecutorService NO_TIMERS = noTimers();

  private PassThrough() {}

  /**
   * Returns a client like this one, but that its calls for one service go to a server of this
   * machine. It shares connections and threads with this client. Of what the request asks of the
   * balancer, a {@link RetryPolicy} or a {@link RequestContext} as its tag, nothing is heeded; the
   * URL, other interceptors and other services are as they were, so that one call after another
   * maps several services.
   *
   * @param client any client, balancing or not
   * @param host the host that URLs name the service by
   * @param port where the server listens at {@code localhost}
   * @throws IllegalArgumentException if the host is an address, or cannot be the host of a URL, or
   *     the port is not 1 to 65535
   */
  public static OkHttpClient of(OkHttpClient client, String host, int port) {
    LoadBalancer balancer =
        LoadBalancer.builder(host)
            .servers(ServerList.of(Server.of("localhost", port)))
            .withoutOutlierDetection()
            .withoutSlowStart()
            .leakSampling(0)
            .scheduler(NO_TIMERS)
            .build();
    LoadBalancingInterceptor passing =
        LoadBalancingInterceptor.builder()
            .service(host, balancer)
            .retry(RetryPolicy.none())
            .withoutCircuitBreaker()
            .build();
    OkHttpClient.Builder builder = client.newBuilder();
    passing.install(builder);
    // Of two that balance one host, the first does, and the other one lets its calls pass.
    List<Interceptor> interceptors = builder.interceptors();
    Interceptor added = interceptors.remove(interceptors.size() - 1);
    int place = firstBalancing(interceptors);
    interceptors.add(place, added);
    interceptors.add(place, withoutWishes(host));
    return builder.build();
  }

  private static ScheduledExecutorService noTimers() {
    ScheduledThreadPoolExecutor none =
        new ScheduledThreadPoolExecutor(1, new ThreadPoolExecutor.DiscardPolicy());
    none.shutdown();
    return none;
  }

  private static Interceptor withoutWishes(String host) {
    String canonical = new HttpUrl.Builder().scheme("http").host(host).build().host();
    return chain -> {
      Request request = chain.request();
      return chain.proceed(
          request.url().host().equals(canonical)
              ? request
                  .newBuilder()
                  .tag(RetryPolicy.class, null)
                  .tag(RequestContext.class, null)
                  .build()
              : request);
    };
  }

  private static int firstBalancing(List<Interceptor> interceptors) {
    for (int i = 0; i < interceptors.size(); i++) {
      if (interceptors.get(i) instanceof LoadBalancingInterceptor) {
        return i;
      }
    }
    return interceptors.size();
  }
}
