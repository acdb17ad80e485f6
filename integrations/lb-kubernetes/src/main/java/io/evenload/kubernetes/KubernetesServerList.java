package io.evenload.kubernetes;

import static java.util.Objects.requireNonNull;

import io.evenload.ServerList;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The pods of a Kubernetes service, as its EndpointSlices tell them: listed once, then watched, so
 * that a change is known within a fraction of a second.
 *
 * <p>A pod is listed while it is ready. One that terminates is left out: it gets nothing new, and
 * what runs there may end. If no other is left, those are listed that terminate and still serve. A
 * server's id is the pod's name, or host and port where no pod stands behind an address; its zone
 * is that of the pod's node; its metadata are {@code pod} and {@code node}.
 *
 * <p>While the API server cannot be reached the last list stays, {@link Listener#failed} tells why,
 * and it is asked again after half a second, then less often, up to each 3 seconds (30 where it
 * answers with errors), a fifth more or less at random. Whatever the watch says, all slices are
 * listed anew {@linkplain Builder#relistInterval now and then}, and when the balancer asks because
 * its servers refuse connections.
 *
 * <p>The service account needs the permission to {@code list} and {@code watch} {@code
 * endpointslices} of the group {@code discovery.k8s.io} in the service's namespace.
 *
 * <p>Immutable. Each subscription has a daemon thread, which ends when it is closed.
 */
public final class KubernetesServerList implements ServerList {

  private final Builder options;

  private KubernetesServerList(Builder options) {
    this.options = options;
  }

  /**
   * Returns the list of a service with one port, in the namespace and the cluster that this process
   * is a pod of.
   *
   * @throws IllegalStateException if this is no pod
   * @throws IllegalArgumentException if the name is blank
   */
  public static KubernetesServerList of(String service) {
    return builder(service).build();
  }

  /**
   * Returns a builder.
   *
   * @param service the name of the service
   * @throws IllegalArgumentException if the name is blank
   */
  public static Builder builder(String service) {
    return new Builder(service);
  }

  @Override
  public Subscription subscribe(Listener listener) {
    SliceWatch watch = new SliceWatch(options, requireNonNull(listener, "listener"));
    watch.start();
    return watch;
  }

  @Override
  public String toString() {
    return options.toString();
  }

  static String notBlank(String name, String value) {
    if (requireNonNull(value, name).isBlank()) {
      throw new IllegalArgumentException(name + ": '" + value + "' (expected: not blank)");
    }
    return value;
  }

  /** Collects the options of a {@link KubernetesServerList}; not thread-safe. */
  public static final class Builder {

    /** 10 minutes: if a watch loses a change, the list is wrong for that long at most. */
    public static final Duration DEFAULT_RELIST_INTERVAL = Duration.ofMinutes(10);

    /** 5 minutes, the shortest that Kubernetes' own clients use. */
    public static final Duration DEFAULT_WATCH_TIMEOUT = Duration.ofMinutes(5);

    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofDays(1);

    private final String service;
    private @Nullable KubernetesCluster cluster;
    private @Nullable String namespace;
    private @Nullable String port;
    private boolean preferIpv6;
    private Duration relistInterval = DEFAULT_RELIST_INTERVAL;
    private Duration watchTimeout = DEFAULT_WATCH_TIMEOUT;
    private Duration listTimeout = SliceApi.LIST_TIMEOUT;
    private RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();

    private Builder(String service) {
      this.service = notBlank("service", service);
    }

    private Builder(Builder other) {
      service = other.service;
      cluster = other.cluster;
      namespace = other.namespace;
      port = other.port;
      preferIpv6 = other.preferIpv6;
      relistInterval = other.relistInterval;
      watchTimeout = other.watchTimeout;
      listTimeout = other.listTimeout;
      random = other.random;
    }

    /** Sets the cluster; by default the one that this process is a pod of. */
    public Builder cluster(KubernetesCluster cluster) {
      this.cluster = requireNonNull(cluster, "cluster");
      return this;
    }

    /**
     * Sets the service's namespace; by default the {@linkplain KubernetesCluster#namespace()
     * cluster's}.
     *
     * @throws IllegalArgumentException if it is blank
     */
    public Builder namespace(String namespace) {
      this.namespace = notBlank("namespace", namespace);
      return this;
    }

    /**
     * Sets the name of the service's port, as the service calls it; by default the only one. A
     * service of several ports needs it. Only TCP counts.
     */
    public Builder port(String name) {
      this.port = requireNonNull(name, "name");
      return this;
    }

    /**
     * Sets which address counts of a pod that has one of IPv4 and one of IPv6: that of IPv4 by
     * default.
     */
    public Builder preferIpv6(boolean preferIpv6) {
      this.preferIpv6 = preferIpv6;
      return this;
    }

    /**
     * Sets after which time all is listed anew although the watch runs; 10 minutes by default, a
     * fifth more or less at random.
     *
     * @throws IllegalArgumentException if the interval is not 1 second to 1 day
     */
    public Builder relistInterval(Duration interval) {
      this.relistInterval = checked("relistInterval", interval);
      return this;
    }

    /**
     * Sets after which time the API server is to end a watch, for the next one to begin; 5 minutes
     * by default, a fifth more or less at random. A watch that has not ended some seconds after
     * that is dead, and given up. (A connection that leads nowhere is found within half a minute
     * with HTTP/2, which every API server speaks over TLS.)
     *
     * @throws IllegalArgumentException if the timeout is not 1 second to 1 day
     */
    public Builder watchTimeout(Duration timeout) {
      this.watchTimeout = checked("watchTimeout", timeout);
      return this;
    }

    private static Duration checked(String name, Duration value) {
      requireNonNull(value, name);
      if (value.compareTo(SHORTEST) < 0 || value.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(name + ": " + value + " (expected: PT1S to PT24H)");
      }
      return value;
    }

    /** Sets the source of randomness for the jitter; {@link ThreadLocalRandom} by default. */
    public Builder random(RandomGenerator random) {
      this.random = requireNonNull(random, "random");
      return this;
    }

    /**
     * Returns the list; later changes of this builder do not affect it.
     *
     * @throws IllegalStateException if no cluster was given and this is no pod, or no namespace was
     *     given and the cluster has none
     */
    public KubernetesServerList build() {
      Builder copy = new Builder(this);
      KubernetesCluster where = cluster == null ? KubernetesCluster.inCluster() : cluster;
      copy.cluster = where;
      if (namespace == null) {
        copy.namespace = where.namespace();
      }
      if (copy.namespace == null) {
        throw new IllegalStateException(
            "namespace: not given (expected: namespace(name), as the cluster has no default)");
      }
      return new KubernetesServerList(copy);
    }

    /** For tests. */
    Builder listTimeout(Duration timeout) {
      this.listTimeout = timeout;
      return this;
    }

    KubernetesCluster cluster() {
      return requireNonNull(cluster, "cluster");
    }

    String service() {
      return service;
    }

    String namespace() {
      return requireNonNull(namespace, "namespace");
    }

    Slices slices() {
      return new Slices(toString(), port, preferIpv6);
    }

    Duration relistInterval() {
      return relistInterval;
    }

    Duration listTimeout() {
      return listTimeout;
    }

    Duration watchTimeout() {
      return watchTimeout;
    }

    RandomGenerator random() {
      return random;
    }

    /** Which list this is, for the log. */
    @Override
    public String toString() {
      return "KubernetesServerList " + (namespace == null ? "" : namespace + "/") + service;
    }
  }
}
