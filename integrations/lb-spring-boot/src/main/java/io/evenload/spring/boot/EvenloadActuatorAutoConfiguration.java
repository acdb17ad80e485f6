package io.evenload.spring.boot;

import io.evenload.LoadBalancer;
import io.evenload.spring.EvenloadServices;
import io.evenload.spring.EvenloadStatus;
import io.evenload.status.StatusPage;
import java.util.List;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Tells the actuator of balancers: the endpoint and the health indicator {@code evenload}, and a
 * page.
 */
@AutoConfiguration(after = EvenloadAutoConfiguration.class)
@ConditionalOnBean({EvenloadServices.class, LoadBalancer.class})
public final class EvenloadActuatorAutoConfiguration {

  /** For Spring. */
  public EvenloadActuatorAutoConfiguration() {}

  @Bean
  EvenloadStatus evenloadStatus(List<LoadBalancer> balancers) {
    return new EvenloadStatus(balancers);
  }

  /** The endpoints: the second costs nothing unless it is exposed. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
  static class Endpoint {

    @Bean
    @ConditionalOnAvailableEndpoint
    @ConditionalOnMissingBean
    EvenloadEndpoint evenloadEndpoint(EvenloadStatus status) {
      return new EvenloadEndpoint(status);
    }

    @Bean(destroyMethod = "close")
    @ConditionalOnAvailableEndpoint(endpoint = EvenloadPageEndpoint.class)
    @ConditionalOnMissingBean
    StatusPage evenloadStatusPage(List<LoadBalancer> balancers) {
      return StatusPage.of(balancers.toArray(LoadBalancer[]::new));
    }

    @Bean
    @ConditionalOnAvailableEndpoint
    @ConditionalOnMissingBean
    EvenloadPageEndpoint evenloadPageEndpoint(StatusPage page) {
      return new EvenloadPageEndpoint(page);
    }
  }

  /** The health indicator: down when a balancer has no server that may be chosen. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
  static class Indicator {

    @Bean
    @ConditionalOnEnabledHealthIndicator("evenload")
    @ConditionalOnMissingBean(name = "evenloadHealthIndicator")
    HealthIndicator evenloadHealthIndicator(EvenloadStatus status) {
      return () ->
          (status.isUp() ? Health.up() : Health.down()).withDetails(status.counts()).build();
    }
  }
}
