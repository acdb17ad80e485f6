package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import java.net.IDN;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The addresses of one DNS name, asked again and again: every A and AAAA record is a server at the
 * given port. The common case is a headless service of Kubernetes.
 *
 * <pre>{@code
 * ServerList orders = DnsServerList.of("orders.prod.svc.cluster.local", 8080);
 * }</pre>
 *
 * <p>A server's id is its address and port, and the list is sorted, so that answers in another
 * order are no change. A name that cannot be resolved is reported as {@linkplain
 * ServerList.Listener#failed failed}, and the last good list stays. An answer without any address
 * is an empty list; since the JDK cannot tell that from an outage of the name servers, and throws
 * {@link UnknownHostException} for both, so is {@linkplain Builder#unknownGrace a long time} of
 * nothing else.
 *
 * <p>The JDK's resolver has a cache of its own, of 30 seconds by default, so that most questions
 * are answered from there: a change is seen within that time and an interval ({@link #seenWithin},
 * which is logged), {@linkplain ServerList.Subscription#refresh asked again} or not. The security
 * property {@code networkaddress.cache.ttl} sets it, for all of the JVM and before the first name
 * is resolved. Answers that rotate are for a {@link LingeringServerList}.
 *
 * <p>Immutable. Names are resolved on daemon threads that all lists share, of which there are as
 * many as resolvers that block at that time, or on the scheduler given. A name that is not ASCII is
 * resolved in its ASCII form (IDNA).
 */
public final class DnsServerList implements ServerList {

  private final PollingServerList addresses;
  private final @Nullable Duration seenWithin;

  private DnsServerList(PollingServerList addresses, @Nullable Duration seenWithin) {
    this.addresses = addresses;
    this.seenWithin = seenWithin;
  }

  /**
   * Returns the list of a name's addresses with all defaults.
   *
   * @throws IllegalArgumentException if the name is not a host name or the port is not 1 to 65535
   */
  public static DnsServerList of(String name, int port) {
    return builder(name, port).build();
  }

  /**
   * Returns a builder.
   *
   * @throws IllegalArgumentException if the name is not a host name or the port is not 1 to 65535
   */
  public static Builder builder(String name, int port) {
    return new Builder(name, port);
  }

  @Override
  public Subscription subscribe(Listener listener) {
    requireNonNull(listener, "listener");
    if (seenWithin == null) {
      DnsSource.LOGGER.warn(
          "{}: the JDK caches addresses for ever, so no change is seen;"
              + " set the security property networkaddress.cache.ttl",
          this);
    } else {
      DnsSource.LOGGER.info("{}: a change is seen within {}", this, seenWithin);
    }
    return addresses.subscribe(listener);
  }

  /**
   * Returns the longest time from a change of the name, as its name servers tell it, to this list:
   * an interval with jitter and, unless another resolver was given, the time for which the JDK
   * caches an answer. Null if that is for ever.
   */
  public @Nullable Duration seenWithin() {
    return seenWithin;
  }

  @Override
  public String toString() {
    return addresses.toString();
  }

  /** Which addresses of a name count. */
  public enum Family {
    /** All. */
    ANY,
    /** IPv4 alone. */
    IPV4,
    /** IPv6 alone. */
    IPV6;

    boolean has(InetAddress address) {
      return switch (this) {
        case ANY -> true;
        case IPV4 -> address instanceof Inet4Address;
        case IPV6 -> address instanceof Inet6Address;
      };
    }
  }

  /** Turns a name into addresses; it may block. */
  @FunctionalInterface
  public interface Resolver {

    /**
     * Returns all addresses of the name; none says that it has no server now.
     *
     * @throws UnknownHostException if the name is not known, or the name servers do not answer
     */
    List<InetAddress> resolve(String name) throws UnknownHostException;
  }

  /** Collects the options of a {@link DnsServerList}; not thread-safe. */
  public static final class Builder {

    /**
     * 10 seconds: a new pod is seen soon, and a client costs the name servers a query each time at
     * most.
     */
    public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(10);

    /** A fifth: enough that clients started together drift apart within minutes. */
    public static final double DEFAULT_JITTER = 0.2;

    /**
     * 6 hours: longer than most outages of name servers, and short enough that addresses which may
     * be somebody else's by now are not called for a day.
     */
    public static final Duration DEFAULT_UNKNOWN_GRACE = Duration.ofHours(6);

    private final String name;
    private final String asciiName;
    private final int port;
    private Duration interval = DEFAULT_INTERVAL;
    private double jitter = DEFAULT_JITTER;
    private Duration unknownGrace = DEFAULT_UNKNOWN_GRACE;
    private LongSupplier nanoTime = System::nanoTime;
    private Family family = Family.ANY;
    private @Nullable Resolver resolver; // null: the JDK's
    private RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
    private @Nullable ScheduledExecutorService scheduler;

    private Builder(String name, int port) {
      Server server = Server.of(name, port); // for its checks
      this.name = server.host();
      this.asciiName = IDN.toASCII(server.host());
      this.port = server.port();
    }

    private Builder(Builder other) {
      name = other.name;
      asciiName = other.asciiName;
      port = other.port;
      interval = other.interval;
      jitter = other.jitter;
      unknownGrace = other.unknownGrace;
      nanoTime = other.nanoTime;
      family = other.family;
      resolver = other.resolver;
      random = other.random;
      scheduler = other.scheduler;
    }

    /**
     * Sets the time from one answer to the next question, before jitter; 10 seconds by default.
     * Until the first address a name that is known is asked again after at most 1 second; after a
     * failure any is, and later after each further one, up to the interval or 30 seconds.
     *
     * @throws IllegalArgumentException if the interval is not 100 ms to 1 day
     */
    public Builder interval(Duration interval) {
      requireNonNull(interval, "interval");
      if (interval.toMillis() < 100 || interval.compareTo(Duration.ofDays(1)) > 0) {
        throw new IllegalArgumentException(
            "interval: " + interval + " (expected: PT0.1S to PT24H)");
      }
      this.interval = interval;
      return this;
    }

    /**
     * Sets by which part of the interval each wait is shorter or longer at random, 0.2 by default.
     *
     * @throws IllegalArgumentException if the jitter is not 0 to 0.5
     */
    public Builder jitter(double jitter) {
      if (!(jitter >= 0 && jitter <= 0.5)) {
        throw new IllegalArgumentException("jitter: " + jitter + " (expected: 0 to 0.5)");
      }
      this.jitter = jitter;
      return this;
    }

    /**
     * Sets how long the list that was found last stays while the name is unknown all the time; 6
     * hours by default. Then the list is empty.
     *
     * @throws IllegalArgumentException if the time is not 1 second to 365 days
     */
    public Builder unknownGrace(Duration grace) {
      requireNonNull(grace, "unknownGrace");
      if (grace.compareTo(Duration.ofSeconds(1)) < 0 || grace.compareTo(Duration.ofDays(365)) > 0) {
        throw new IllegalArgumentException(
            "unknownGrace: " + grace + " (expected: PT1S to PT8760H)");
      }
      this.unknownGrace = grace;
      return this;
    }

    /**
     * Sets which addresses count, if not all do: as where a network carries one family only. A name
     * that has none of them has no server.
     */
    public Builder family(Family family) {
      this.family = requireNonNull(family, "family");
      return this;
    }

    /** Sets the source of time in nanoseconds; {@link System#nanoTime} by default. */
    public Builder nanoTime(LongSupplier nanoTime) {
      this.nanoTime = requireNonNull(nanoTime, "nanoTime");
      return this;
    }

    /** Sets the resolver; by default {@link InetAddress#getAllByName}. */
    public Builder resolver(Resolver resolver) {
      this.resolver = requireNonNull(resolver, "resolver");
      return this;
    }

    /** Sets the source of randomness for the jitter; {@link ThreadLocalRandom} by default. */
    public Builder random(RandomGenerator random) {
      this.random = requireNonNull(random, "random");
      return this;
    }

    /**
     * Sets where names are resolved; the caller shuts it down. By default all lists share daemon
     * threads, and one whose resolver hangs delays no other. The resolver blocks, so this should
     * not be a scheduler that others wait for.
     */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = requireNonNull(scheduler, "scheduler");
      return this;
    }

    /** Returns the list; later changes of this builder do not affect it. */
    public DnsServerList build() {
      return new DnsServerList(new Builder(this).polling(), seenWithin());
    }

    private @Nullable Duration seenWithin() {
      Duration cached = resolver == null ? JdkNameCache.life() : Duration.ZERO;
      return cached == null
          ? null
          : cached.plusMillis((long) Math.ceil(interval.toMillis() * (1 + jitter)));
    }

    /** The list that asks for the addresses; what the JDK does, no interrupt ends. */
    private PollingServerList polling() {
      Duration backoff = shorter(interval, PollingServerList.Builder.DEFAULT_MIN_BACKOFF);
      PollingServerList.Builder polling =
          PollingServerList.sourceBuilder(() -> new DnsSource(this))
              .name(toString())
              .interval(interval)
              .jitter(jitter)
              .minBackoff(backoff)
              .maxBackoff(shorter(interval, PollingServerList.Builder.DEFAULT_MAX_BACKOFF))
              .withoutTimeLimit()
              .nanoTime(nanoTime)
              .random(random)
              .log(DnsSource.LOGGER, "the name");
      return (scheduler == null ? polling : polling.scheduler(scheduler)).build();
    }

    private static Duration shorter(Duration one, Duration other) {
      return one.compareTo(other) < 0 ? one : other;
    }

    /** Asks for the addresses, as servers in the order of their ids. */
    List<Server> resolve() throws UnknownHostException {
      List<InetAddress> addresses =
          resolver == null
              ? List.of(InetAddress.getAllByName(asciiName))
              : resolver.resolve(asciiName);
      return addresses.stream()
          .filter(family::has)
          .map(address -> Server.of(address.getHostAddress(), port))
          .distinct()
          .sorted(Comparator.comparing(Server::id))
          .toList();
    }

    Duration unknownGrace() {
      return unknownGrace;
    }

    long now() {
      return nanoTime.getAsLong();
    }

    /** Which list this is, for the log. */
    @Override
    public String toString() {
      return "DnsServerList " + name + ":" + port;
    }
  }
}
