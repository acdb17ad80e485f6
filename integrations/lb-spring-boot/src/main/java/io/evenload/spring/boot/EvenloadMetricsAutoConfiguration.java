package io.evenload.spring.boot;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.spring.EvenloadCustomizer;
import io.evenload.spring.EvenloadServices;
import io.evenload.spring.ServiceMeters;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** Adds the meters of balancers and calls to the application's registries, if it has any. */
@AutoConfiguration(
    after = EvenloadAutoConfiguration.class,
    before = EvenloadClientAutoConfiguration.class)
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean({EvenloadServices.class, LoadBalancer.class})
public final class EvenloadMetricsAutoConfiguration {

  /** For Spring. */
  public EvenloadMetricsAutoConfiguration() {}

  /** Boot binds it to each registry that is ready. */
  @Bean
  @ConditionalOnMissingBean
  ServiceMeters evenloadMeters(ObjectProvider<LoadBalancer> balancers) {
    return new ServiceMeters(() -> balancers.orderedStream().toList());
  }

  /**
   * Has calls counted; a listener that the application sets by a later customizer takes its place.
   */
  @Bean
  @Order(Ordered.HIGHEST_PRECEDENCE)
  EvenloadCustomizer evenloadMetersCustomizer(ServiceMeters meters) {
    return new EvenloadCustomizer() {
      @Override
      public void interceptor(LoadBalancingInterceptor.Builder interceptor) {
        interceptor.listener(meters);
      }
    };
  }
}
