package io.evenload.spring.boot3;

import io.evenload.spring.EvenloadStatus;
import io.evenload.spring.boot.EvenloadActuatorAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** The health indicator: down when a balancer has no server that may be chosen. */
@AutoConfiguration(after = EvenloadActuatorAutoConfiguration.class)
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnBean(EvenloadStatus.class)
public final class EvenloadHealthAutoConfiguration {

  /** For Spring. */
  public EvenloadHealthAutoConfiguration() {}

  @Bean
  @ConditionalOnEnabledHealthIndicator("evenload")
  @ConditionalOnMissingBean(name = "evenloadHealthIndicator")
  HealthIndicator evenloadHealthIndicator(EvenloadStatus status) {
    return () -> (status.isUp() ? Health.up() : Health.down()).withDetails(status.counts()).build();
  }
}
