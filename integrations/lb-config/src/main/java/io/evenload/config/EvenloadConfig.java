package io.evenload.config;

import static java.util.Objects.requireNonNull;

import io.evenload.LoadBalancer;
import io.evenload.Wiring;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.ServiceOptions;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

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
 * LoadBalancingInterceptor balancing = config.interceptor(orders).build();
 * }</pre>
 *
 * <p>What is after {@code evenload.default.} holds for all services, and what is after {@code
 * evenload.service.<name>.} for one, key by key. Where there is neither, the library's own default
 * holds. A name is that of a host: of two spellings of one, such as {@code Bücher.example} and
 * {@code xn--bcher-kva.example}, each finds the other's keys, unless it has keys of its own. The
 * tables in {@code docs/configuration.md} and {@code docs/configuration-expert.md} have all keys.
 * Keys that do not begin with {@code evenload.} are not looked at.
 *
 * <p>Immutable and thread-safe.
 */
public final class EvenloadConfig {

  /** What all keys begin with. */
  public static final String PREFIX = "evenload.";

  private final Map<String, String> texts;
  private final Supplier<OkHttpClient> probing;
  private final Map<String, Section> services;

  private EvenloadConfig(
      Map<String, String> texts, Supplier<OkHttpClient> probing, Map<String, Section> services) {
    this.texts = texts;
    this.probing = probing;
    this.services = Collections.unmodifiableMap(services);
  }

  /**
   * Returns the configuration of some properties, and of the defaults that they were made with.
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
    return read(new TreeMap<>(requireNonNull(texts, "texts")), Plain::client);
  }

  private static EvenloadConfig read(Map<String, String> texts, Supplier<OkHttpClient> probing) {
    Reading reading = new Reading(texts, probing);
    reading.checkDefaults();
    EvenloadConfig config = new EvenloadConfig(texts, probing, reading.services());
    refuse(reading.problems());
    return config;
  }

  private static void refuse(List<String> problems) {
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /**
   * Returns the same configuration with another client for {@code health-check.probe=http}: its
   * TLS, protocols, name resolution and connection pool are the probes', as {@link
   * io.evenload.okhttp.OkHttpProbes} says. By default it is a plain one, with the JVM's trust.
   *
   * @param client what the client of the balanced calls is derived from, if they are to share
   */
  public EvenloadConfig probingWith(OkHttpClient client) {
    requireNonNull(client, "client");
    return read(texts, () -> client);
  }

  /**
   * Returns a builder of the balancer of a service, with the options that are configured. It needs
   * a server list, by the key {@code servers} or by code; what is set on it besides has its way
   * over the configuration.
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
   * Returns a builder of an interceptor for services, each with the options that are configured for
   * it: {@code config.interceptor(orders, search).build()}. What is set on the builder besides
   * holds where no key says otherwise, and other services may be added.
   *
   * @param balancers the name of each is the service's, and the host of its URLs
   * @throws IllegalArgumentException if a name cannot be a host, or comes twice
   */
  public LoadBalancingInterceptor.Builder interceptor(LoadBalancer... balancers) {
    LoadBalancingInterceptor.Builder builder = LoadBalancingInterceptor.builder();
    for (LoadBalancer balancer : balancers) {
      builder.service(balancer.name(), balancer, options(balancer.name()));
    }
    return builder;
  }

  /**
   * Returns the configured options of the calls to a service, for a host that has another name than
   * the service: {@code builder.service("shop", orders, config.options("orders"))}.
   *
   * @param service the service's name
   */
  public Consumer<ServiceOptions<?>> options(String service) {
    return section(service).interceptor()::applyTo;
  }

  /**
   * Changes a running balancer where this configuration differs from a former one, by {@link
   * LoadBalancer#reconfigure}. Options whose keys have not changed are left alone, so that their
   * state stays, and so are those without any key, which code may have set. An option that had keys
   * and has none any more goes back to the library's default.
   *
   * <p>If the keys of {@code concurrency-limit} change, all gates of the balancer's builder go, but
   * not those of {@link Wiring#addGate}.
   *
   * @param balancer its name is the service's
   * @param former what the balancer was built or reconfigured with last
   */
  public void reconfigure(LoadBalancer balancer, EvenloadConfig former) {
    Options<LoadBalancer.Builder> options = section(balancer.name()).balancer();
    Options<LoadBalancer.Builder> last = former.section(balancer.name()).balancer();
    if (!options.same(last)) {
      balancer.reconfigure(builder -> options.applyTo(builder, last));
    }
  }

  /**
   * Does the same at all services of a running interceptor, by {@link
   * LoadBalancingInterceptor#reconfigure}; the host of each is the service's name.
   *
   * @param former what the interceptor was built or reconfigured with last
   */
  public void reconfigure(LoadBalancingInterceptor interceptor, EvenloadConfig former) {
    interceptor.hosts().forEach(host -> reconfigure(interceptor, host, host, former));
  }

  /**
   * Does the same at one service of a running interceptor.
   *
   * @param host the host that the service was added with
   * @param service the service's name, as it was given to {@link #options}
   * @param former what the service was built or reconfigured with last
   */
  public void reconfigure(
      LoadBalancingInterceptor interceptor, String host, String service, EvenloadConfig former) {
    Options<ServiceOptions<?>> options = section(service).interceptor();
    Options<ServiceOptions<?>> last = former.section(service).interceptor();
    if (!options.same(last)) {
      interceptor.reconfigure(host, given -> options.applyTo(given, last));
    }
  }

  /**
   * Whether a key is set for a service, by its own value or by one that holds for all.
   *
   * @param service the service's name
   * @param key without what comes before it, such as {@code retry.max-attempts}
   */
  public boolean has(String service, String key) {
    Section section = section(service);
    return section.balancer().has(key) || section.interceptor().has(key);
  }

  /** The names of the services that have keys of their own, in alphabetical order. */
  public Set<String> services() {
    return services.keySet();
  }

  private Section section(String service) {
    Section known = services.get(requireNonNull(service, "service"));
    if (known != null) {
      return known;
    }
    String host = host(service);
    for (Map.Entry<String, Section> each : services.entrySet()) {
      if (host != null && host.equals(host(each.getKey()))) {
        return each.getValue();
      }
    }
    Reading reading = new Reading(texts, probing);
    Section section = reading.service(service);
    refuse(reading.problems());
    return section;
  }

  /**
   * Returns the name of a service as an interceptor has it, in lower case and ASCII; null if it
   * cannot be a host.
   */
  private static @Nullable String host(String service) {
    try {
      return new HttpUrl.Builder().scheme("http").host(service).build().host();
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** A client with all defaults, made when it is needed. */
  private static final class Plain {
    private static final OkHttpClient CLIENT = new OkHttpClient();

    static OkHttpClient client() {
      return CLIENT;
    }
  }
}
