package io.evenload.spring;

import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.config.EvenloadConfig;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * The services that an environment configures: builds their balancers and the interceptor, and
 * changes them when the environment changes. Thread-safe.
 */
public final class EvenloadServices {

  private static final Logger LOG = LoggerFactory.getLogger(EvenloadServices.class);

  /**
   * How long a call waits for the first list of its service: 5 s, which the clients of registries
   * may take for their first answer, while an application that has started gets its first calls.
   */
  public static final Duration WAIT_FOR_SERVERS = Duration.ofSeconds(5);

  private final ConfigurableEnvironment environment;
  private final EvenloadSettings settings;
  private final Set<String> names;
  private final List<ServerSource> sources;
  private final List<EvenloadCustomizer> customizers;
  private volatile EvenloadConfig config;

  private EvenloadServices(
      ConfigurableEnvironment environment,
      List<ServerSource> sources,
      List<EvenloadCustomizer> customizers) {
    this.environment = environment;
    this.sources = List.copyOf(sources);
    this.customizers = List.copyOf(customizers);
    settings = EvenloadSettings.of(environment);
    config = config(environment, settings);
    names = names(config, settings);
  }

  /**
   * Reads an environment.
   *
   * @param sources are asked for the servers of services that the configuration has none of
   * @param customizers change what is built
   * @throws IllegalArgumentException if a key is not known or a value is not valid; the message has
   *     a line for each
   */
  public static EvenloadServices of(
      ConfigurableEnvironment environment,
      List<ServerSource> sources,
      List<EvenloadCustomizer> customizers) {
    return new EvenloadServices(environment, sources, customizers);
  }

  /**
   * Returns the names of the services that an environment configures, in alphabetical order.
   *
   * @throws IllegalArgumentException as {@link #of} does
   */
  public static Set<String> names(ConfigurableEnvironment environment) {
    EvenloadSettings settings = EvenloadSettings.of(environment);
    return names(config(environment, settings), settings);
  }

  private static Set<String> names(EvenloadConfig config, EvenloadSettings settings) {
    Set<String> names = new TreeSet<>(config.services());
    names.addAll(settings.services());
    return names;
  }

  private static EvenloadConfig config(
      ConfigurableEnvironment environment, EvenloadSettings settings) {
    return EvenloadConfig.of(PropertyTexts.of(environment, settings.services()));
  }

  /** The keys of this module, as they were when the application started. */
  public EvenloadSettings settings() {
    return settings;
  }

  /**
   * Builds the balancer of a service. Its servers are those of the key {@code servers}, or else of
   * the first source that knows it.
   *
   * @throws IllegalStateException if nothing tells its servers
   */
  public LoadBalancer balancer(String service) {
    LoadBalancer.Builder builder = config.balancer(service);
    if (!config.has(service, "servers")) {
      builder.servers(servers(service));
    }
    customizers.forEach(each -> each.balancer(service, builder));
    return builder.build();
  }

  private ServerList servers(String service) {
    for (ServerSource source : sources) {
      ServerList list = source.servers(service);
      if (list != null) {
        return list;
      }
    }
    throw new IllegalStateException(
        service
            + ": no servers (expected: the key "
            + EvenloadConfig.PREFIX
            + "service."
            + service
            + ".servers, a DiscoveryClient of Spring Cloud, or a bean of type ServerSource that"
            + " knows the service)");
  }

  /**
   * Builds the interceptor of all services. Calls that come before the first list wait for it for
   * {@link #WAIT_FOR_SERVERS}, unless a key says otherwise.
   *
   * @param balancers also those that the application has built itself
   * @throws IllegalArgumentException if there is none, or two are of one name
   */
  public LoadBalancingInterceptor interceptor(Collection<LoadBalancer> balancers) {
    LoadBalancingInterceptor.Builder builder =
        config.interceptor(balancers.toArray(LoadBalancer[]::new));
    builder.waitForServers(WAIT_FOR_SERVERS);
    customizers.forEach(each -> each.interceptor(builder));
    return builder.build();
  }

  /** What changes the client that gets the interceptor. */
  public List<EvenloadCustomizer> customizers() {
    return customizers;
  }

  /**
   * Reads the environment anew and brings into force what differs, as {@link
   * EvenloadConfig#reconfigure(LoadBalancer, EvenloadConfig)} does. An environment that is not
   * valid changes nothing and is told in the log, and so is what takes a restart: a service that
   * came or went, and where servers come from.
   *
   * @param balancers those that run
   * @param interceptor theirs
   */
  public synchronized void refresh(
      Collection<LoadBalancer> balancers, LoadBalancingInterceptor interceptor) {
    EvenloadConfig former = config;
    EvenloadConfig next;
    try {
      next = config(environment, settings);
    } catch (IllegalArgumentException e) {
      LOG.error("The changed configuration is not valid, and the former stays in force", e);
      return;
    }
    if (!names(next, settings).equals(names)) {
      LOG.warn("Services that came or went take a restart: {} before", names);
    }
    config = next;
    for (LoadBalancer balancer : balancers) {
      change(balancer.name(), () -> next.reconfigure(balancer, former));
    }
    change("interceptor", () -> next.reconfigure(interceptor, former));
  }

  private static void change(String name, Runnable change) {
    try {
      change.run();
    } catch (RuntimeException e) { // of which the others have no part
      LOG.error("{}: the changed configuration could not be brought into force", name, e);
    }
  }

  @Override
  public String toString() {
    return "EvenloadServices" + names;
  }
}
