package io.evenload.spring;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.LoadBalancingInterceptor;
import okhttp3.OkHttpClient;

/**
 * Changes what the configuration has made, before it is built: an application may have any number
 * of beans of this type, which are called in Spring's order, each method on the thread that starts
 * the application. All methods do nothing by default.
 */
public interface EvenloadCustomizer {

  /**
   * Changes the balancer of a service; what is set here has its way over the configuration.
   *
   * @param service the service's name
   */
  default void balancer(String service, LoadBalancer.Builder balancer) {}

  /**
   * Changes the interceptor of all services; what is set here holds where no key says otherwise.
   */
  default void interceptor(LoadBalancingInterceptor.Builder interceptor) {}

  /**
   * Changes the client that has the interceptor, which is added already: application interceptors
   * that are added here run for each attempt.
   */
  default void client(OkHttpClient.Builder client) {}
}
