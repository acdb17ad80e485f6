package io.evenload.micrometer;

import static java.util.Objects.requireNonNull;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.LoadBalancerStatus;
import io.evenload.Outcome;
import io.evenload.Server;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The meters of one load balancer, in one registry.
 *
 * <pre>{@code
 * LoadBalancerMetrics.monitor(registry, orders);
 * }</pre>
 *
 * <p>Every meter has the tag {@code balancer}, the balancer's name:
 *
 * <ul>
 *   <li>{@code evenload.attempts} (timer): attempts that ended, from the start to the response, by
 *       {@code outcome}: {@code success}, {@code failure} or {@code cancelled}.
 *   <li>{@code evenload.in.flight} (gauge, {@code attempts}): attempts that run.
 *   <li>{@code evenload.servers} (gauge, {@code servers}): known servers by {@code state}, such as
 *       {@code eligible} or {@code breaker_open}.
 *   <li>{@code evenload.state.changes} (counter): servers that came into a {@code state}; {@code
 *       ejected} counts the ejections.
 *   <li>{@code evenload.panic} (gauge): 1 while health is ignored, else 0.
 *   <li>{@code evenload.list.updates} (counter): lists by {@code result}: {@code changed} or {@code
 *       failed}.
 *   <li>{@code evenload.list.age} (time gauge): since the list in force came, or its source last
 *       confirmed it; NaN before the first.
 *   <li>{@code evenload.list.failing} (gauge): 1 while the source of the list has failed and
 *       neither given nor confirmed one since, else 0.
 *   <li>{@code evenload.leaked.attempts} (counter): sampled attempts that nobody ended.
 *   <li>{@code evenload.server.attempts} (timer): as the first, also by {@code server}, the
 *       server's id. Off unless asked for, since there is one of each outcome for each server;
 *       those of a server are removed when it leaves the list.
 *   <li>{@code evenload.choices} (timer): what a choice takes; a sample of one in 128. Off unless
 *       the balancer is built with a {@link #timed} chooser.
 * </ul>
 *
 * <p>Gauges read {@link LoadBalancer#status()} once a second at most, and stay as they were when
 * the balancer is closed; {@link #close} takes all out. Watched twice, a balancer counts twice. Two
 * balancers of one name, as when one takes the other's place, count together, and gauges show the
 * latest. Thread-safe.
 */
public final class LoadBalancerMetrics implements AutoCloseable {

  private static final String PREFIX = "evenload.";
  private static final String CHOICES = PREFIX + "choices";
  private static final Duration STATUS_AGE = Duration.ofSeconds(1);

  private final LoadBalancer balancer;
  private final MeterRegistry registry;
  private final NamedMeters named;
  private final Queue<Meter> meters = new ConcurrentLinkedQueue<>();
  private final Map<Outcome, Timer> attempts = new EnumMap<>(Outcome.class);
  private final Map<EndpointState, Counter> changes = new EnumMap<>(EndpointState.class);
  private final Counter lists;
  private final Counter failedLists;
  private final @Nullable ServerTimers servers;
  private final Listener listener = new Listener();
  private volatile Summary summary;
  private volatile long listNanos;
  private volatile boolean listed;

  private LoadBalancerMetrics(MeterRegistry registry, LoadBalancer balancer, int maxServers) {
    this.registry = requireNonNull(registry, "registry");
    this.balancer = requireNonNull(balancer, "balancer");
    this.named = NamedMeters.of(registry);
    this.summary = Summary.of(balancer, now());
    this.servers =
        maxServers == 0 ? null : new ServerTimers(named, registry, balancer.name(), maxServers);
    named.begin(balancer.name(), this);
    for (Outcome outcome : Outcome.values()) {
      attempts.put(
          outcome,
          kept(
              Timer.builder(PREFIX + "attempts")
                      .description("Attempts that ended, from the start to the response")
                      .tag("balancer", balancer.name())
                      .tag("outcome", lower(outcome))
                  ::register));
    }
    for (EndpointState state : EndpointState.values()) {
      changes.put(state, counter("state.changes", "Servers that came into a state", state));
      gauge("servers", "servers", "Known servers", summary -> summary.servers(state), lower(state));
    }
    gauge("in.flight", "attempts", "Attempts that run", Summary::inFlight, null);
    gauge("panic", null, "1 while health is ignored", summary -> summary.panic() ? 1 : 0, null);
    gauge(
        "list.failing",
        null,
        "1 while the source of the list fails",
        summary -> summary.listFailing() ? 1 : 0,
        null);
    String name = balancer.name();
    lists = listCounter("changed");
    failedLists = listCounter("failed");
    kept(
        TimeGauge.builder(
                    PREFIX + "list.age",
                    named,
                    TimeUnit.SECONDS,
                    of -> of.latest(name, LoadBalancerMetrics::age))
                .description("Since the list in force came or was confirmed")
                .tag("balancer", name)
            ::register);
    kept(
        FunctionCounter.builder(
                    PREFIX + "leaked.attempts",
                    named,
                    of -> of.latest(name, metrics -> metrics.summary().leaked()))
                .description("Sampled attempts that nobody ended")
                .tag("balancer", name)
            ::register);
    balancer.wiring().addListener(listener);
    listener.begin();
  }

  /** Adds the meters of this balancer to the registry, without those for each server. */
  public static LoadBalancerMetrics monitor(MeterRegistry registry, LoadBalancer balancer) {
    return new LoadBalancerMetrics(registry, balancer, 0);
  }

  /**
   * Adds the meters of this balancer to the registry, with those for each server.
   *
   * @param maxServers for how many servers at once there are meters; the others have none
   * @throws IllegalArgumentException if the number is not 1 to 10,000
   */
  public static LoadBalancerMetrics monitorServers(
      MeterRegistry registry, LoadBalancer balancer, int maxServers) {
    if (maxServers < 1 || maxServers > 10_000) {
      throw new IllegalArgumentException("maxServers: " + maxServers + " (expected: 1 to 10000)");
    }
    return new LoadBalancerMetrics(registry, balancer, maxServers);
  }

  /**
   * Returns a chooser like this one, one in 128 of whose choices is timed. It costs a random number
   * for each choice.
   *
   * @param balancer the name of the balancer that is to be built with the chooser
   */
  public static Chooser timed(MeterRegistry registry, String balancer, Chooser chooser) {
    requireNonNull(chooser, "chooser");
    return new TimedChooser(
        chooser,
        Timer.builder(CHOICES)
            .description("What a choice takes; a sample")
            .tag("balancer", balancer)
            .register(registry),
        null);
  }

  /**
   * Removes the meters from the registry; for a balancer that is closed. Those that another
   * balancer of the same name has too stay until that one's are closed.
   */
  @Override
  public void close() {
    balancer.wiring().removeListener(listener);
    for (Meter meter = meters.poll(); meter != null; meter = meters.poll()) {
      named.release(registry, meter);
    }
    if (servers != null) {
      servers.retain(List.of());
    }
    if (named.end(balancer.name(), this)) {
      registry.find(CHOICES).tag("balancer", balancer.name()).meters().forEach(registry::remove);
    }
  }

  private Counter counter(String name, String description, EndpointState state) {
    return kept(
        Counter.builder(PREFIX + name)
                .description(description)
                .tag("balancer", balancer.name())
                .tag("state", lower(state))
            ::register);
  }

  private Counter listCounter(String result) {
    return kept(
        Counter.builder(PREFIX + "list.updates")
                .description("Lists of servers that came, or failed to")
                .tag("balancer", balancer.name())
                .tag("result", result)
            ::register);
  }

  private void gauge(
      String name,
      @Nullable String unit,
      String description,
      ToDoubleFunction<Summary> value,
      @Nullable String state) {
    String of = balancer.name();
    Gauge.Builder<NamedMeters> gauge =
        Gauge.builder(
                PREFIX + name,
                named,
                shown -> shown.latest(of, metrics -> value.applyAsDouble(metrics.summary())))
            .description(description)
            .baseUnit(unit)
            .tag("balancer", balancer.name());
    kept((state == null ? gauge : gauge.tag("state", state))::register);
  }

  private <M extends Meter> M kept(Function<MeterRegistry, M> register) {
    M meter = named.use(registry, register);
    meters.add(meter);
    return meter;
  }

  private long now() {
    return registry.config().clock().monotonicTime();
  }

  private Summary summary() {
    Summary known = summary;
    long now = now();
    if (now - known.nanos() >= STATUS_AGE.toNanos()) {
      Summary next = Summary.of(balancer, now);
      if (next.confirmedSince(known)) {
        listNanos = now - next.listAgeNanos();
      }
      known = next;
      summary = known;
    }
    return known;
  }

  private double age() {
    Summary unused = summary();
    return listed ? (now() - listNanos) / 1e9 : Double.NaN;
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private final class Listener implements LoadBalancerListener {

    /** Takes note of the list that was there before; one that comes meanwhile is newer. */
    synchronized void begin() {
      List<Server> known = new ArrayList<>();
      LoadBalancerStatus status = balancer.status();
      status.endpoints().forEach(endpoint -> known.add(endpoint.server()));
      if (!listed && !known.isEmpty()) {
        inForce(known);
        Duration age = status.listAge();
        listNanos -= age == null ? 0 : age.toNanos();
      }
    }

    @Override
    public synchronized void serversChanged(ServersChanged event) {
      lists.increment();
      inForce(event.servers());
    }

    private void inForce(List<Server> list) {
      listNanos = now();
      listed = true;
      if (servers != null) {
        servers.retain(list);
      }
    }

    @Override
    public void serversFailed(ServersFailed event) {
      failedLists.increment();
    }

    @Override
    public void stateChanged(StateChanged event) {
      requireNonNull(changes.get(event.to())).increment();
    }

    @Override
    public void attemptEnded(Attempt attempt) {
      Outcome outcome = requireNonNull(attempt.outcome());
      requireNonNull(attempts.get(outcome)).record(attempt.latencyNanos(), TimeUnit.NANOSECONDS);
      if (servers != null) {
        servers.record(attempt.server(), outcome, attempt.latencyNanos());
      }
    }
  }
}
