package io.evenload.spring.boot;

import feign.Client;
import io.evenload.spring.BalancedFeign;
import io.evenload.spring.LateCalls;
import io.evenload.spring.ServiceCalls;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Sends the calls of Spring Cloud's Feign clients to services through OkHttp. Without it they would
 * go past the balancers in silence: Spring Cloud makes no client of an {@code OkHttpClient} that is
 * there already, and its own load balancer puts an address in place of the service's name.
 */
@AutoConfiguration(
    after = EvenloadClientAutoConfiguration.class,
    afterName = {
      "org.springframework.cloud.openfeign.FeignAutoConfiguration",
      "org.springframework.cloud.openfeign.loadbalancer.FeignLoadBalancerAutoConfiguration"
    })
@ConditionalOnClass(
    value = Client.class,
    name = "org.springframework.cloud.openfeign.FeignClientFactoryBean")
@ConditionalOnBean(ServiceCalls.class)
public final class EvenloadFeignAutoConfiguration {

  /** For Spring. */
  public EvenloadFeignAutoConfiguration() {}

  @Bean
  BalancedFeign evenloadFeign(ObjectProvider<ServiceCalls> calls) {
    return new BalancedFeign(new LateCalls(calls::getIfAvailable));
  }

  /** What Feign uses by itself; Spring Cloud takes no name of a service where there is none. */
  @Bean
  @ConditionalOnMissingBean
  @SuppressWarnings("deprecation") // the class that replaces it is newer than the oldest Feign
  Client evenloadFeignClient() {
    return new Client.Default(null, null);
  }
}
