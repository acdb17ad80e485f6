package io.evenload;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The control path's own state: one endpoint for each id, and from them the next snapshot. Not
 * thread-safe.
 */
final class Roster {

  static final long MAX_DRAIN_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final BalancerContext balancer;
  private final Chooser recipe;
  private final double panicThreshold;
  private final Runnable gateChanged;
  private final Consumer<Snapshot> publisher;
  private final @Nullable HealthMonitor health;
  private final List<Gate.Factory> gateFactories = new ArrayList<>();
  private final Map<Integer, CandidateGroup> groups = new HashMap<>();
  private final Set<String> reportedDuplicates = new HashSet<>();
  private Map<String, LiveEndpoint> endpoints = new LinkedHashMap<>();
  private List<Server> servers = List.of();

  Roster(
      BalancerContext balancer,
      Chooser recipe,
      double panicThreshold,
      Runnable gateChanged,
      Consumer<Snapshot> publisher,
      @Nullable HealthMonitor health) {
    this.balancer = balancer;
    this.recipe = recipe;
    this.panicThreshold = panicThreshold;
    this.gateChanged = gateChanged;
    this.publisher = publisher;
    this.health = health;
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
    servers = next;
    refresh();
    LoadBalancerListener listener = balancer.listener();
    if (listener != null) {
      balancer.contain("LoadBalancerListener.serversChanged", () -> listener.serversChanged(next));
    }
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
      for (Gate.Factory factory : gateFactories) {
        addGate(endpoint, factory);
      }
    }
    CandidateGroup group = endpoint.group();
    if (endpoint.describe(server) && group != null) {
      group.markStale();
    }
    endpoint.listed = true;
    if (health != null) {
      health.watch(endpoint);
    }
    return endpoint;
  }

  private void depart(LiveEndpoint endpoint) {
    if (endpoint.listed) {
      endpoint.listed = false;
      endpoint.departedNanos = balancer.nanoTime().getAsLong();
      if (health != null) {
        health.forget(endpoint);
      }
    }
  }

  /** Gives every endpoint, now and later, a gate of this factory. */
  void addGates(Gate.Factory factory) {
    gateFactories.add(factory);
    endpoints.values().forEach(endpoint -> addGate(endpoint, factory));
    refresh();
  }

  private void addGate(LiveEndpoint endpoint, Gate.Factory factory) {
    try {
      Gate gate = factory.create(endpoint.server(), balancer.nanoTime(), gateChanged);
      endpoint.addGate(requireNonNull(gate, "Gate.Factory.create returned null"));
    } catch (Throwable e) {
      String id = endpoint.server().id();
      balancer.log().warn("Gate.Factory.create threw; " + id + " has no such gate", e);
    }
  }

  /** Lets time pass: averages decay, drained endpoints go, gates are read again. */
  void tick(double seconds, long now) {
    endpoints.values().forEach(endpoint -> endpoint.decay(seconds, now));
    List<LiveEndpoint> gone = new ArrayList<>();
    for (LiveEndpoint endpoint : endpoints.values()) {
      boolean drained = endpoint.inFlight() == 0 || now - endpoint.departedNanos >= MAX_DRAIN_NANOS;
      if (!endpoint.listed && drained) {
        gone.add(endpoint);
      }
    }
    gone.forEach(endpoint -> endpoints.remove(endpoint.server().id()));
    if (!gone.isEmpty() || anyStateChanged()) {
      refresh();
    }
    gone.forEach(endpoint -> endpoint.gates().close());
  }

  private boolean anyStateChanged() {
    boolean positive = anyPositiveWeight();
    return endpoints.values().stream()
        .anyMatch(endpoint -> state(endpoint, positive) != endpoint.state());
  }

  /** Frees what the endpoints hold. */
  void close() {
    endpoints.values().forEach(endpoint -> endpoint.gates().close());
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
    List<StateChange> changes = new ArrayList<>();
    Map<Integer, Level> levels = new TreeMap<>();
    boolean positive = anyPositiveWeight();
    for (LiveEndpoint endpoint : endpoints.values()) {
      EndpointState state = state(endpoint, positive);
      int priority = endpoint.server().priority();
      CandidateGroup group =
          groups.computeIfAbsent(priority, p -> new CandidateGroup(balancer, recipe));
      if (endpoint.group() != group) {
        group.enter(endpoint);
      }
      if (endpoint.setWeight(Math.max(1, endpoint.server().weight()))) {
        group.markStale();
      }
      if (state != EndpointState.DRAINING && state != EndpointState.WEIGHT_ZERO) {
        levels.computeIfAbsent(priority, p -> new Level(group)).add(endpoint, state);
      }
      if (state != endpoint.state()) {
        changes.add(new StateChange(endpoint, endpoint.state(), state, reason(endpoint, state)));
      }
    }
    changes.stream().filter(StateChange::opens).forEach(StateChange::mark);
    publisher.accept(snapshot(levels));
    changes.stream().filter(change -> !change.opens()).forEach(StateChange::mark);
    changes.forEach(this::announce);
  }

  private boolean anyPositiveWeight() {
    return servers.stream().anyMatch(server -> server.weight() > 0);
  }

  private EndpointState state(LiveEndpoint endpoint, boolean anyPositiveWeight) {
    HealthReport report = report(endpoint);
    if (!endpoint.listed || report.state() == HealthReport.State.DRAINING) {
      return EndpointState.DRAINING;
    }
    if (anyPositiveWeight && endpoint.server().weight() == 0) {
      return EndpointState.WEIGHT_ZERO;
    }
    if (!endpoint.gates().open()) {
      return EndpointState.BREAKER_OPEN;
    }
    boolean healthy = report.state() == HealthReport.State.HEALTHY;
    return healthy ? EndpointState.ELIGIBLE : EndpointState.UNHEALTHY;
  }

  private HealthReport report(LiveEndpoint endpoint) {
    return health == null ? HealthReport.healthy() : health.report(endpoint);
  }

  private String reason(LiveEndpoint endpoint, EndpointState state) {
    return switch (state) {
      case DRAINING -> endpoint.listed ? report(endpoint).reason() : "left the list";
      case UNHEALTHY -> report(endpoint).reason();
      case WEIGHT_ZERO -> "weight 0 beside positive weights";
      case BREAKER_OPEN -> "its gate is closed";
      default -> "";
    };
  }

  private Snapshot snapshot(Map<Integer, Level> levels) {
    int n = levels.size();
    int[] eligible = levels.values().stream().mapToInt(level -> level.eligible.size()).toArray();
    int[] known = levels.values().stream().mapToInt(Level::known).toArray();
    boolean panicPossible = n == 1 || !PriorityLoads.suffice(eligible, known);
    int[] sizes = new int[n];
    List<Candidates> candidates = new ArrayList<>();
    List<Candidates> unwell = new ArrayList<>();
    List<Candidates> gated = new ArrayList<>();
    int i = 0;
    for (Level level : levels.values()) {
      boolean panic = panicPossible && PriorityLoads.panics(eligible[i], known[i], panicThreshold);
      List<LiveEndpoint> usable = panic ? level.eligibleAndUnwell : level.eligible;
      sizes[i++] = usable.size();
      if (!usable.isEmpty()) {
        candidates.add(level.group.candidates(usable, panic));
      }
      if (!level.unwell.isEmpty() && !panic) {
        unwell.add(level.group.reserve(level.unwell));
      }
      if (!level.gated.isEmpty()) {
        gated.add(level.group.reserve(level.gated));
      }
    }
    int[] loads = PriorityLoads.loads(eligible, known, sizes, Snapshot.WHOLE);
    return new Snapshot(
        candidates.toArray(new Candidates[0]),
        withoutEmpty(loads, sizes),
        unwell.toArray(new Candidates[0]),
        gated.toArray(new Candidates[0]),
        List.copyOf(endpoints.values()),
        false);
  }

  private static int[] withoutEmpty(int[] loads, int[] sizes) {
    int[] kept = new int[loads.length];
    int count = 0;
    for (int i = 0; i < loads.length; i++) {
      if (sizes[i] > 0) {
        kept[count++] = loads[i];
      }
    }
    return Arrays.copyOf(kept, count);
  }

  private void announce(StateChange change) {
    LoadBalancerListener listener = balancer.listener();
    if (listener != null) {
      Server server = change.endpoint.server();
      balancer.contain(
          "LoadBalancerListener.stateChanged",
          () -> listener.stateChanged(server, change.from, change.to, change.reason));
    }
  }

  private record StateChange(
      LiveEndpoint endpoint, EndpointState from, EndpointState to, String reason) {
    boolean opens() {
      return to.compareTo(from) > 0;
    }

    void mark() {
      endpoint.setState(to, reason);
    }
  }

  /** The endpoints of one priority that traffic is meant for, by what they may be used for. */
  private static final class Level {
    final CandidateGroup group;
    final List<LiveEndpoint> eligible = new ArrayList<>();
    final List<LiveEndpoint> eligibleAndUnwell = new ArrayList<>();
    final List<LiveEndpoint> unwell = new ArrayList<>();
    final List<LiveEndpoint> gated = new ArrayList<>();

    Level(CandidateGroup group) {
      this.group = group;
    }

    int known() {
      return eligibleAndUnwell.size() + gated.size();
    }

    void add(LiveEndpoint endpoint, EndpointState state) {
      if (state == EndpointState.BREAKER_OPEN) {
        gated.add(endpoint);
        return;
      }
      eligibleAndUnwell.add(endpoint);
      (state == EndpointState.ELIGIBLE ? eligible : unwell).add(endpoint);
    }
  }
}
