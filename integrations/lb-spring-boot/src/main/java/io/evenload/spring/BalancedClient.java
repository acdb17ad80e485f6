package io.evenload.spring;

import static java.util.Objects.requireNonNull;

import io.evenload.okhttp.LoadBalancingInterceptor;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import okhttp3.OkHttpClient;

/** Builds the client whose calls are balanced. */
public final class BalancedClient {

  private BalancedClient() {}

  /**
   * Returns a client with the interceptor of some services.
   *
   * @param defaults sets what the application has configured for all HTTP clients
   * @param traced returns the client with what else belongs at its attempts
   */
  public static OkHttpClient of(
      EvenloadServices services,
      LoadBalancingInterceptor interceptor,
      Consumer<OkHttpClient.Builder> defaults,
      UnaryOperator<OkHttpClient> traced) {
    OkHttpClient.Builder client = new OkHttpClient.Builder();
    defaults.accept(client);
    interceptor.install(client, services.settings().concurrentCalls());
    services.customizers().forEach(each -> each.client(client));
    OkHttpClient balanced = requireNonNull(traced.apply(client.build()), "traced");
    var unused = interceptor.ready(balanced); // opens what is to be warm; nobody waits for it
    return balanced;
  }

  /**
   * Returns an application's own client with the interceptor, which it may have already; it shares
   * pool and dispatcher with the one given.
   */
  public static OkHttpClient with(LoadBalancingInterceptor interceptor, OkHttpClient own) {
    return own.interceptors().contains(interceptor)
        ? own
        : interceptor.install(own.newBuilder()).build();
  }

  /**
   * Frees what a client holds: its idle connections, and the threads of enqueued calls, which end
   * with them.
   */
  public static void close(OkHttpClient client) {
    client.dispatcher().executorService().shutdown();
    client.connectionPool().evictAll();
  }
}
