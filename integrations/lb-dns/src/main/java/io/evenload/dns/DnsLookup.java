package io.evenload.dns;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.DnsServerList.Family;
import io.evenload.discovery.PollingServerList;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;
import org.xbill.DNS.Resolver;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/**
 * The servers that DNS tells of, by the addresses of a name or by its SRV records, asked for again
 * when their time to live (TTL) is over.
 *
 * <pre>{@code
 * ServerList orders = DnsLookup.srv("_orders._tcp.prod.internal").build();
 * ServerList search = DnsLookup.addresses("search.prod.internal", 8080).build();
 * }</pre>
 *
 * <p>Of SRV records (RFC 2782) come port, weight and priority, and the target is in the metadata as
 * {@code target}. A server's id is its address and port. A name that does not exist, or has no such
 * record, is an empty list, for as long as the zone's SOA record says. A name server that says
 * SERVFAIL or REFUSED, or nothing, has not answered: the next one is asked, and if none answers
 * that is {@linkplain ServerList.Listener#failed told}, and the last good list stays. The same
 * holds for a single target of SRV records.
 *
 * <p>A {@linkplain ServerList.Subscription#refresh refresh} asks at once, whatever the TTL. Which
 * addresses may be called at all, the balancer says by {@link
 * io.evenload.LoadBalancer.Builder#networks}.
 *
 * <p>Immutable and thread-safe. It waits for answers on the daemon threads that all lists share, or
 * on the scheduler given, and never on the subscriber's thread. dnsjava itself starts one daemon
 * thread for the whole JVM, {@code dnsjava NIO selector}, which only {@link
 * org.xbill.DNS.NioClient#close} ends, for all who use dnsjava.
 */
public final class DnsLookup implements ServerList {

  private final PollingServerList list;

  private DnsLookup(Builder options) {
    PollingServerList.Builder polling =
        PollingServerList.sourceBuilder(() -> new DnsSource(options))
            .name(options.toString())
            .jitter(Builder.JITTER)
            .minBackoff(Builder.MIN_BACKOFF)
            .maxBackoff(Builder.MAX_BACKOFF)
            .timeLimit(Builder.TIME_LIMIT)
            .nanoTime(options.nanoTime)
            .random(options.random);
    list = (options.scheduler == null ? polling : polling.scheduler(options.scheduler)).build();
  }

  /**
   * Returns a builder of the list that has each A and AAAA record of a name as a server.
   *
   * @param name a host name; one with a dot at its end is taken as it is, others also with the
   *     {@linkplain Builder#searchDomains search domains}
   * @param port the servers'
   * @throws IllegalArgumentException if the name is not a host name, or an address, or the port is
   *     not 1 to 65535
   */
  public static Builder addresses(String name, int port) {
    return new Builder(name, Server.of("any", port).port());
  }

  /**
   * Returns a builder of the list of the servers in a name's SRV records.
   *
   * @param name such as {@code _orders._tcp.prod.internal}; a dot at its end means the same as
   *     above
   * @throws IllegalArgumentException if it is not a name
   */
  public static Builder srv(String name) {
    return new Builder(name, 0);
  }

  @Override
  public Subscription subscribe(Listener listener) {
    return list.subscribe(listener);
  }

  /** Which list this is, for logs and the status. */
  @Override
  public String toString() {
    return list.toString();
  }

  /** Collects the options of a {@link DnsLookup}; not thread-safe. */
  public static final class Builder {

    /**
     * 1 second: a TTL of 0 asks for changes to be seen at once, and this costs one query a second.
     */
    public static final Duration DEFAULT_MIN_INTERVAL = Duration.ofSeconds(1);

    /** 30 seconds, as long as the JDK keeps answers: a zone's TTL of a day hides no change. */
    public static final Duration DEFAULT_MAX_INTERVAL = Duration.ofSeconds(30);

    /**
     * 2 seconds: a name server that has to ask others needs less, and the 5 of resolv.conf are
     * long.
     */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(2);

    /** 2, as in resolv.conf: a lost packet is no outage. */
    public static final int DEFAULT_ATTEMPTS = 2;

    private static final int DEFAULT_NDOTS = 1; // as in resolv.conf

    static final double JITTER = 0.1; // answers of a cache expire for all clients at once
    static final Duration MIN_BACKOFF = Duration.ofMillis(500);
    static final Duration MAX_BACKOFF = Duration.ofSeconds(3); // little to ask, and soon seen again
    static final Duration TIME_LIMIT = Duration.ofMinutes(5); // each question has its own

    private final Name name;
    private final String text;
    private final int port; // 0: the SRV records'
    private Duration minInterval = DEFAULT_MIN_INTERVAL;
    private Duration maxInterval = DEFAULT_MAX_INTERVAL;
    private Duration timeout = DEFAULT_TIMEOUT;
    private int attempts = DEFAULT_ATTEMPTS;
    private Family family =
        Boolean.getBoolean("java.net.preferIPv4Stack") ? Family.IPV4 : Family.ANY;
    private List<InetSocketAddress> nameServers = List.of(); // none of both: the system's
    private List<Resolver> resolvers = List.of();
    private @Nullable List<Name> searchDomains;
    private @Nullable Integer ndots;
    private LongSupplier nanoTime = System::nanoTime;
    private RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
    private @Nullable ScheduledExecutorService scheduler;

    private Builder(String name, int port) {
      this.name = Checks.name("name", name);
      this.text = name;
      this.port = port;
    }

    private Builder(Builder other) {
      name = other.name;
      text = other.text;
      port = other.port;
      minInterval = other.minInterval;
      maxInterval = other.maxInterval;
      timeout = other.timeout;
      attempts = other.attempts;
      family = other.family;
      nameServers = other.nameServers;
      resolvers = other.resolvers;
      searchDomains = other.searchDomains;
      ndots = other.ndots;
      nanoTime = other.nanoTime;
      random = other.random;
      scheduler = other.scheduler;
    }

    /**
     * Sets the least time from one look to the next, whatever the TTL; 1 second by default.
     *
     * @throws IllegalArgumentException if the duration is not 100 ms to 1 day
     */
    public Builder minInterval(Duration interval) {
      minInterval = Checks.interval("minInterval", interval);
      return this;
    }

    /**
     * Sets the longest time from one look to the next, whatever the TTL; 30 seconds by default.
     *
     * @throws IllegalArgumentException if the duration is not 100 ms to 1 day
     */
    public Builder maxInterval(Duration interval) {
      maxInterval = Checks.interval("maxInterval", interval);
      return this;
    }

    /**
     * Sets how long to wait for the answer to one query; 2 seconds by default. {@linkplain
     * #resolvers Resolvers} have their own.
     *
     * @throws IllegalArgumentException if the duration is not 100 ms to 1 minute
     */
    public Builder timeout(Duration timeout) {
      this.timeout =
          Checks.duration("timeout", timeout, Duration.ofMillis(100), Duration.ofMinutes(1));
      return this;
    }

    /**
     * Sets how often each name server is asked in turn before a question has failed; 2 by default.
     *
     * @throws IllegalArgumentException if the number is not 1 to 10
     */
    public Builder attempts(int attempts) {
      this.attempts = Checks.number("attempts", attempts, 1, 10);
      return this;
    }

    /**
     * Sets which addresses count; by default any, or IPv4 alone in a JVM whose property {@code
     * java.net.preferIPv4Stack} is true, as it has no other sockets. All addresses of a {@linkplain
     * #addresses name} are servers. A target of SRV records is one server: of any address, those of
     * IPv4 are taken, and those of IPv6 if there is none.
     */
    public Builder family(Family family) {
      this.family = requireNonNull(family, "family");
      return this;
    }

    /**
     * Sets the name servers, which are asked in turn until one answers; by default the system's,
     * whose configuration is read again when none answers.
     *
     * @param addresses each with a port, if that is not 53: {@code 10.0.0.2}, {@code
     *     10.0.0.2:8600}, {@code [fd00::2]:53}
     * @throws IllegalArgumentException if there is none, or one is not of that form
     */
    public Builder nameServers(String... addresses) {
      nameServers = Checks.some("nameServers", Arrays.stream(addresses).map(Checks::server));
      resolvers = List.of();
      return this;
    }

    /**
     * Sets what asks the name servers, in place of their addresses, for what dnsjava can do
     * besides: DNS over HTTPS, TSIG.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Builder resolvers(Resolver... resolvers) {
      this.resolvers = Checks.some("resolvers", Arrays.stream(resolvers));
      nameServers = List.of();
      return this;
    }

    /**
     * Sets the domains in which a name is looked for that has no dot at its end; by default the
     * system's if its name servers are asked, and none if others are.
     *
     * @throws IllegalArgumentException if one is not a name
     */
    public Builder searchDomains(String... domains) {
      searchDomains =
          Arrays.stream(domains).map(each -> Checks.domain("searchDomains", each)).toList();
      return this;
    }

    /**
     * Sets how many dots a name needs for being asked for as it is, before it is looked for in the
     * search domains; by default as the system says, or 1.
     *
     * @throws IllegalArgumentException if the number is not 0 to 15
     */
    public Builder ndots(int ndots) {
      this.ndots = Checks.number("ndots", ndots, 0, 15);
      return this;
    }

    /** Sets the source of time in nanoseconds; {@link System#nanoTime} by default. */
    public Builder nanoTime(LongSupplier nanoTime) {
      this.nanoTime = requireNonNull(nanoTime, "nanoTime");
      return this;
    }

    /** Sets the source of randomness for the jitter; {@link ThreadLocalRandom} by default. */
    public Builder random(RandomGenerator random) {
      this.random = requireNonNull(random, "random");
      return this;
    }

    /**
     * Sets where answers are waited for; the caller shuts it down. By default all lists share
     * daemon threads. As it may be blocked by that, this should not be a scheduler that others wait
     * for.
     */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = requireNonNull(scheduler, "scheduler");
      return this;
    }

    /**
     * Returns the list; later changes of this builder do not affect it.
     *
     * @throws IllegalArgumentException if {@code minInterval} is longer than {@code maxInterval}
     */
    public DnsLookup build() {
      if (minInterval.compareTo(maxInterval) > 0) {
        throw new IllegalArgumentException(
            "minInterval: " + minInterval + " (expected: <= maxInterval, " + maxInterval + ")");
      }
      return new DnsLookup(new Builder(this));
    }

    /** How the servers are found. */
    Look look() {
      List<Integer> types =
          switch (family) {
            case IPV4 -> List.of(Type.A);
            case IPV6 -> List.of(Type.AAAA);
            case ANY -> List.of(Type.A, Type.AAAA);
          };
      return port == 0 ? new SrvLook(types) : new AddressLook(port, types);
    }

    /** Whether the system says which name servers there are. */
    boolean asksSystem() {
      return nameServers.isEmpty() && resolvers.isEmpty();
    }

    /** Returns what asks the name servers. */
    NameServers servers(ResolverConfig system) {
      List<Resolver> all = new ArrayList<>(resolvers);
      for (InetSocketAddress each : asksSystem() ? system.servers() : nameServers) {
        Resolver resolver = new SimpleResolver(each);
        resolver.setTimeout(timeout);
        all.add(resolver);
      }
      return new NameServers(all, attempts);
    }

    /** Returns what the name may stand for. */
    List<Name> names(ResolverConfig system) {
      List<Name> searched = asksSystem() ? system.searchPath() : List.of();
      int dots = asksSystem() ? system.ndots() : DEFAULT_NDOTS;
      return SearchNames.of(
          name, searchDomains == null ? searched : searchDomains, ndots == null ? dots : ndots);
    }

    Duration minInterval() {
      return minInterval;
    }

    Duration maxInterval() {
      return maxInterval;
    }

    long now() {
      return nanoTime.getAsLong();
    }

    /** Which list this is. */
    @Override
    public String toString() {
      return "DnsLookup " + text + (port == 0 ? " SRV" : ":" + port);
    }
  }
}
