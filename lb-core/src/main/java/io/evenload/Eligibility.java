package io.evenload;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether an endpoint may be chosen, and why not: the strongest reason. Control path only. */
final class Eligibility {

  /*
   * One table, in the order of docs/health.md and of EndpointState: the first rule that has something against the
   * endpoint says how it stands. What a rule knows of comes from elsewhere (the list, people, gates, probes, outcomes);
   * what each state means for an attempt is PriorityLevel's and Admission's.
   */

  private final List<Row> table =
      List.of(
          new Row(EndpointState.DRAINING, this::left),
          new Row(EndpointState.DRAINING, this::drained),
          new Row(EndpointState.DRAINING, this::announced),
          new Row(EndpointState.WEIGHT_ZERO, this::weightZero),
          new Row(EndpointState.OUTSIDE_SUBSET, this::outsideSubset),
          new Row(EndpointState.BREAKER_OPEN, this::gateClosed),
          new Row(EndpointState.UNHEALTHY, this::unhealthy),
          new Row(EndpointState.UNHEALTHY, this::preparing),
          new Row(EndpointState.EJECTED, this::ejected));

  private final DrainRegistry drains;
  private @Nullable HealthMonitor health;
  private boolean anyPositiveWeight;

  Eligibility(DrainRegistry drains) {
    this.drains = drains;
  }

  /** Goes by these probes from now on; null for none. */
  void use(@Nullable HealthMonitor health) {
    this.health = health;
  }

  /** Takes note of the latest list. */
  void take(List<Server> list) {
    anyPositiveWeight = list.stream().anyMatch(server -> server.weight() > 0);
  }

  /** Whether a server of the latest list has a weight, so that those without are withheld. */
  boolean anyPositiveWeight() {
    return anyPositiveWeight;
  }

  /** Returns how the endpoint stands now: the strongest reason against it, or none. */
  Standing of(RosterEntry entry) {
    return strongest(entry, null);
  }

  /**
   * Whether a subset may count on the endpoint: it may be chosen, or soon, for all that is known.
   */
  boolean seemsWell(RosterEntry entry) {
    EndpointState state = strongest(entry, EndpointState.OUTSIDE_SUBSET).state();
    boolean awaited =
        state == EndpointState.UNHEALTHY
            && (unhealthy(entry) == null || (health != null && health.awaits(entry.endpoint)));
    return (state == EndpointState.ELIGIBLE && !entry.answers.silent()) || awaited;
  }

  /**
   * Whether the endpoint gets traffic if nothing but its breakers or its ejection speaks against
   * it.
   */
  boolean takesTraffic(RosterEntry entry) {
    EndpointState state = strongest(entry, EndpointState.BREAKER_OPEN).state();
    return (state == EndpointState.ELIGIBLE || state == EndpointState.EJECTED)
        && !entry.endpoint.gates().closedBesideBreakers();
  }

  private Standing strongest(RosterEntry entry, @Nullable EndpointState apartFrom) {
    for (Row row : table) {
      Standing against = row.state == apartFrom ? null : row.rule.against(entry);
      if (against != null) {
        return against;
      }
    }
    GateChain gates = entry.endpoint.gates();
    return gates.overruled() && gates.breakerOpen() ? Standing.OVERRULED : Standing.ELIGIBLE;
  }

  private @Nullable Standing left(RosterEntry entry) {
    return entry.listed ? null : Standing.LEFT;
  }

  private @Nullable Standing drained(RosterEntry entry) {
    return drains.of(entry.server().id());
  }

  private @Nullable Standing announced(RosterEntry entry) {
    HealthReport report = report(entry);
    boolean draining = report.state() == HealthReport.State.DRAINING;
    return draining ? Standing.draining(report.reason()) : null;
  }

  private @Nullable Standing weightZero(RosterEntry entry) {
    return anyPositiveWeight && entry.server().weight() == 0 ? Standing.WEIGHT_ZERO : null;
  }

  private @Nullable Standing outsideSubset(RosterEntry entry) {
    return entry.subsetShare == 0 ? Standing.OUTSIDE_SUBSET : null;
  }

  private @Nullable Standing gateClosed(RosterEntry entry) {
    GateChain gates = entry.endpoint.gates();
    String reason = entry.alone ? gates.anyClosed() : gates.closed();
    return reason == null ? null : new Standing(EndpointState.BREAKER_OPEN, reason);
  }

  private @Nullable Standing unhealthy(RosterEntry entry) {
    HealthReport report = report(entry);
    boolean healthy = report.state() == HealthReport.State.HEALTHY;
    boolean unproven = health != null && health.holds(entry.endpoint);
    return healthy ? null : new Standing(EndpointState.UNHEALTHY, report.reason(), unproven);
  }

  private @Nullable Standing preparing(RosterEntry entry) {
    String reason = entry.endpoint.gates().preparing();
    return reason == null ? null : new Standing(EndpointState.UNHEALTHY, reason, true);
  }

  private @Nullable Standing ejected(RosterEntry entry) {
    return entry.ejection.standing();
  }

  private HealthReport report(RosterEntry entry) {
    return health == null ? HealthReport.healthy() : health.report(entry.endpoint);
  }

  /** One row of the table: the state that it leads to, and what has to hold. */
  private record Row(EndpointState state, Rule rule) {}

  private interface Rule {

    /** Returns what is against the endpoint; null if nothing is. */
    @Nullable Standing against(RosterEntry entry);
  }
}
