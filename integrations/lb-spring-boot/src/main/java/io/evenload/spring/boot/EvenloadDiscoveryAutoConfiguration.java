package io.evenload.spring.boot;

import io.evenload.spring.DiscoveredServers;
import io.evenload.spring.EvenloadServices;
import io.evenload.spring.EvenloadSettings;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Takes the servers of services that have none in the configuration from Spring Cloud's {@link
 * DiscoveryClient}, after those sources that the application has.
 */
@AutoConfiguration(
    after = EvenloadAutoConfiguration.class,
    afterName = {
      "org.springframework.cloud.client.discovery.composite"
          + ".CompositeDiscoveryClientAutoConfiguration",
      "org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClientAutoConfiguration"
    })
@ConditionalOnClass(DiscoveryClient.class)
@ConditionalOnBean({EvenloadServices.class, DiscoveryClient.class})
public final class EvenloadDiscoveryAutoConfiguration {

  /** For Spring. */
  public EvenloadDiscoveryAutoConfiguration() {}

  @Bean(destroyMethod = "close")
  @Order(Ordered.LOWEST_PRECEDENCE)
  DiscoveredServers evenloadDiscoveredServers(
      DiscoveryClient client, ConfigurableEnvironment environment) {
    return new DiscoveredServers(
        client, EvenloadSettings.of(environment).discoveryInterval(), false);
  }
}
