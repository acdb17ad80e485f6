package io.evenload.spring.boot3;

import io.evenload.spring.ClientDefaults;
import io.evenload.spring.EvenloadServices;
import io.evenload.spring.LateCalls;
import io.evenload.spring.ServiceCalls;
import io.evenload.spring.boot.EvenloadClientAutoConfiguration;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.http.client.HttpClientAutoConfiguration;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.boot.http.client.ClientHttpRequestFactorySettings;
import org.springframework.context.annotation.Bean;
import org.springframework.http.client.ClientHttpRequestFactory;

/**
 * Makes {@code RestClient} and {@code RestTemplate} call services through OkHttp, by what Boot
 * builds them with.
 */
@AutoConfiguration(
    before = EvenloadClientAutoConfiguration.class,
    after = HttpClientAutoConfiguration.class)
@ConditionalOnClass({HttpClientAutoConfiguration.class, ClientHttpRequestFactory.class})
@ConditionalOnBean(EvenloadServices.class)
public final class EvenloadRestClientAutoConfiguration {

  /** For Spring. */
  public EvenloadRestClientAutoConfiguration() {}

  @Bean
  ClientDefaults evenloadClientDefaults(ObjectProvider<ClientHttpRequestFactorySettings> settings) {
    return BalancingRequestFactoryBuilder.defaults(settings.getIfAvailable());
  }

  @Bean
  static BeanPostProcessor evenloadRequestFactories(ObjectProvider<ServiceCalls> calls) {
    return new Wrapping(new LateCalls(calls::getIfAvailable));
  }

  /** Puts the balancing builder around the application's. */
  private record Wrapping(LateCalls calls) implements BeanPostProcessor {
    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
      return bean instanceof ClientHttpRequestFactoryBuilder<?> others
          ? new BalancingRequestFactoryBuilder(others, calls)
          : bean;
    }
  }
}
