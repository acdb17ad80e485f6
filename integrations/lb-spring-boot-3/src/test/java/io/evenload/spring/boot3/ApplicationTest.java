package io.evenload.spring.boot3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.spring.ServerSource;
import io.evenload.testing.okhttp.Backend;
import io.evenload.testing.okhttp.Backends;
import io.evenload.testing.okhttp.Reply;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.Status;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.client.RestTemplateBuilder;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;

/** A whole application on Boot 3.5, which calls three servers. */
@Timeout(120)
class ApplicationTest {

  @RegisterExtension final Backends backends = new Backends();

  private final List<Backend> servers =
      Stream.of("a", "b", "c").map(backends::start).collect(Collectors.toList());

  private ConfigurableApplicationContext start(String... properties) {
    ServerList list = ServerList.of(servers.stream().map(Backend::server).toList());
    ConfigurableApplicationContext context =
        new SpringApplicationBuilder(Application.class)
            .web(WebApplicationType.NONE)
            .initializers(
                starting ->
                    ((GenericApplicationContext) starting)
                        .registerBean(ServerSource.class, () -> service -> list))
            .properties("evenload.spring.services=orders", "spring.main.banner-mode=off")
            .properties(properties)
            .run();
    backends.watch(context.getBean(LoadBalancer.class));
    return context;
  }

  @SpringBootConfiguration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class Application {
    @Bean
    RestClient orders(RestClient.Builder builder) {
      return builder.baseUrl("http://orders").build();
    }

    @Bean
    MeterRegistry meters() {
      return new SimpleMeterRegistry();
    }
  }

  private static String items(ConfigurableApplicationContext context) {
    return context.getBean(RestClient.class).get().uri("/items").retrieve().body(String.class);
  }

  @Test
  void get_whileServersRestartOneByOne_neverFails() {
    try (ConfigurableApplicationContext context = start()) {
      for (Backend server : servers) {
        server.stop();
        for (int i = 0; i < 100; i++) {
          assertThat(items(context)).isNotEqualTo(server.id());
        }
        server.restart();
      }
      assertThat(servers).allSatisfy(server -> assertThat(server.requestCount()).isPositive());
      assertThat(context.getBean(MeterRegistry.class).get("evenload.servers").gauges())
          .isNotEmpty();
    }
  }

  @Test
  void post_withABody_arrivesAndOtherHostsGoTheirWay() {
    try (ConfigurableApplicationContext context = start()) {
      var template = context.getBean(RestTemplateBuilder.class).build();
      assertThat(template.postForObject("http://ORDERS/", "x", String.class)).isIn("a", "b", "c");
      String other = "http://127.0.0.1:" + servers.get(1).port() + "/";
      assertThat(template.getForObject(other, String.class)).isEqualTo("b");
      var requests = servers.get(1).requests();
      assertThat(requests.get(requests.size() - 1).getHeaders().get("User-Agent"))
          .doesNotContainIgnoringCase("okhttp");
    }
  }

  @Test
  void timeouts_ofTheApplication_hold() {
    try (ConfigurableApplicationContext context = start("spring.http.client.read-timeout=200ms")) {
      servers.forEach(server -> server.always(Reply.hang()));
      assertThat(catchThrowable(() -> items(context)))
          .isInstanceOf(ResourceAccessException.class)
          .cause()
          .isInstanceOf(InterruptedIOException.class);
    }
  }

  @Test
  void health_withoutAnEligibleServer_isDown() {
    try (ConfigurableApplicationContext context = start()) {
      HealthIndicator health = context.getBean("evenloadHealthIndicator", HealthIndicator.class);
      assertThat(health.health().getStatus()).isEqualTo(Status.UP);
      servers.forEach(
          server -> context.getBean(LoadBalancer.class).admin().drain(server.server().id()));
      assertThat(health.health().getStatus()).isEqualTo(Status.DOWN);
      assertThat(health.health().getDetails()).containsKey("orders");
    }
  }

  @Test
  void refresh_changedEnvironment_isInForce() {
    try (ConfigurableApplicationContext context = start()) {
      Map<String, Object> changed = Map.of("evenload.service.orders.retry.budget.enabled", "false");
      context
          .getEnvironment()
          .getPropertySources()
          .addFirst(new MapPropertySource("changed", changed));
      context.publishEvent(new EnvironmentChangeEvent(changed.keySet()));
      assertThat(context.getBean(LoadBalancingInterceptor.class).retriesLeft("orders"))
          .isInfinite();
    }
  }
}
