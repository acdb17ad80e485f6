package io.evenload.examples.drill;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.ServerList;
import io.evenload.micrometer.CallMetrics;
import io.evenload.micrometer.LoadBalancerMetrics;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import io.micrometer.core.instrument.MeterRegistry;
import okhttp3.EventListener;
import okhttp3.OkHttpClient;

/**
 * What a client of the drill is made of.
 *
 * @param rest ends all of it
 */
record DrillWiring(LoadBalancer balancer, OkHttpClient http, Runnable rest) {

  static final int CONCURRENT_CALLS = 64;

  /** What is set at a client of the drill, and who is told of what. */
  record Parts(
      DrillClient.Options options,
      ServerList servers,
      MeterRegistry registry,
      LoadBalancerListener states,
      EventListener sent) {}

  /** Builds a client by hand, or as an application on Spring Boot has it. */
  static DrillWiring of(Parts parts) {
    return Boolean.getBoolean("drill.boot") ? BootWiring.of(parts) : byHand(parts);
  }

  private static DrillWiring byHand(Parts parts) {
    DrillClient.Options options = parts.options();
    LoadBalancer balancer =
        LoadBalancer.builder(options.name())
            .servers(parts.servers())
            .listener(parts.states())
            .build();
    LoadBalancerMetrics metrics = LoadBalancerMetrics.monitor(parts.registry(), balancer);
    LoadBalancingInterceptor.Builder balancing =
        LoadBalancingInterceptor.builder()
            .service(options.name(), balancer)
            .listener(CallMetrics.of(parts.registry()));
    if (!options.attemptTimeout().isZero()) {
      balancing.retry(RetryPolicy.builder().attemptTimeout(options.attemptTimeout()).build());
    }
    OkHttpClient.Builder client =
        new OkHttpClient.Builder().callTimeout(options.callTimeout()).eventListener(parts.sent());
    OkHttpClient http = balancing.build().install(client, CONCURRENT_CALLS).build();
    return new DrillWiring(
        balancer,
        http,
        () -> {
          http.dispatcher().executorService().shutdown();
          http.connectionPool().evictAll();
          metrics.close();
          balancer.close();
        });
  }
}
