package io.evenload.examples.drill;

import io.evenload.LoadBalancer;
import io.evenload.spring.EvenloadCustomizer;
import io.evenload.spring.ServerSource;
import io.evenload.spring.ServiceMeters;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import okhttp3.OkHttpClient;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** An application on Spring Boot, whose balancer and client the module for it has made. */
final class BootWiring {

  private BootWiring() {}

  static DrillWiring of(DrillWiring.Parts parts) {
    System.setProperty("org.springframework.boot.logging.LoggingSystem", "none");
    DrillClient.Options options = parts.options();
    Map<String, Object> keys =
        Map.of(
            "evenload.spring.services",
            options.name(),
            "evenload.spring.concurrent-calls",
            DrillWiring.CONCURRENT_CALLS,
            "evenload.service." + options.name() + ".retry.attempt-timeout",
            options.attemptTimeout().toString());
    ConfigurableApplicationContext context =
        new SpringApplicationBuilder(Application.class)
            .web(WebApplicationType.NONE)
            .logStartupInfo(false)
            .properties("spring.main.banner-mode=off")
            .properties(keys)
            .initializers(starting -> addTo((GenericApplicationContext) starting, parts))
            .run();
    context.getBean(ServiceMeters.class).bindTo(parts.registry());
    return new DrillWiring(
        context.getBean(LoadBalancer.class), context.getBean(OkHttpClient.class), context::close);
  }

  private static void addTo(GenericApplicationContext context, DrillWiring.Parts parts) {
    context.registerBean(ServerSource.class, () -> service -> parts.servers());
    context.registerBean(MeterRegistry.class, parts::registry);
    context.registerBean(EvenloadCustomizer.class, () -> new Watched(parts));
  }

  @SpringBootConfiguration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class Application {}

  /** Adds what the drill sets and is told. */
  private record Watched(DrillWiring.Parts parts) implements EvenloadCustomizer {
    @Override
    public void balancer(String service, LoadBalancer.Builder balancer) {
      balancer.listener(parts.states());
    }

    @Override
    public void client(OkHttpClient.Builder client) {
      client.callTimeout(parts.options().callTimeout()).eventListener(parts.sent());
    }
  }
}
