package io.evenload.spring.boot;

import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.spring.BalancedClient;
import io.evenload.spring.EvenloadServices;
import java.util.function.Predicate;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
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
    afterName =
        "org.springframework.boot.http.client.autoconfigure.imperative"
            + ".ImperativeHttpClientAutoConfiguration")
@ConditionalOnClass({ClientHttpRequestFactoryBuilder.class, ClientHttpRequestFactory.class})
@ConditionalOnBean(EvenloadServices.class)
public final class EvenloadRestClientAutoConfiguration {

  /** For Spring. */
  public EvenloadRestClientAutoConfiguration() {}

  @Bean
  ClientDefaults evenloadClientDefaults(ObjectProvider<HttpClientSettings> settings) {
    return new ClientDefaults(settings.getIfAvailable(HttpClientSettings::defaults));
  }

  @Bean
  static BeanPostProcessor evenloadRequestFactories(
      ObjectProvider<EvenloadServices> services,
      ObjectProvider<LoadBalancingInterceptor> interceptor,
      ObjectProvider<OkHttpClient> client) {
    return new Wrapping(services, interceptor, client);
  }

  /** Puts the balancing builder around the application's. */
  private static final class Wrapping implements BeanPostProcessor {
    private final ObjectProvider<EvenloadServices> services;
    private final ObjectProvider<LoadBalancingInterceptor> interceptor;
    private final ObjectProvider<OkHttpClient> client;
    private volatile @Nullable Predicate<String> balanced; // after the first request

    Wrapping(
        ObjectProvider<EvenloadServices> services,
        ObjectProvider<LoadBalancingInterceptor> interceptor,
        ObjectProvider<OkHttpClient> client) {
      this.services = services;
      this.interceptor = interceptor;
      this.client = client;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
      return bean instanceof ClientHttpRequestFactoryBuilder<?> others
          ? new BalancingRequestFactoryBuilder(others, this::client, this::isBalanced)
          : bean;
    }

    private OkHttpClient client() {
      return BalancedClient.with(interceptor.getObject(), client.getIfUnique(OkHttpClient::new));
    }

    private boolean isBalanced(String host) {
      Predicate<String> known = balanced;
      if (known == null) {
        known = balanced(interceptor.getIfAvailable());
        balanced = known;
      }
      return known.test(host);
    }

    private Predicate<String> balanced(@Nullable LoadBalancingInterceptor balancing) {
      if (balancing == null) {
        return host -> false;
      }
      return switch (services.getObject().settings().restClient()) {
        case SERVICES -> balancing.hosts()::contains;
        case ALL -> host -> true;
        case NONE -> host -> false;
      };
    }
  }
}
