package io.evenload.spring;

import io.evenload.okhttp.LoadBalancingInterceptor;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * The keys that are of use in a Spring application alone, under {@value #PREFIX}.
 *
 * @param enabled false leaves out everything, as if the module were not there; true by default
 * @param services the names of services that have no keys of their own, since their servers come
 *     from elsewhere; none by default
 * @param concurrentCalls the most calls at once to each service; 256 by default, as the README
 *     sizes a client
 * @param restClient which calls of {@code RestClient} and Feign go through OkHttp; to services by
 *     default
 * @param discoveryInterval how often a {@code DiscoveryClient} is asked; every 30 s by default, as
 *     Eureka's clients ask
 */
public record EvenloadSettings(
    @DefaultValue("true") boolean enabled,
    @DefaultValue List<String> services,
    @DefaultValue("256") int concurrentCalls,
    @DefaultValue("services") RestClientUse restClient,
    @DefaultValue("30s") Duration discoveryInterval) {

  private static final List<String> NAMES =
      List.of("enabled", "services", "concurrent-calls", "rest-client", "discovery-interval");

  /** {@value}: what the keys begin with. */
  public static final String PREFIX = "evenload.spring";

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public EvenloadSettings {
    services = List.copyOf(services);
    int most = LoadBalancingInterceptor.MAX_CONCURRENT_CALLS;
    if (concurrentCalls < 1 || concurrentCalls > most) {
      throw new IllegalArgumentException(
          PREFIX + ".concurrent-calls: " + concurrentCalls + " (expected: 1 to " + most + ")");
    }
    if (discoveryInterval.compareTo(Duration.ofSeconds(1)) < 0
        || discoveryInterval.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          PREFIX + ".discovery-interval: " + discoveryInterval + " (expected: PT1S to PT24H)");
    }
  }

  /**
   * Reads an environment.
   *
   * @throws IllegalArgumentException if a key is not known
   * @throws org.springframework.boot.context.properties.bind.BindException if a value is not valid
   */
  public static EvenloadSettings of(ConfigurableEnvironment environment) {
    PropertyTexts.checkOwn(environment, NAMES);
    return Binder.get(environment).bindOrCreate(PREFIX, EvenloadSettings.class);
  }

  /** Which calls of {@code RestClient} and Feign go through OkHttp. */
  public enum RestClientUse {
    /** Those whose URL names a service; all others go as without Evenload. */
    SERVICES,
    /** All. */
    ALL,
    /** None. */
    NONE
  }
}
