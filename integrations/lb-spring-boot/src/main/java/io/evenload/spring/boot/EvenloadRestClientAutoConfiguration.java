package io.evenload.spring.boot;

import io.evenload.spring.ClientDefaults;
import io.evenload.spring.EvenloadServices;
import io.evenload.spring.LateCalls;
import io.evenload.spring.ServiceCalls;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.boot.http.client.HttpClientSettings;
import org.springframework.context.annotation.Bean;
import org.springframework.http.client.ClientHttpRequestFactory;

/**
 * Makes {@code RestClient}, {@code RestTemplate} and HTTP service groups call services through
 * OkHttp, by what Boot builds them all with.
 */
@AutoConfiguration(
    before = EvenloadClientAutoConfiguration.class,
    afterName = EvenloadRestClientAutoConfiguration.HTTP_CLIENTS)
@ConditionalOnClass(
    value = ClientHttpRequestFactory.class,
    name = EvenloadRestClientAutoConfiguration.HTTP_CLIENTS) // Boot 3.5 has the builder too
@ConditionalOnBean(EvenloadServices.class)
public final class EvenloadRestClientAutoConfiguration {

  static final String HTTP_CLIENTS =
      "org.springframework.boot.http.client.autoconfigure.imperative"
          + ".ImperativeHttpClientAutoConfiguration";

  /** For Spring. */
  public EvenloadRestClientAutoConfiguration() {}

  @Bean
  ClientDefaults evenloadClientDefaults(ObjectProvider<HttpClientSettings> settings) {
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
