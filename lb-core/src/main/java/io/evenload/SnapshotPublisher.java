package io.evenload;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * From the entries of the roster to the snapshot in force: computes every endpoint's weight and
 * standing, and tells what changed. Control path only.
 */
final class SnapshotPublisher {

  /*
   * An endpoint that may be chosen again is marked so before the snapshot appears, and one that may not, after. So who
   * finds an endpoint of its snapshot marked against it finds a newer snapshot too: LoadBalancer.start tries again with
   * that one before it gives up.
   */

  private final BalancerContext balancer;
  private final Control control;
  private final Eligibility eligibility;
  private final RampUp rampUp;
  private final ReportedWeights reportedWeights;
  private final StateLog log;

  SnapshotPublisher(
      BalancerContext balancer,
      Control control,
      Eligibility eligibility,
      RampUp rampUp,
      ReportedWeights reportedWeights,
      StateLog log) {
    this.balancer = balancer;
    this.control = control;
    this.eligibility = eligibility;
    this.rampUp = rampUp;
    this.reportedWeights = reportedWeights;
    this.log = log;
  }

  /** Publishes the snapshot that follows from the entries as they are now. */
  void publish(Collection<RosterEntry> entries, Options options, long now) {
    assert control.onPath();
    List<StateChange> changes = new ArrayList<>();
    List<LiveEndpoint> known = new ArrayList<>(entries.size());
    EndpointState[] states = new EndpointState[entries.size()];
    entries.forEach(SnapshotPublisher::weighByConfiguration);
    ReportCaps caps =
        ReportCaps.of(entries, entry -> eligibility.of(entry).state(), reportedWeights);
    SnapshotBuilder builder = new SnapshotBuilder(options.panicThreshold(), options.locality());
    for (RosterEntry entry : entries) {
      Standing standing = eligibility.of(entry);
      Standing former = entry.endpoint.standing();
      states[known.size()] = standing.state();
      known.add(entry.endpoint);
      ramp(entry, standing.state(), options.slowStartOfAll(), now);
      restartReports(entry, standing.state(), now);
      weigh(entry, caps, now);
      if (entry.listed && entry.pool != null) {
        builder.add(entry, entry.pool, standing);
      }
      if (!standing.equals(former)) {
        changes.add(new StateChange(entry, former, standing));
      }
    }
    changes.stream().filter(StateChange::opens).forEach(StateChange::mark);
    Snapshot snapshot = builder.snapshot(new Census(List.copyOf(known), states));
    control.publish(snapshot);
    changes.stream().filter(change -> !change.opens()).forEach(StateChange::mark);
    changes.forEach(change -> announce(change, entries, now));
    log.panic(snapshot.panic(), entries);
  }

  /** Lets what a server reports wait anew when it comes back, whatever it was out for at last. */
  private void restartReports(RosterEntry entry, EndpointState state, long now) {
    if (entry.wasOut && state == EndpointState.ELIGIBLE) {
      reportedWeights.restart(entry.server().id(), now);
    }
    entry.wasOut = state.ownFault() || (entry.wasOut && state != EndpointState.ELIGIBLE);
  }

  private static void weighByConfiguration(RosterEntry entry) {
    double subsetShare = entry.subsetShare > 0 ? entry.subsetShare : 1;
    entry.warmWeight = Math.max(1, entry.server().weight()) * subsetShare;
  }

  private void weigh(RosterEntry entry, ReportCaps caps, long now) {
    double reported = caps.limit(entry.pool, reportedWeights.share(entry.server().id()));
    entry.capacity = entry.warmWeight * rampUp.share(entry, now);
    if (entry.endpoint.setWeight(entry.capacity * reported)) {
      entry.markStale();
    }
  }

  /** Begins or ends the slow start of an endpoint that is about to get this state. */
  private void ramp(RosterEntry entry, EndpointState state, boolean ofAll, long now) {
    if (state != EndpointState.ELIGIBLE) {
      rampUp.end(entry);
    } else if (ofAll ? comesUp(entry) : entry.endpoint.state() == EndpointState.EJECTED) {
      rampUp.begin(entry, now);
    }
    entry.fresh = false;
  }

  /** Whether an endpoint that is eligible from now on is new or was kept out. */
  private static boolean comesUp(RosterEntry entry) {
    return switch (entry.endpoint.state()) {
      case ELIGIBLE -> entry.fresh;
      case OUTSIDE_SUBSET -> false; // others have called it all the time
      default -> true;
    };
  }

  private void announce(StateChange change, Collection<RosterEntry> entries, long now) {
    EndpointState from = change.from.state();
    EndpointState to = change.to.state();
    if (from != to) {
      change.entry.drained = false;
      change.entry.drainingNanos = now;
      Server server = change.entry.server();
      log.changed(server, change.from, change.to, entries);
      balancer.listeners().stateChanged(server, from, to, change.to.reason());
    }
  }

  private record StateChange(RosterEntry entry, Standing from, Standing to) {
    boolean opens() {
      return to.state().compareTo(from.state()) > 0;
    }

    void mark() {
      entry.endpoint.stand(to);
    }
  }
}
