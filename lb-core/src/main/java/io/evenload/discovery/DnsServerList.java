package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
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
 * <p>A server's id is its address and port. A name that cannot be resolved is reported as
 * {@linkplain ServerList.Listener#failed failed}, and the last good list stays. The JDK's resolver
 * has a cache of its own, of 30 seconds by default: a change is seen that much later unless the
 * security property {@code networkaddress.cache.ttl} is lower than the interval.
 *
 * <p>Immutable. Each subscription resolves on one daemon thread of its own, since the JDK's
 * resolver blocks, or on the scheduler given.
 */
public final class DnsServerList implements ServerList {

  private final Builder options;

  private DnsServerList(Builder builder) {
    this.options = builder;
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
    Poller poller = new Poller(options, requireNonNull(listener, "listener"));
    poller.start();
    return poller;
  }

  @Override
  public String toString() {
    return "DnsServerList " + options.name + ":" + options.port;
  }

  /** Turns a name into addresses; it may block. */
  @FunctionalInterface
  public interface Resolver {

    /**
     * Returns all addresses of the name, at least one.
     *
     * @throws UnknownHostException if there is none, or the name servers do not answer
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

    private final String name;
    private final int port;
    private Duration interval = DEFAULT_INTERVAL;
    private double jitter = DEFAULT_JITTER;
    private Resolver resolver = host -> List.of(InetAddress.getAllByName(host));
    private RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
    private @Nullable ScheduledExecutorService scheduler;

    private Builder(String name, int port) {
      Server server = Server.of(name, port); // for its checks
      this.name = server.host();
      this.port = server.port();
    }

    private Builder(Builder other) {
      name = other.name;
      port = other.port;
      interval = other.interval;
      jitter = other.jitter;
      resolver = other.resolver;
      random = other.random;
      scheduler = other.scheduler;
    }

    /**
     * Sets the time from one answer to the next question, before jitter; 10 seconds by default.
     * Until the first success a name is asked again after at most 1 second.
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
     * Sets where names are resolved; the caller shuts it down. By default each subscription has a
     * daemon thread of its own. The resolver blocks, so this should not be a scheduler that others
     * wait for.
     */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = requireNonNull(scheduler, "scheduler");
      return this;
    }

    /** Returns the list; later changes of this builder do not affect it. */
    public DnsServerList build() {
      return new DnsServerList(new Builder(this));
    }
  }

  /** One subscription: asks, tells, waits. Its tasks never overlap, as each schedules the next. */
  private static final class Poller implements Subscription {
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);

    private final Builder options;
    private final Listener listener;
    private final ScheduledExecutorService scheduler;
    private final boolean ownsScheduler;
    private List<Server> last = List.of();
    private volatile @Nullable Future<?> next;
    private volatile boolean closed;

    Poller(Builder options, Listener listener) {
      this.options = options;
      this.listener = listener;
      ScheduledExecutorService given = options.scheduler;
      this.ownsScheduler = given == null;
      this.scheduler = given != null ? given : daemon(options.name);
    }

    void start() {
      scheduler.execute(this::poll);
    }

    private void poll() {
      if (closed) {
        return;
      }
      try {
        tell(resolved());
      } catch (UnknownHostException | RuntimeException e) {
        if (!closed) {
          listener.failed(e);
        }
      } finally {
        waitForNext();
      }
    }

    private List<Server> resolved() throws UnknownHostException {
      List<Server> servers = new ArrayList<>();
      for (InetAddress address : options.resolver.resolve(options.name)) {
        servers.add(Server.of(address.getHostAddress(), options.port));
      }
      if (servers.isEmpty()) {
        throw new UnknownHostException(options.name + ": no address");
      }
      return servers.stream().distinct().sorted((a, b) -> a.id().compareTo(b.id())).toList();
    }

    private void tell(List<Server> servers) {
      if (!closed && !servers.equals(last)) {
        last = servers;
        listener.updated(servers);
      }
    }

    private void waitForNext() {
      if (closed) {
        return;
      }
      Duration interval = options.interval;
      boolean first = last.isEmpty() && interval.compareTo(FIRST_RETRY) > 0;
      double factor = 1 + options.jitter * (2 * options.random.nextDouble() - 1);
      long nanos = (long) ((first ? FIRST_RETRY : interval).toNanos() * factor);
      try {
        next = scheduler.schedule(this::poll, nanos, TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException e) {
        closed = true; // by close() on another thread, or with the scheduler
      }
      if (closed) {
        cancelNext();
      }
    }

    private void cancelNext() {
      Future<?> pending = next;
      if (pending != null) {
        pending.cancel(false);
      }
    }

    @Override
    public void close() {
      closed = true;
      cancelNext();
      if (ownsScheduler) {
        scheduler.shutdownNow();
      }
    }

    private static ScheduledExecutorService daemon(String name) {
      return new ScheduledThreadPoolExecutor(
          1,
          task -> {
            Thread thread = new Thread(task, "evenload-dns-" + name);
            thread.setDaemon(true);
            return thread;
          });
    }
  }
}
