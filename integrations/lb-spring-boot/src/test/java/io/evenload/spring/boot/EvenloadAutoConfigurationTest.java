package io.evenload.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import feign.Client;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import io.evenload.opentelemetry.AttemptTracing;
import io.evenload.spring.BalancedFeign;
import io.evenload.spring.EvenloadCustomizer;
import io.evenload.spring.EvenloadServices;
import io.evenload.spring.EvenloadStatus;
import io.evenload.spring.ServerSource;
import io.evenload.spring.ServiceMeters;
import io.evenload.status.StatusPage;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.http.client.autoconfigure.HttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.imperative.ImperativeHttpClientAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class EvenloadAutoConfigurationTest {

  private static final ServerList SERVERS = ServerList.of(Server.of("127.0.0.1", 1));

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  EvenloadAutoConfiguration.class,
                  EvenloadClientAutoConfiguration.class,
                  EvenloadFeignAutoConfiguration.class,
                  EvenloadRestClientAutoConfiguration.class,
                  EvenloadMetricsAutoConfiguration.class,
                  EvenloadActuatorAutoConfiguration.class,
                  EvenloadDiscoveryAutoConfiguration.class,
                  EvenloadRefreshAutoConfiguration.class,
                  HttpClientAutoConfiguration.class,
                  ImperativeHttpClientAutoConfiguration.class));

  private final ApplicationContextRunner orders =
      runner
          .withBean("source", ServerSource.class, () -> service -> SERVERS)
          .withPropertyValues("evenload.service.orders.panicThreshold=0.4");

  @Test
  void balancers_ofConfiguredServices_areBeansByName() {
    orders
        .withPropertyValues("evenload.spring.services=stock-api,orders.internal")
        .withUserConfiguration(ByName.class)
        .run(
            context -> {
              assertThat(context.getBeansOfType(LoadBalancer.class))
                  .containsOnlyKeys(
                      "ordersLoadBalancer", "stock-apiLoadBalancer", "orders.internalLoadBalancer");
              assertThat(context.getBean("named")).isEqualTo("orders");
              assertThat(context.getBean(LoadBalancingInterceptor.class).hosts())
                  .containsOnly("orders", "stock-api", "orders.internal");
              assertThat(context.getBean(OkHttpClient.class).interceptors())
                  .contains(context.getBean(LoadBalancingInterceptor.class));
            });
  }

  @Configuration(proxyBeanMethods = false)
  static class ByName {
    @Bean
    String named(@Qualifier("orders") LoadBalancer orders) {
      return orders.name();
    }
  }

  @Test
  void balancers_closedContext_areClosed() {
    orders.run(
        context -> {
          LoadBalancer balancer = context.getBean(LoadBalancer.class);
          OkHttpClient client = context.getBean(OkHttpClient.class);
          context.close();
          assertThat(balancer.status().closed()).isTrue();
          assertThat(client.dispatcher().executorService().isShutdown()).isTrue();
        });
  }

  @Test
  void nothing_configured_isNothingAtAll() {
    runner.run(
        context ->
            assertThat(context)
                .hasNotFailed()
                .doesNotHaveBean(LoadBalancer.class)
                .doesNotHaveBean(LoadBalancingInterceptor.class)
                .doesNotHaveBean(OkHttpClient.class)
                .doesNotHaveBean(EvenloadStatus.class));
  }

  @Test
  void enabled_false_isNothingAtAll() {
    orders
        .withPropertyValues("evenload.spring.enabled=false")
        .run(
            context ->
                assertThat(context)
                    .hasNotFailed()
                    .doesNotHaveBean(EvenloadServices.class)
                    .doesNotHaveBean(OkHttpClient.class));
  }

  @Test
  void key_unknown_isRefusedWithTheNearest() {
    orders
        .withPropertyValues("evenload.service.orders.retry.max-atempts=3")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasStackTraceContaining("retry.max-atempts: unknown key")
                    .hasStackTraceContaining("evenload.service.<name>.retry.max-attempts"));
    orders
        .withPropertyValues("evenload.spring.rest-cliemt=all")
        .run(context -> assertThat(context).getFailure().hasStackTraceContaining("rest-cliemt"));
    orders
        .withPropertyValues("evenload.spring.concurrent-calls=0")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasStackTraceContaining(
                        "evenload.spring.concurrent-calls: 0 (expected: 1 to 100000)"));
    orders
        .withPropertyValues("evenload.spring.discovery-interval=0s")
        .run(
            context ->
                assertThat(context).getFailure().hasStackTraceContaining("discovery-interval"));
  }

  @Test
  void variables_setEveryKindOfKey() {
    orders
        .withInitializer(
            context ->
                context
                    .getEnvironment()
                    .getPropertySources()
                    .addFirst(
                        new SystemEnvironmentPropertySource(
                            "systemEnvironment",
                            Map.of(
                                "EVENLOAD_SERVICE_ORDERS_RETRY_MAX_ATTEMPTS", "x",
                                "EVENLOAD_SPRING_CONCURRENT_CALLS", "7"))))
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasStackTraceContaining(
                        "evenload.service.orders.retry.max-attempts: x (expected: integer)"));
  }

  @Test
  void placeholders_areResolved() {
    orders
        .withPropertyValues("attempts=x", "evenload.service.orders.retry.max-attempts=${attempts}")
        .run(context -> assertThat(context).getFailure().hasStackTraceContaining("attempts: x"));
  }

  @Test
  void servers_ofTheConfiguration_comeBeforeAllSources() {
    orders
        .withPropertyValues("evenload.service.orders.servers=static:127.0.0.1:7")
        .run(
            context ->
                assertThat(
                        context.getBean(LoadBalancer.class).status().endpoints().stream()
                            .map(each -> each.server().port()))
                    .containsExactly(7));
  }

  @Test
  void servers_fromNowhere_areNamedAsMissing() {
    runner
        .withPropertyValues("evenload.spring.services=orders")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasStackTraceContaining("orders: no servers (expected: the key"));
  }

  @Test
  void servers_fromADiscoveryClient_comeAfterTheApplicationsSources() {
    ServerList own = ServerList.of(Server.of("127.0.0.2", 2));
    runner
        .withPropertyValues("evenload.spring.services=orders,stock")
        .withBean("own", ServerSource.class, () -> name -> name.equals("stock") ? own : null)
        .withBean(DiscoveryClient.class, () -> new FakeDiscovery("127.0.0.3", 3))
        .run(
            context -> {
              LoadBalancer stock = context.getBean("stockLoadBalancer", LoadBalancer.class);
              LoadBalancer found = context.getBean("ordersLoadBalancer", LoadBalancer.class);
              found.ready().toCompletableFuture().get();
              assertThat(stock.status().endpoints().get(0).server().port()).isEqualTo(2);
              assertThat(found.status().endpoints().get(0).server().port()).isEqualTo(3);
            });
  }

  @Test
  void client_ofTheApplication_isLeftAlone() {
    orders
        .withBean(OkHttpClient.class, OkHttpClient::new)
        .run(
            context -> {
              OkHttpClient own = context.getBean(OkHttpClient.class);
              assertThat(own.interceptors()).isEmpty();
              context.close();
              assertThat(own.dispatcher().executorService().isShutdown()).isFalse();
            });
  }

  @Test
  void balancer_ofTheApplication_takesTheConfiguredOnesPlaceOrIsAddedToThem() {
    orders
        .withBean("ordersLoadBalancer", LoadBalancer.class, () -> LoadBalancer.of("orders"))
        .withBean("stock", LoadBalancer.class, () -> LoadBalancer.of("stock"))
        .run(
            context ->
                assertThat(context.getBean(LoadBalancingInterceptor.class).hosts())
                    .containsOnly("orders", "stock"));
  }

  @Test
  void customizer_changesAllThree() {
    orders
        .withPropertyValues(
            "spring.http.clients.read-timeout=3s", "evenload.spring.concurrent-calls=7")
        .withBean(EvenloadCustomizer.class, Custom::new)
        .run(
            context -> {
              OkHttpClient client = context.getBean(OkHttpClient.class);
              assertThat(client.callTimeoutMillis()).isEqualTo(5_000);
              assertThat(client.readTimeoutMillis()).isEqualTo(3_000);
              assertThat(client.dispatcher().getMaxRequestsPerHost()).isEqualTo(7);
              assertThat(context.getBean(LoadBalancer.class).status().endpoints()).isEmpty();
              assertThat(context.getBean(LoadBalancingInterceptor.class).retriesLeft("orders"))
                  .isInfinite();
            });
  }

  private static final class Custom implements EvenloadCustomizer {
    @Override
    public void balancer(String service, LoadBalancer.Builder balancer) {
      balancer.servers(ServerList.of());
    }

    @Override
    public void interceptor(LoadBalancingInterceptor.Builder interceptor) {
      interceptor.retry(RetryPolicy.builder().withoutBudget().build());
    }

    @Override
    public void client(OkHttpClient.Builder client) {
      client.callTimeout(Duration.ofSeconds(5));
    }
  }

  @Test
  void meters_ofAnyRegistry_areThereAndGone() {
    orders
        .withConfiguration(
            AutoConfigurations.of(
                MetricsAutoConfiguration.class, CompositeMeterRegistryAutoConfiguration.class))
        .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
        .run(
            context -> {
              MeterRegistry registry = context.getBean(MeterRegistry.class);
              assertThat(registry.get("evenload.servers").tag("balancer", "orders").gauges())
                  .isNotEmpty();
              assertThat(registry.find("evenload.retry.budget").gauge()).isNotNull();
              context.getBean(ServiceMeters.class).close();
              assertThat(registry.find("evenload.servers").gauges()).isEmpty();
            });
  }

  @Test
  void tracing_ofOpenTelemetry_isInstalledOnce() {
    OpenTelemetry openTelemetry =
        OpenTelemetrySdk.builder().setTracerProvider(SdkTracerProvider.builder().build()).build();
    orders
        .withBean(OpenTelemetry.class, () -> openTelemetry)
        .run(
            context ->
                assertThat(
                        catchThrowable(
                            () ->
                                AttemptTracing.of(openTelemetry)
                                    .install(context.getBean(OkHttpClient.class))))
                    .hasMessage("client: traced already (expected: once)"));
  }

  @Test
  void optionalClasses_missing_areNotNeeded() {
    orders
        .withClassLoader(
            new FilteredClassLoader(
                "io.micrometer",
                "io.opentelemetry",
                "org.springframework.cloud",
                "feign",
                "org.springframework.boot.actuate",
                "org.springframework.boot.health"))
        .run(context -> assertThat(context).hasNotFailed().hasSingleBean(OkHttpClient.class));
  }

  @Test
  void health_withoutAnEligibleServer_isDownAndTellsNoAddress() {
    orders.run(
        context -> {
          Health up = context.getBean(HealthIndicator.class).health();
          assertThat(up.getStatus()).isEqualTo(Status.UP);
          assertThat(up.getDetails()).containsEntry("orders", Map.of("eligible", 1L));
          context.getBean(LoadBalancer.class).admin().drain("127.0.0.1:1");
          Health down = context.getBean(HealthIndicator.class).health();
          assertThat(down.getStatus()).isEqualTo(Status.DOWN);
          assertThat(down.toString()).contains("draining").doesNotContain("127.0.0.1");
        });
  }

  @Test
  void endpoint_drainsAndTells() {
    orders
        .withPropertyValues("management.endpoints.web.exposure.include=evenload")
        .withPropertyValues("management.endpoint.evenload.access=UNRESTRICTED")
        .run(
            context -> {
              EvenloadEndpoint endpoint = context.getBean(EvenloadEndpoint.class);
              assertThat(endpoint.all()).startsWith("{\"balancers\":[{\"name\":\"orders\"");
              endpoint.change("orders", "127.0.0.1:1", EvenloadEndpoint.Change.DRAIN);
              assertThat(endpoint.one("orders")).contains("DRAINING");
              endpoint.change("orders", "127.0.0.1:1", EvenloadEndpoint.Change.UNDRAIN);
              assertThat(endpoint.one("orders")).contains("ELIGIBLE");
              assertThat(endpoint.one("stock")).isNull();
              assertThat(
                      catchThrowable(
                          () -> endpoint.change("stock", "x", EvenloadEndpoint.Change.DRAIN)))
                  .hasMessageContaining("balancer: 'stock'");
            });
  }

  @Test
  void page_exposed_isHtmlAndOtherwiseCostsNothing() {
    orders.run(
        context ->
            assertThat(context)
                .doesNotHaveBean(StatusPage.class)
                .doesNotHaveBean(EvenloadPageEndpoint.class));
    orders
        .withPropertyValues("management.endpoints.web.exposure.include=evenloadpage")
        .run(
            context ->
                assertThat(context.getBean(EvenloadPageEndpoint.class).page())
                    .startsWith("<!doctype html>")
                    .contains("127.0.0.1:1"));
  }

  @Test
  void feign_clients_getWhatBalancesThemAndAClientIfThereIsNone() {
    orders.run(
        context ->
            assertThat(context).hasSingleBean(BalancedFeign.class).hasSingleBean(Client.class));
    Client own = (request, options) -> null;
    orders
        .withBean(Client.class, () -> own)
        .run(
            context -> {
              assertThat(context).hasSingleBean(BalancedFeign.class);
              assertThat(context.getBean(Client.class)).isSameAs(own);
            });
    runner.run(context -> assertThat(context).doesNotHaveBean(BalancedFeign.class));
  }

  @Test
  void refresh_changedEnvironment_isInForceAndAWrongOneIsNot() {
    Map<String, Object> changing = new HashMap<>();
    changing.put("evenload.service.orders.retry.budget-ratio", "0.2");
    orders
        .withInitializer(
            context ->
                context
                    .getEnvironment()
                    .getPropertySources()
                    .addFirst(new MapPropertySource("changing", changing)))
        .run(
            context -> {
              LoadBalancingInterceptor interceptor =
                  context.getBean(LoadBalancingInterceptor.class);
              changing.put("evenload.service.orders.retry.budget.enabled", "false");
              context.publishEvent(new EnvironmentChangeEvent(changing.keySet()));
              assertThat(interceptor.retriesLeft("orders")).isInfinite();
              changing.put("evenload.service.orders.retry.budget.enabled", "perhaps");
              context.publishEvent(new EnvironmentChangeEvent(changing.keySet()));
              assertThat(interceptor.retriesLeft("orders")).isInfinite();
              changing.put("evenload.service.orders.retry.budget.enabled", "true");
              changing.put("evenload.service.stock.chooser", "random");
              context.publishEvent(new EnvironmentChangeEvent(changing.keySet()));
              assertThat(interceptor.retriesLeft("orders")).isFinite();
            });
  }
}
