package io.evenload;

import io.evenload.health.HealthCheck;
import io.evenload.health.OutlierDetection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The control path's own state: one endpoint for each id, and from them the next snapshot. Not
 * thread-safe.
 */
final class Roster {

  static final long MIN_DRAIN_NANOS = TimeUnit.SECONDS.toNanos(1);
  static final long MAX_DRAIN_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final BalancerContext balancer;
  private final Consumer<Snapshot> publisher;
  private final Function<HealthCheck, HealthMonitor> monitors;
  private final Runnable askToLook;
  private final StateLog log;
  private final DrainRegistry drains = new DrainRegistry();
  private final RampUp ramps;
  private final ReportedWeights reportedWeights = new ReportedWeights();
  private final GateFactories gates;
  private final Partition partition;
  private final Set<String> reportedDuplicates = new HashSet<>();
  private Options options;
  private @Nullable HealthMonitor health;
  private @Nullable Ejector outliers;
  private Map<String, LiveEndpoint> endpoints = new LinkedHashMap<>();
  private List<Server> servers = List.of();

  Roster(
      BalancerContext balancer,
      Options options,
      Runnable gateChanged,
      Consumer<Snapshot> publisher,
      Function<HealthCheck, HealthMonitor> monitors,
      Runnable askToLook,
      ControlTimer timer) {
    this.balancer = balancer;
    this.options = options;
    this.log = new StateLog(balancer);
    this.publisher = publisher;
    this.monitors = monitors;
    this.askToLook = askToLook;
    this.ramps = new RampUp(options.slowStart(), timer, this::refresh);
    this.partition = new Partition(balancer, options);
    this.gates = new GateFactories(balancer, options.gates(), gateChanged);
    check(null, options.healthCheck());
    detect(null, options.outlierDetection());
  }

  /**
   * Works by other options from now on, with one new snapshot; what is the very same in both is not
   * touched.
   */
  void use(Options next) {
    Options last = options;
    options = next;
    check(last.healthCheck(), next.healthCheck());
    detect(last.outlierDetection(), next.outlierDetection());
    ramps.use(next.slowStart());
    if (!next.gates().equals(last.gates())) {
      gates.use(next.gates());
      endpoints.values().forEach(gates::equip);
    }
    if (partition.use(next)) {
      arrange();
    } else {
      refresh();
    }
  }

  @SuppressWarnings("ReferenceEquality") // this very one
  private void check(@Nullable HealthCheck last, @Nullable HealthCheck next) {
    if (next == last) {
      return;
    }
    HealthMonitor running = health;
    if (running != null && next != null) {
      running.use(next);
      return;
    }
    if (running != null) {
      running.close();
    }
    health = next == null ? null : monitors.apply(next);
    if (health != null) {
      endpoints.values().stream().filter(Roster::isWatched).forEach(health::adopt);
    }
  }

  /** Those that are ejected stay so for their time, unless nothing is detected any more. */
  @SuppressWarnings("ReferenceEquality") // this very one
  private void detect(@Nullable OutlierDetection last, @Nullable OutlierDetection next) {
    if (next == last) {
      return;
    }
    Ejector running = outliers;
    if (next == null) {
      outliers = null;
    } else {
      outliers = running == null ? new Ejector(balancer, next, askToLook) : running.with(next);
    }
    endpoints.values().forEach(endpoint -> endpoint.setOutliers(outliers));
  }

  List<Server> servers() {
    return servers;
  }

  /**
   * Brings a new list into force. Endpoints that stay keep all their state; those that leave begin
   * to drain.
   */
  void update(List<Server> list) {
    Map<String, Server> unique = unique(list);
    List<Server> next = List.copyOf(unique.values());
    if (next.equals(servers)) {
      return;
    }
    Map<String, LiveEndpoint> roster = new LinkedHashMap<>();
    unique.forEach((id, server) -> roster.put(id, listed(id, server)));
    endpoints.forEach(
        (id, endpoint) -> {
          if (!unique.containsKey(id)) {
            depart(endpoint);
            roster.put(id, endpoint);
          }
        });
    endpoints = roster;
    log.list(servers, unique);
    servers = next;
    arrange();
    balancer.listeners().serversChanged(next);
  }

  private Map<String, Server> unique(List<Server> list) {
    Map<String, Server> unique = new LinkedHashMap<>();
    Set<String> duplicates = new HashSet<>();
    for (Server server : list) {
      if (unique.putIfAbsent(server.id(), server) != null) {
        duplicates.add(server.id());
      }
    }
    for (String id : duplicates) {
      if (reportedDuplicates.add(id)) {
        balancer
            .log()
            .warn(
                "the list has more than one server of id " + id + "; the first one is used", null);
      }
    }
    reportedDuplicates.retainAll(duplicates);
    return unique;
  }

  private LiveEndpoint listed(String id, Server server) {
    LiveEndpoint endpoint = endpoints.get(id);
    if (endpoint == null) {
      endpoint = new LiveEndpoint(balancer, server);
      endpoint.setOutliers(outliers);
      endpoint.fresh = !servers.isEmpty();
      gates.equip(endpoint);
    }
    PoolEntry pool = endpoint.entry;
    if (endpoint.describe(server) && pool != null) {
      pool.markStale();
    }
    endpoint.listed = true;
    return endpoint;
  }

  private void depart(LiveEndpoint endpoint) {
    if (endpoint.listed) {
      endpoint.listed = false;
      endpoint.departedNanos = balancer.nanoTime().getAsLong();
      drains.departed(endpoint.server().id());
    }
  }

  /** Gives every endpoint, now and later, a gate of this factory. */
  void addGates(Gate.Factory factory) {
    gates.add(factory);
    endpoints.values().forEach(gates::equip);
    refresh();
  }

  /** Takes the gates of this factory back, if it was added. */
  void removeGates(Gate.Factory factory) {
    if (gates.remove(factory)) {
      endpoints.values().forEach(gates::equip);
      refresh();
    }
  }

  /** Takes a server out by hand until {@link #undrain}. */
  void drain(String id) {
    drains.drain(id);
    refresh();
  }

  /** Takes a server out that announced its end; one that is not listed is gone already. */
  void drain(String id, Duration atMost, String reason) {
    LiveEndpoint endpoint = endpoints.get(id);
    if (endpoint != null && endpoint.listed) {
      drains.announce(id, atMost, reason, balancer.nanoTime().getAsLong());
      refresh();
    }
  }

  void undrain(String id) {
    if (drains.undrain(id)) {
      refresh();
    }
  }

  private void arrange() {
    partition.arrange(endpoints.values(), anyPositiveWeight());
    refresh();
  }

  /** Lets time pass: averages decay, drained endpoints go, gates are read again. */
  void tick(double seconds, long now) {
    drains.expire(now);
    endpoints.values().forEach(endpoint -> endpoint.decay(seconds, now));
    List<LiveEndpoint> gone = new ArrayList<>();
    for (LiveEndpoint endpoint : endpoints.values()) {
      noteDrained(endpoint, now);
      boolean expired = now - endpoint.departedNanos >= MAX_DRAIN_NANOS;
      if (!endpoint.listed && (endpoint.drained || expired)) {
        gone.add(endpoint);
      }
    }
    gone.forEach(endpoint -> endpoints.remove(endpoint.server().id()));
    if (outliers != null) {
      outliers.tick(members(), now); // what it ejects or brings back has changed its state
    }
    boolean reweighted = reportedWeights.update(this::lists, now);
    if (!gone.isEmpty() || reweighted || partition.extended() || anyStateChanged()) {
      refresh();
    }
    gone.forEach(endpoint -> endpoint.gates().close());
    log.tick(endpoints.values());
  }

  /** Tells once of an endpoint that has drained for a while and has nothing in flight. */
  private void noteDrained(LiveEndpoint endpoint, long now) {
    if (endpoint.state() == EndpointState.DRAINING
        && !endpoint.drained
        && endpoint.inFlight() == 0
        && now - endpoint.drainingNanos >= MIN_DRAIN_NANOS) {
      endpoint.drained = true;
      log.drained(endpoint.server());
      balancer.listeners().drained(endpoint.server());
    }
  }

  /** Takes out whose attempts fail one after another. */
  void ejectOutliers() {
    if (outliers != null && outliers.look(members(), balancer.nanoTime().getAsLong())) {
      refresh();
    }
  }

  /** Ejects an endpoint on somebody's word, if it may be. */
  void eject(String id, Duration atMost, String reason) {
    LiveEndpoint endpoint = endpoints.get(id);
    if (outliers != null && endpoint != null) {
      long now = balancer.nanoTime().getAsLong();
      if (outliers.eject(endpoint, atMost, reason, members(), now)) {
        refresh();
      }
    }
  }

  private Ejector.Members members() {
    boolean positive = anyPositiveWeight();
    return new Ejector.Members(
        endpoints.values(), endpoint -> standing(endpoint, positive).state());
  }

  private boolean lists(String id) {
    LiveEndpoint endpoint = endpoints.get(id);
    return endpoint != null && endpoint.listed;
  }

  /** What servers report of their weights; from any thread. */
  ReportedWeights reportedWeights() {
    return reportedWeights;
  }

  private boolean anyStateChanged() {
    boolean positive = anyPositiveWeight();
    return endpoints.values().stream()
        .anyMatch(endpoint -> !standing(endpoint, positive).equals(endpoint.standing()));
  }

  /** Frees what the endpoints hold. */
  void close() {
    endpoints.values().forEach(endpoint -> endpoint.gates().close());
    ramps.close();
    if (health != null) {
      health.close();
    }
  }

  /**
   * Computes every endpoint's weight and state and publishes the snapshot that follows from them.
   * An endpoint that may be chosen again is marked so before the snapshot appears, and one that may
   * not, after: see {@link Picker}.
   */
  void refresh() {
    long now = balancer.nanoTime().getAsLong();
    List<StateChange> changes = new ArrayList<>();
    SnapshotBuilder levels = new SnapshotBuilder(options.panicThreshold(), partition.locality());
    boolean positive = anyPositiveWeight();
    partition.open(endpoints.values(), endpoint -> seemsWell(endpoint, positive), now);
    for (LiveEndpoint endpoint : endpoints.values()) {
      watch(endpoint);
      Standing standing = standing(endpoint, positive);
      ramp(endpoint, standing.state(), now);
      weigh(endpoint, now);
      PoolEntry pool = endpoint.entry;
      if (endpoint.listed && pool != null) {
        levels.add(endpoint, pool, standing.state());
      }
      if (!standing.equals(endpoint.standing())) {
        changes.add(new StateChange(endpoint, endpoint.standing(), standing));
      }
    }
    changes.stream().filter(StateChange::opens).forEach(StateChange::mark);
    Snapshot snapshot = levels.snapshot(List.copyOf(endpoints.values()));
    publisher.accept(snapshot);
    changes.stream().filter(change -> !change.opens()).forEach(StateChange::mark);
    changes.forEach(change -> announce(change, now));
    log.panic(snapshot.panic(), endpoints.values());
  }

  /** Lets the endpoints be probed that this client may call. */
  private void watch(LiveEndpoint endpoint) {
    if (health != null && isWatched(endpoint)) {
      health.watch(endpoint);
    } else if (health != null) {
      health.forget(endpoint);
    }
  }

  private static boolean isWatched(LiveEndpoint endpoint) {
    return endpoint.listed && endpoint.subsetShare > 0;
  }

  private void weigh(LiveEndpoint endpoint, long now) {
    double subsetShare = endpoint.subsetShare > 0 ? endpoint.subsetShare : 1;
    double configured = Math.max(1, endpoint.server().weight());
    boolean changed =
        endpoint.setWeight(
            configured
                * subsetShare
                * ramps.share(endpoint, now)
                * reportedWeights.share(endpoint.server().id()));
    PoolEntry pool = endpoint.entry;
    if (changed && pool != null) {
      pool.markStale();
    }
  }

  /** Begins or ends the slow start of an endpoint that is about to get this state. */
  private void ramp(LiveEndpoint endpoint, EndpointState state, long now) {
    if (state != EndpointState.ELIGIBLE) {
      ramps.end(endpoint);
    } else if (comesUp(endpoint)) {
      ramps.begin(endpoint, now);
    }
    endpoint.fresh = false;
  }

  /** Whether an endpoint that is eligible from now on starts slowly. */
  private boolean comesUp(LiveEndpoint endpoint) {
    if (!options.slowStartOfAll()) {
      return endpoint.state() == EndpointState.EJECTED;
    }
    return switch (endpoint.state()) {
      case ELIGIBLE -> endpoint.fresh;
      case OUTSIDE_SUBSET -> false; // others have called it all the time
      default -> true;
    };
  }

  private boolean anyPositiveWeight() {
    return servers.stream().anyMatch(server -> server.weight() > 0);
  }

  /** Returns how an endpoint stands now: the strongest reason against it, or none. */
  private Standing standing(LiveEndpoint endpoint, boolean anyPositiveWeight) {
    Standing withdrawn = withdrawn(endpoint, anyPositiveWeight);
    if (withdrawn != null) {
      return withdrawn;
    }
    return endpoint.subsetShare == 0 ? Standing.OUTSIDE_SUBSET : condition(endpoint);
  }

  /** Returns why no client's traffic is meant for the endpoint; null if it is. */
  private @Nullable Standing withdrawn(LiveEndpoint endpoint, boolean anyPositiveWeight) {
    if (!endpoint.listed) {
      return Standing.LEFT;
    }
    Standing drained = drains.of(endpoint.server().id());
    if (drained != null) {
      return drained;
    }
    HealthReport report = report(endpoint);
    if (report.state() == HealthReport.State.DRAINING) {
      return Standing.draining(report.reason());
    }
    return anyPositiveWeight && endpoint.server().weight() == 0 ? Standing.WEIGHT_ZERO : null;
  }

  private Standing condition(LiveEndpoint endpoint) {
    String closed = endpoint.gates().closed();
    if (closed != null) {
      return new Standing(EndpointState.BREAKER_OPEN, closed);
    }
    HealthReport report = report(endpoint);
    if (report.state() != HealthReport.State.HEALTHY) {
      return new Standing(EndpointState.UNHEALTHY, report.reason());
    }
    Standing ejected = endpoint.ejection.standing();
    return ejected != null ? ejected : Standing.ELIGIBLE;
  }

  private HealthReport report(LiveEndpoint endpoint) {
    return health == null ? HealthReport.healthy() : health.report(endpoint);
  }

  /**
   * Whether a subset may count on the endpoint: it may be chosen, or soon, for all that is known.
   */
  private boolean seemsWell(LiveEndpoint endpoint, boolean anyPositiveWeight) {
    if (withdrawn(endpoint, anyPositiveWeight) != null) {
      return false;
    }
    EndpointState state = condition(endpoint).state();
    boolean awaited = state == EndpointState.UNHEALTHY && health != null && health.awaits(endpoint);
    return state == EndpointState.ELIGIBLE || awaited;
  }

  private void announce(StateChange change, long now) {
    EndpointState from = change.from.state();
    EndpointState to = change.to.state();
    if (from != to) {
      change.endpoint.drained = false;
      change.endpoint.drainingNanos = now;
      Server server = change.endpoint.server();
      log.changed(server, change.from, change.to, endpoints.values());
      balancer.listeners().stateChanged(server, from, to, change.to.reason());
    }
  }

  private record StateChange(LiveEndpoint endpoint, Standing from, Standing to) {
    boolean opens() {
      return to.state().compareTo(from.state()) > 0;
    }

    void mark() {
      endpoint.stand(to);
    }
  }
}
