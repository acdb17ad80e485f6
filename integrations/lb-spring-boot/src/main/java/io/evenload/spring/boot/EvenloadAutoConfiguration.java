package io.evenload.spring.boot;

import io.evenload.LoadBalancer;
import io.evenload.spring.EvenloadCustomizer;
import io.evenload.spring.EvenloadServices;
import io.evenload.spring.EvenloadSettings;
import io.evenload.spring.ServerSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Makes a bean of each configured service's {@link LoadBalancer}: of the name {@code
 * ordersLoadBalancer} and with the qualifier {@code orders}. A bean of that name that the
 * application has takes its place.
 */
@AutoConfiguration
@ConditionalOnBooleanProperty(name = EvenloadSettings.PREFIX + ".enabled", matchIfMissing = true)
@Import(BalancerDefinitions.class)
public final class EvenloadAutoConfiguration {

  /** For Spring. */
  public EvenloadAutoConfiguration() {}

  @Bean(BalancerDefinitions.SERVICES)
  EvenloadServices evenloadServices(
      ConfigurableEnvironment environment,
      ObjectProvider<ServerSource> sources,
      ObjectProvider<EvenloadCustomizer> customizers) {
    return EvenloadServices.of(
        environment, sources.orderedStream().toList(), customizers.orderedStream().toList());
  }
}
