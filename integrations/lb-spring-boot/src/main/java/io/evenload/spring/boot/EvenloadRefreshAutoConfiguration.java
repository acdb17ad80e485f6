package io.evenload.spring.boot;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.spring.EvenloadServices;
import java.util.List;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;

/**
 * Brings options into force while calls run when Spring Cloud says that the environment has
 * changed, as after {@code /actuator/refresh}.
 */
@AutoConfiguration(after = EvenloadClientAutoConfiguration.class)
@ConditionalOnClass(EnvironmentChangeEvent.class)
@ConditionalOnBean({EvenloadServices.class, LoadBalancingInterceptor.class})
public final class EvenloadRefreshAutoConfiguration {

  /** For Spring. */
  public EvenloadRefreshAutoConfiguration() {}

  @Bean
  Refresh evenloadRefresh(
      EvenloadServices services,
      List<LoadBalancer> balancers,
      LoadBalancingInterceptor interceptor) {
    return new Refresh(services, List.copyOf(balancers), interceptor);
  }

  /** Listens for changes. */
  record Refresh(
      EvenloadServices services, List<LoadBalancer> balancers, LoadBalancingInterceptor interceptor)
      implements ApplicationListener<EnvironmentChangeEvent> {

    @Override
    public void onApplicationEvent(EnvironmentChangeEvent event) {
      services.refresh(balancers, interceptor);
    }
  }
}
