package io.evenload;

import static java.util.Objects.requireNonNull;

import io.evenload.discovery.Networks;
import io.evenload.health.HealthCheck;
import io.evenload.health.OutlierDetection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Who is listed: one entry for each server, for as long as it is on the list or drains. Of those
 * with the same id one at most is listed, and whoever speaks of an id means that one. Control path
 * only, but for {@link #reportedWeights} and {@link #lists(Server)}.
 */
final class Roster {

  static final long MIN_DRAIN_NANOS = TimeUnit.SECONDS.toNanos(1);
  static final long MAX_DRAIN_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final BalancerContext balancer;
  private final Control control;
  private final StateLog log;
  private final DrainRegistry drains = new DrainRegistry();
  private final Eligibility eligibility = new Eligibility(drains);
  private final ReportedWeights reportedWeights = new ReportedWeights();
  private final RampUp rampUp;
  private final GateFactories gates;
  private final Partition partition;
  private final SnapshotPublisher publisher;
  private final PeerReview review = new PeerReview(eligibility);
  private final StreakAlarm undetected; // of outliers, while nothing looks for them
  private final Set<String> reportedDuplicates = new HashSet<>();
  private Options options;
  private @Nullable HealthMonitor health;
  private @Nullable Ejector ejector;
  private final Recent<Ejection> ejections = new Recent<>(); // of those that have drained
  private Map<Identity, RosterEntry> entries = new LinkedHashMap<>(); // the listed ones first
  private final Map<String, RosterEntry> listed = new ConcurrentHashMap<>(); // by id
  private List<Server> servers = List.of();

  Roster(BalancerContext balancer, Options options, Control control) {
    this.balancer = balancer;
    this.options = options;
    this.control = control;
    this.log = new StateLog(balancer);
    this.rampUp = new RampUp(options.slowStart(), control, this::refresh);
    this.partition = new Partition(balancer, options);
    this.gates = new GateFactories(balancer, options.gates(), control::requestRefresh);
    this.undetected = new StreakAlarm(0, control::requestLook, control::requestRefresh);
    this.publisher =
        new SnapshotPublisher(balancer, control, eligibility, rampUp, reportedWeights, log);
    check(null, options.healthCheck());
    detect(null, options.outlierDetection());
  }

  /**
   * Works by other options from now on, with one new snapshot; what is the very same in both is not
   * touched.
   */
  void use(Options next) {
    assert control.onPath();
    Options last = options;
    options = next;
    check(last.healthCheck(), next.healthCheck());
    if (health != null && !Objects.equals(last.networks(), next.networks())) {
      health.keepWithin(networks());
    }
    detect(last.outlierDetection(), next.outlierDetection());
    rampUp.use(next.slowStart());
    if (!next.gates().equals(last.gates())) {
      gates.use(next.gates());
      entries.values().forEach(gates::equip);
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
    HealthMonitor fresh =
        next == null ? null : new HealthMonitor(balancer, next, networks(), control);
    health = fresh;
    eligibility.use(fresh);
    if (fresh != null) {
      entries.values().stream()
          .filter(RosterEntry::inUse)
          .forEach(entry -> fresh.adopt(entry.endpoint));
    }
  }

  private Networks networks() {
    Networks given = options.networks();
    return given == null ? Networks.defaults() : given;
  }

  /** Those that are ejected stay so for their time, unless nothing is detected any more. */
  @SuppressWarnings("ReferenceEquality") // this very one
  private void detect(@Nullable OutlierDetection last, @Nullable OutlierDetection next) {
    if (next == last) {
      return;
    }
    Ejector running = ejector;
    if (next == null) {
      ejector = null;
    } else {
      ejector = running == null ? new Ejector(balancer, next, control) : running.with(next);
    }
    entries.values().forEach(this::count);
    if (next == null) {
      ejections.clear();
    }
    if (running == null || next == null) {
      entries.values().forEach(entry -> entry.endpoint.forgetOutcomes());
    }
  }

  /** Has the outcomes of an endpoint counted; if nothing is detected, it is not ejected either. */
  private void count(RosterEntry entry) {
    if (ejector == null) {
      entry.endpoint.setAlarm(undetected);
      entry.ejection = Ejection.NONE;
    } else {
      entry.endpoint.setAlarm(ejector.alarm());
    }
  }

  List<Server> servers() {
    return servers;
  }

  /**
   * Brings a new list into force. Endpoints that stay keep all their state; those that leave, or
   * are elsewhere now, begin to drain. A list that differs in its order alone is no event.
   */
  void update(List<Server> list) {
    assert control.onPath();
    Map<String, Server> unique = unique(list);
    List<Server> next = List.copyOf(unique.values());
    if (next.equals(servers)) {
      return;
    }
    boolean reordered =
        next.size() == servers.size()
            && servers.stream().allMatch(server -> server.equals(unique.get(server.id())));
    Map<Identity, RosterEntry> roster = new LinkedHashMap<>();
    next.forEach(server -> roster.put(Identity.of(server), entry(server)));
    entries.forEach(
        (identity, entry) -> {
          if (roster.putIfAbsent(identity, entry) == null) {
            depart(entry);
          }
        });
    entries = roster;
    next.forEach(server -> listed.put(server.id(), list(server))); // who stays is never missing
    listed.keySet().retainAll(unique.keySet());
    List<Server> last = servers;
    servers = next;
    if (!reordered) {
      log.list(last, unique);
      eligibility.take(next);
    }
    arrange();
    if (!reordered) {
      balancer.listeners().serversChanged(next);
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

  private RosterEntry entry(Server server) {
    RosterEntry entry = entries.get(Identity.of(server));
    if (entry == null) {
      entry = new RosterEntry(new LiveEndpoint(balancer, server));
      count(entry);
      recall(entry);
      entry.fresh = !servers.isEmpty();
      gates.equip(entry);
      if (listed.containsKey(server.id())) {
        reportedWeights.forget(server.id()); // what another server reported
      }
    }
    return entry;
  }

  /** An ejection goes on where it was when its server has been away for less than 10 minutes. */
  private void recall(RosterEntry entry) {
    long now = balancer.nanoTime().getAsLong();
    Ejection former = ejections.take(entry.server(), now);
    if (former != null && ejector != null) {
      entry.ejection = now - former.endNanos() >= 0 ? former.over() : former;
    }
  }

  private RosterEntry list(Server server) {
    RosterEntry entry = requireNonNull(entries.get(Identity.of(server)));
    if (entry.endpoint.describe(server)) {
      entry.markStale();
    }
    entry.listed = true;
    return entry;
  }

  private void depart(RosterEntry entry) {
    if (entry.listed) {
      entry.listed = false;
      entry.departedNanos = balancer.nanoTime().getAsLong();
      drains.departed(entry.server().id());
    }
  }

  /** Gives every endpoint, now and later, a gate of this factory. */
  void addGates(Gate.Factory factory) {
    assert control.onPath();
    gates.add(factory);
    entries.values().forEach(gates::equip);
    refresh();
  }

  /**
   * Returns if every gate could be made.
   *
   * @throws LinkageError if a class or a method for one is missing
   */
  void throwIfUnlinked() {
    gates.throwIfUnlinked();
  }

  /** Takes the gates of this factory back, if it was added. */
  void removeGates(Gate.Factory factory) {
    assert control.onPath();
    if (gates.remove(factory)) {
      entries.values().forEach(gates::equip);
      refresh();
    }
  }

  /** Takes a server out by hand until {@link #undrain}. */
  void drain(String id) {
    assert control.onPath();
    drains.drain(id);
    refresh();
  }

  /** Takes a server out that announced its end; one that is not listed is gone already. */
  void drain(String id, Duration atMost, String reason) {
    assert control.onPath();
    if (lists(id)) {
      drains.announce(id, atMost, reason, balancer.nanoTime().getAsLong());
      refresh();
    }
  }

  void undrain(String id) {
    assert control.onPath();
    if (drains.undrain(id)) {
      refresh();
    }
  }

  private void arrange() {
    partition.arrange(entries.values(), eligibility.anyPositiveWeight());
    refresh();
  }

  /** Lets time pass: averages decay, drained endpoints go, gates are read again. */
  void tick(double seconds, long now) {
    assert control.onPath();
    drains.expire(now);
    entries.values().forEach(entry -> entry.endpoint.decay(seconds, now));
    List<RosterEntry> gone = new ArrayList<>();
    for (RosterEntry entry : entries.values()) {
      noteDrained(entry, now);
      boolean expired = now - entry.departedNanos >= MAX_DRAIN_NANOS;
      if (!entry.listed && (entry.drained || expired)) {
        gone.add(entry);
      }
    }
    gone.forEach(this::remove);
    ejections.expire(now);
    if (health != null) {
      health.expire(now);
    }
    boolean reweighted = countAnswers(seconds);
    if (ejector != null) {
      ejector.tick(members(), now); // what it ejects or brings back has changed its state
    } else {
      entries.values().forEach(entry -> entry.endpoint.takeCounts());
    }
    entries.values().forEach(entry -> entry.answers.mark(entry.endpoint));
    review.run(entries.values(), options.panicThreshold());
    reweighted |= reportedWeights.update(this::lists, now);
    if (!gone.isEmpty() || reweighted || partition.extended() || anyStandingChanged()) {
      refresh();
    }
    gone.forEach(entry -> entry.endpoint.gates().close());
    log.tick(entries.values());
  }

  /** Looks at who answers; tells whether priorities, zones or the subset are to follow. */
  private boolean countAnswers(double seconds) {
    boolean changed = false;
    for (RosterEntry entry : entries.values()) {
      changed |= entry.answers.look(entry.endpoint, seconds);
    }
    return (options.locality() != null && ZoneReview.run(entries.values())) || changed;
  }

  private void remove(RosterEntry entry) {
    entries.remove(Identity.of(entry.server()));
    if (!entry.ejection.equals(Ejection.NONE)) {
      ejections.put(entry.server(), entry.ejection, entry.departedNanos);
    }
  }

  /** Tells once of an endpoint that has drained for a while and has nothing in flight. */
  private void noteDrained(RosterEntry entry, long now) {
    if (entry.endpoint.state() == EndpointState.DRAINING
        && !entry.drained
        && entry.endpoint.inFlight() == 0
        && now - entry.drainingNanos >= MIN_DRAIN_NANOS) {
      entry.drained = true;
      log.drained(entry.server());
      balancer.listeners().drained(entry.server());
    }
  }

  /** Takes out whose attempts fail one after another. */
  void ejectOutliers() {
    assert control.onPath();
    if (ejector != null && ejector.look(members(), balancer.nanoTime().getAsLong())) {
      refresh();
    }
  }

  /** Ejects an endpoint on somebody's word, if it may be. */
  void eject(String id, Duration atMost, String reason) {
    assert control.onPath();
    RosterEntry entry = listed.get(id);
    if (ejector != null && entry != null) {
      long now = balancer.nanoTime().getAsLong();
      if (ejector.eject(entry, atMost, reason, members(), now)) {
        refresh();
      }
    }
  }

  private Ejector.Members members() {
    return new Ejector.Members(entries.values(), entry -> eligibility.of(entry).state());
  }

  private boolean lists(String id) {
    return listed.containsKey(id);
  }

  /** Whether this very server is listed, however it is described; from any thread. */
  boolean lists(Server server) {
    RosterEntry entry = listed.get(server.id());
    return entry != null && Identity.same(server, entry.server());
  }

  /** What servers report of their weights; from any thread. */
  ReportedWeights reportedWeights() {
    return reportedWeights;
  }

  private boolean anyStandingChanged() {
    return entries.values().stream()
        .anyMatch(entry -> !eligibility.of(entry).equals(entry.endpoint.standing()));
  }

  /** Frees what the endpoints hold. */
  void close() {
    assert control.onPath();
    entries.values().forEach(entry -> entry.endpoint.gates().close());
    rampUp.close();
    if (health != null) {
      health.close();
    }
  }

  /** Publishes the snapshot of what holds now. */
  void refresh() {
    assert control.onPath();
    long now = balancer.nanoTime().getAsLong();
    review.run(entries.values(), options.panicThreshold());
    partition.open(entries.values(), eligibility::seemsWell, now);
    if (health != null) {
      entries.values().forEach(health::follow);
    }
    publisher.publish(entries.values(), options, now);
  }
}
