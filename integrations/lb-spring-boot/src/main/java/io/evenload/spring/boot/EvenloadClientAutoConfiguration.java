package io.evenload.spring.boot;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.opentelemetry.AttemptTracing;
import io.evenload.spring.BalancedClient;
import io.evenload.spring.ClientDefaults;
import io.evenload.spring.EvenloadServices;
import io.evenload.spring.GracefulEnd;
import io.evenload.spring.ServiceCalls;
import io.opentelemetry.api.OpenTelemetry;
import java.util.List;
import java.util.function.UnaryOperator;
import okhttp3.OkHttpClient;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Makes the interceptor of all {@link LoadBalancer} beans, also of those that the application has
 * built itself, and an {@link OkHttpClient} that has it, unless the application has one.
 */
@AutoConfiguration(
    after = EvenloadAutoConfiguration.class,
    beforeName = "org.springframework.cloud.openfeign.FeignAutoConfiguration") // has a client too
@ConditionalOnBean({EvenloadServices.class, LoadBalancer.class})
public final class EvenloadClientAutoConfiguration {

  /** For Spring. */
  public EvenloadClientAutoConfiguration() {}

  @Bean
  @ConditionalOnMissingBean
  LoadBalancingInterceptor loadBalancingInterceptor(
      EvenloadServices services, List<LoadBalancer> balancers) {
    return services.interceptor(balancers);
  }

  /** A client of the application's own is used with the interceptor, and stays as it is. */
  @Bean
  ServiceCalls evenloadServiceCalls(
      EvenloadServices services,
      LoadBalancingInterceptor interceptor,
      ObjectProvider<OkHttpClient> client) {
    return new ServiceCalls(
        services.settings().restClient(),
        interceptor.hosts(),
        BalancedClient.with(interceptor, client.getIfUnique(OkHttpClient::new)));
  }

  @Bean
  GracefulEnd evenloadGracefulEnd(List<LoadBalancer> balancers) {
    return new GracefulEnd(balancers);
  }

  /** The client, where the application has none. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnMissingBean(OkHttpClient.class)
  static class Client {

    @Bean(destroyMethod = "close")
    OwnClient evenloadOwnClient(
        EvenloadServices services,
        LoadBalancingInterceptor interceptor,
        ObjectProvider<ClientDefaults> defaults,
        ObjectProvider<ClientTracing> tracing) {
      return new OwnClient(
          BalancedClient.of(
              services,
              interceptor,
              builder -> defaults.ifAvailable(each -> each.accept(builder)),
              client -> {
                ClientTracing traced = tracing.getIfAvailable();
                return traced == null ? client : traced.apply(client);
              }));
    }

    @Bean
    OkHttpClient okHttpClient(OwnClient own) {
      return own.client();
    }
  }

  /** The spans of attempts, where the application has OpenTelemetry. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(OpenTelemetry.class)
  static class Tracing {

    @Bean
    ClientTracing evenloadClientTracing(ObjectProvider<OpenTelemetry> openTelemetry) {
      return client -> {
        OpenTelemetry unique = openTelemetry.getIfUnique();
        return unique == null ? client : AttemptTracing.of(unique).install(client);
      };
    }
  }

  /** Makes a client trace its attempts. */
  @FunctionalInterface
  interface ClientTracing extends UnaryOperator<OkHttpClient> {}

  /** The client that is this module's to close. */
  record OwnClient(OkHttpClient client) implements AutoCloseable {
    @Override
    public void close() {
      BalancedClient.close(client);
    }
  }
}
