package io.evenload.consul;

import static java.util.Objects.requireNonNull;

import io.evenload.ServerList;
import io.evenload.discovery.PollingServerList;
import java.io.IOException;
import java.net.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import okhttp3.ConnectionPool;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * The instances of a Consul service whose checks pass, asked of an agent by blocking queries, so
 * that a change is known within a fraction of a second.
 *
 * <p>A server's id is {@code node/service id}, its host the service's address, or the node's where
 * the service has none, its weight that of {@code Weights.Passing}. Its metadata are the service's
 * {@code Meta}, and {@code node}, {@code datacenter} and {@code tags} (with commas between them).
 *
 * <p>While the agent cannot be asked the last list stays, {@link Listener#failed} tells why, and it
 * is asked again after half a second, then less often, up to each 3 seconds, a fifth more or less
 * at random. A service that Consul does not know is an empty list.
 *
 * <p>Immutable. Agents are asked on daemon threads that all lists share, of which a running query
 * holds one, past any proxy of the JVM; no redirect is followed.
 */
public final class ConsulServerList implements ServerList {

  private static final Duration MIN_BACKOFF = Duration.ofMillis(500);
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(3);
  private static final Duration SLACK = Duration.ofSeconds(5);

  private final Builder options;
  private final PollingServerList polling;

  private ConsulServerList(Builder options) {
    this.options = options;
    this.polling =
        PollingServerList.sourceBuilder(() -> new ConsulSource(options))
            .name(options.toString())
            .minGap(Pace.FIRST)
            .minBackoff(MIN_BACKOFF)
            .maxBackoff(MAX_BACKOFF)
            .timeLimit(longest(options.waitTime).plus(longest(Duration.ZERO)).plus(SLACK))
            .random(options.random)
            .build();
  }

  /**
   * How long an answer may take at most: the agent adds up to a sixteenth of the time that it is to
   * wait, so that clients drift apart.
   */
  static Duration longest(Duration wait) {
    return wait.plus(wait.dividedBy(16)).plus(SLACK);
  }

  /**
   * Returns the list of a service as the agent of this machine knows it, with all defaults.
   *
   * @throws IllegalArgumentException if the name is blank
   */
  public static ConsulServerList of(String service) {
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
    return polling.subscribe(listener);
  }

  @Override
  public String toString() {
    return options.toString();
  }

  /** Collects the options of a {@link ConsulServerList}; not thread-safe. */
  public static final class Builder {

    /** The agent of this machine, at the port that Consul uses by default. */
    public static final String DEFAULT_URL = "http://127.0.0.1:8500";

    /**
     * 55 seconds: shorter than the minute after which many relays on the way drop a silent
     * connection.
     */
    public static final Duration DEFAULT_WAIT_TIME = Duration.ofSeconds(55);

    /** 1 minute: the agents' answers are a fraction of a second old as long as all is well. */
    public static final Duration DEFAULT_MAX_STALENESS = Duration.ofMinutes(1);

    private final String service;
    private HttpUrl url = requireNonNull(HttpUrl.parse(DEFAULT_URL));
    private OkHttpClient client = new OkHttpClient();
    private @Nullable Supplier<String> token;
    private final Map<String, String> parameters = new LinkedHashMap<>();
    private final List<String> tags = new ArrayList<>();
    private boolean warningsToo;
    private String zoneKey = "zone";
    private Duration waitTime = DEFAULT_WAIT_TIME;
    private Duration maxStaleness = DEFAULT_MAX_STALENESS;
    private RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();

    private Builder(String service) {
      this.service = notBlank("service", service);
    }

    private Builder(Builder other) {
      service = other.service;
      url = other.url;
      client = other.client;
      token = other.token;
      parameters.putAll(other.parameters);
      tags.addAll(other.tags);
      warningsToo = other.warningsToo;
      zoneKey = other.zoneKey;
      waitTime = other.waitTime;
      maxStaleness = other.maxStaleness;
      random = other.random;
    }

    private static String notBlank(String name, String value) {
      if (requireNonNull(value, name).isBlank()) {
        throw new IllegalArgumentException(name + ": '" + value + "' (expected: not blank)");
      }
      return value;
    }

    /**
     * Sets where the agent is; {@value #DEFAULT_URL} by default.
     *
     * @throws IllegalArgumentException if it is no URL of http or https, or has a user, a query or
     *     a fragment
     */
    public Builder url(String url) {
      HttpUrl parsed = HttpUrl.parse(requireNonNull(url, "url"));
      if (parsed == null || !bare(parsed)) {
        throw new IllegalArgumentException(
            "url: not one of an agent (expected: http://host:port, without user and query)");
      }
      this.url = parsed;
      return this;
    }

    private static boolean bare(HttpUrl url) {
      return (url.encodedUsername() + url.encodedPassword()).isEmpty()
          && url.encodedQuery() == null
          && url.encodedFragment() == null;
    }

    /**
     * Sets a client whose TLS settings, DNS and timeout of connecting are used; by default a plain
     * one. It must not be balanced by what this list tells.
     */
    public Builder client(OkHttpClient client) {
      this.client = requireNonNull(client, "client");
      return this;
    }

    /**
     * Sets the file of the ACL token, which is read for each query, so that it may be replaced; by
     * default none is sent. Over plain http everybody on the way can read it.
     */
    public Builder tokenFile(Path file) {
      requireNonNull(file, "file");
      return token(
          () -> {
            try {
              return Files.readString(file);
            } catch (IOException e) {
              throw new IllegalStateException(e.toString(), e);
            }
          });
    }

    /**
     * Sets what gives the ACL token, and is asked for each query; by default none is sent. It may
     * block.
     */
    public Builder token(Supplier<String> token) {
      this.token = requireNonNull(token, "token");
      return this;
    }

    /** Adds a tag that an instance must have; by default any instance will do. */
    public Builder tag(String tag) {
      tags.add(notBlank("tag", tag));
      return this;
    }

    /** Sets the datacenter to ask; by default the agent's. */
    public Builder datacenter(String datacenter) {
      return parameter("dc", "datacenter", datacenter);
    }

    /** Sets the service's namespace (Consul Enterprise); by default the token's. */
    public Builder namespace(String namespace) {
      return parameter("ns", "namespace", namespace);
    }

    /** Sets the service's admin partition (Consul Enterprise); by default the agent's. */
    public Builder partition(String partition) {
      return parameter("partition", "partition", partition);
    }

    /**
     * Sets an expression of Consul's filter language that instances must fulfil, such as {@code
     * Service.Meta.version == "2"}; by default there is none.
     */
    public Builder filter(String expression) {
      return parameter("filter", "filter", expression);
    }

    private Builder parameter(String parameter, String name, String value) {
      parameters.put(parameter, notBlank(name, value));
      return this;
    }

    /**
     * Lists instances with warnings too, with the weight {@code Weights.Warning}; off by default.
     * One with a critical check is never listed.
     */
    public Builder warningsToo(boolean warningsToo) {
      this.warningsToo = warningsToo;
      return this;
    }

    /**
     * Sets which key of the {@code Meta} of the service, or else of its node, names the zone;
     * {@code zone} by default.
     */
    public Builder zoneKey(String key) {
      this.zoneKey = notBlank("zoneKey", key);
      return this;
    }

    /**
     * Sets how long the agent is to wait for a change before it answers; 55 seconds by default, to
     * which it adds up to a sixteenth. A query that has no answer 5 seconds later has failed.
     *
     * @throws IllegalArgumentException if the time is not 1 second to 10 minutes
     */
    public Builder waitTime(Duration waitTime) {
      this.waitTime = checked("waitTime", waitTime, Duration.ofSeconds(1), Duration.ofMinutes(10));
      return this;
    }

    /**
     * Sets how long ago the agent that answers may have heard of the cluster's leader last: 1
     * minute by default. If it is older the leader is asked, and if that fails the last list stays.
     * With zero the leader is always asked, which it has to answer for each client.
     *
     * @throws IllegalArgumentException if the time is not zero to 365 days
     */
    public Builder maxStaleness(Duration maxStaleness) {
      this.maxStaleness =
          checked("maxStaleness", maxStaleness, Duration.ZERO, Duration.ofDays(365));
      return this;
    }

    private static Duration checked(String name, Duration value, Duration least, Duration most) {
      requireNonNull(value, name);
      if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
        throw new IllegalArgumentException(
            name + ": " + value + " (expected: " + least + " to " + most + ")");
      }
      return value;
    }

    /** Sets the source of randomness for the jitter; {@link ThreadLocalRandom} by default. */
    public Builder random(RandomGenerator random) {
      this.random = requireNonNull(random, "random");
      return this;
    }

    /** Returns the list; later changes of this builder do not affect it. */
    public ConsulServerList build() {
      return new ConsulServerList(new Builder(this));
    }

    /** A client of its own, which waits as long as an answer may take. */
    OkHttpClient client() {
      return client
          .newBuilder()
          .connectionPool(new ConnectionPool(1, 30, TimeUnit.SECONDS))
          .proxy(Proxy.NO_PROXY)
          .followRedirects(false)
          .followSslRedirects(false)
          .readTimeout(Duration.ZERO)
          .build();
    }

    /** The URL of the service, without what differs from query to query. */
    HttpUrl.Builder query() {
      HttpUrl.Builder query =
          url.newBuilder().addPathSegments("v1/health/service").addPathSegment(service);
      if (!warningsToo) {
        query.addQueryParameter("passing", "true");
      }
      tags.forEach(tag -> query.addQueryParameter("tag", tag));
      parameters.forEach(query::addQueryParameter);
      return query;
    }

    /**
     * The token as it is now; null if none is to be sent.
     *
     * @throws IOException if there should be one, but is none that can be sent
     */
    @Nullable String currentToken() throws IOException {
      if (token == null) {
        return null;
      }
      String current;
      try {
        current = token.get().strip();
      } catch (RuntimeException e) {
        throw new IOException("the token cannot be read: " + e.getMessage(), e);
      }
      if (!current.matches("[!-~]+")) {
        throw new IOException(
            "token: "
                + current.length()
                + " characters, or others than a header may have (expected: an ACL token)");
      }
      return current;
    }

    boolean warningsToo() {
      return warningsToo;
    }

    String zoneKey() {
      return zoneKey;
    }

    Duration waitTime() {
      return waitTime;
    }

    Duration maxStaleness() {
      return maxStaleness;
    }

    /** Which list this is, for the log. */
    @Override
    public String toString() {
      return "ConsulServerList " + service + " at " + url.host() + ":" + url.port();
    }
  }
}
