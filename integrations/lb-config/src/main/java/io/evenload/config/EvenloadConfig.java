package io.evenload.config;

import static java.util.Objects.requireNonNull;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;

/**
 * The options of balancers and interceptors, from properties.
 *
 * <pre>{@code
 * evenload.default.panic-threshold=0.4
 * evenload.default.retry.base-backoff=50ms
 * evenload.service.orders.retry.max-attempts=5
 * }</pre>
 *
 * <pre>{@code
 * EvenloadConfig config = EvenloadConfig.of(properties);
 * LoadBalancer orders = config.balancer("orders").servers(servers).build();
 * LoadBalancingInterceptor balancing = config.interceptor("orders").service("orders", orders).build();
 * }</pre>
 *
 * <p>What is after {@code evenload.default.} holds for all services, and what is after {@code
 * evenload.service.<name>.} for one, key by key. Where there is neither, the library's own default
 * holds. The table in {@code docs/configuration.md} has all keys. Keys that do not begin with
 * {@code evenload.} are not looked at.
 *
 * <p>Immutable and thread-safe.
 */
public final class EvenloadConfig {

  /** What all keys begin with. */
  public static final String PREFIX = "evenload.";

  private final Section defaults;
  private final Map<String, Section> services;

  private EvenloadConfig(Section defaults, Map<String, Section> services) {
    this.defaults = defaults;
    this.services = Collections.unmodifiableMap(services);
  }

  /**
   * Returns the configuration of some properties, those that they have by default among them.
   *
   * @throws IllegalArgumentException as {@link #of(Map)} does
   */
  public static EvenloadConfig of(Properties properties) {
    Map<String, String> texts = new TreeMap<>();
    properties.stringPropertyNames().forEach(key -> texts.put(key, properties.getProperty(key)));
    return of(texts);
  }

  /**
   * Returns the configuration of some keys and values.
   *
   * @throws IllegalArgumentException if a key that begins with {@code evenload.} is not known, a
   *     value is not valid, or some do not go together; the message has a line for each of them,
   *     such as {@code evenload.default.panic-threshold: 1.4 (expected: 0 to 1)}
   */
  public static EvenloadConfig of(Map<String, String> texts) {
    Reading reading = new Reading(requireNonNull(texts, "texts"));
    EvenloadConfig config = new EvenloadConfig(reading.defaults(), reading.services());
    List<String> problems = reading.problems();
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    return config;
  }

  /**
   * Returns a builder of the balancer of a service, with the options that are configured. It needs
   * a server list; what is set on it besides has its way over the configuration.
   *
   * @param service the service's name, which becomes the balancer's
   * @throws IllegalArgumentException if the name is blank
   */
  public LoadBalancer.Builder balancer(String service) {
    LoadBalancer.Builder builder = LoadBalancer.builder(service);
    section(service).balancer().applyTo(builder);
    return builder;
  }

  /**
   * Returns a builder of an interceptor, with the options that are configured for a service. It
   * needs the service; what is set on it besides has its way over the configuration. The options of
   * an interceptor hold for all services that are added to it: services with options of their own
   * take an interceptor each.
   *
   * @param service the service's name
   */
  public LoadBalancingInterceptor.Builder interceptor(String service) {
    LoadBalancingInterceptor.Builder builder = LoadBalancingInterceptor.builder();
    section(service).interceptor().applyTo(builder);
    return builder;
  }

  /** The names of the services that have keys of their own, in alphabetical order. */
  public Set<String> services() {
    return services.keySet();
  }

  private Section section(String service) {
    return services.getOrDefault(requireNonNull(service, "service"), defaults);
  }
}
