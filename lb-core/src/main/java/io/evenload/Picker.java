package io.evenload;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** From a snapshot and a request to the endpoint that is asked for admission. */
@SuppressWarnings("ReferenceEquality") // of pools and contexts: this very one
final class Picker {

  /*
   * What the request prefers comes first, wherever it is eligible. A request that two attempts have failed goes to
   * another zone, if there is a locality. The chooser is asked twice at most. If both answers are refused, the engine
   * searches the endpoints itself: see LastResort.
   *
   * An endpoint that left the list is refused although the snapshot at hand still holds it. The new snapshot is
   * published before the endpoint is marked (see SnapshotPublisher), so whoever sees the mark finds a newer snapshot:
   * LoadBalancer.start tries again with it before it gives up.
   */

  /** The first retry stays near, as most failures are of one server; the next one takes no risk. */
  private static final int ATTEMPTS_BEFORE_LEAVING = 2;

  private final BalancerContext balancer;
  private final Admission admission;

  Picker(BalancerContext balancer, Admission admission) {
    this.balancer = balancer;
    this.admission = admission;
  }

  /** Returns a started attempt, or null if no endpoint takes it. */
  @Nullable Attempt pick(Snapshot snapshot, RequestContext request) {
    NoRoom.Watch full = balancer.noRoom().proof(snapshot);
    if (full != null) {
      return full.byLimits() ? new LastResort(balancer, admission, request).glance(snapshot) : null;
    }
    if (snapshot.pools().length == 0) {
      return new LastResort(balancer, admission, request).search(snapshot, null);
    }
    Predicate<Server> preference = request.preference();
    if (preference != null) {
      Attempt attempt = pickPreferred(snapshot, request, preference);
      if (attempt != null) {
        attempt.choice = Choice.PREFERRED;
        return attempt;
      }
    }
    if (request.attemptNumber() >= ATTEMPTS_BEFORE_LEAVING) {
      Attempt attempt = pickInAnotherZone(snapshot, request);
      if (attempt != null) {
        attempt.choice = Choice.ANOTHER_ZONE;
        return attempt;
      }
    }
    Candidates drawn = snapshot.draw(balancer.random(), request);
    LiveEndpoint chosen = ask(drawn, request);
    if (chosen != null) {
      Attempt attempt = admission.admit(chosen, drawn, request);
      if (attempt != null) {
        return attempt;
      }
    }
    return pickAgain(snapshot, drawn, request, chosen);
  }

  private @Nullable Attempt pickPreferred(
      Snapshot snapshot, RequestContext request, Predicate<Server> preference) {
    for (Candidates level : snapshot.levels()) {
      LiveEndpoint[] endpoints = level.endpoints();
      int start = balancer.randomIndex(endpoints.length);
      for (int i = 0; i < endpoints.length; i++) {
        LiveEndpoint endpoint = endpoints[(start + i) % endpoints.length];
        if (prefers(preference, endpoint) && !request.tried(endpoint) && request.passes(endpoint)) {
          Attempt attempt = admission.admit(endpoint, level, request);
          if (attempt != null) {
            return attempt;
          }
        }
      }
    }
    return null;
  }

  private boolean prefers(Predicate<Server> preference, LiveEndpoint endpoint) {
    try {
      return preference.test(endpoint.server());
    } catch (Throwable e) {
      balancer.log().warn("the preference of a request threw; such a server is not preferred", e);
      return false;
    }
  }

  /**
   * Starts the attempt at a random endpoint, by weight, of the zones where the request has not
   * been, in the most preferred priority where it has; null if none takes it.
   */
  private @Nullable Attempt pickInAnotherZone(Snapshot snapshot, RequestContext request) {
    for (Candidates level : snapshot.levels()) {
      LiveEndpoint[] endpoints = level.endpoints();
      boolean severalZones = level.pool() == null;
      if (!severalZones || !request.triedInPriority(endpoints[0].server().priority())) {
        continue;
      }
      LiveEndpoint drawn = null;
      double sum = 0;
      for (LiveEndpoint endpoint : endpoints) {
        if (!request.triedIn(endpoint.pool()) && request.passes(endpoint)) {
          double weight = endpoint.weight();
          sum += weight;
          drawn = balancer.random().nextDouble() * sum < weight ? endpoint : drawn;
        }
      }
      return drawn == null ? null : admission.admit(drawn, level, request);
    }
    return null;
  }

  private @Nullable Attempt pickAgain(
      Snapshot snapshot, Candidates drawn, RequestContext request, @Nullable LiveEndpoint refused) {
    RequestContext context =
        request == RequestContext.ANONYMOUS ? RequestContext.create() : request;
    if (refused != null) {
      context.refuse(refused);
    }
    LiveEndpoint chosen = ask(drawn, context);
    context.forgetRefusals();
    Attempt attempt = chosen == null ? null : admission.admit(chosen, drawn, context);
    if (attempt == null) {
      return new LastResort(balancer, admission, context).search(snapshot, drawn);
    }
    attempt.choice = Choice.SECOND;
    return attempt;
  }

  /** Returns the chooser's answer, or null if it cannot be used. */
  private @Nullable LiveEndpoint ask(Candidates among, RequestContext request) {
    Chooser chooser = among.chooser();
    if (chooser == null) {
      return null;
    }
    try {
      Endpoint answer = chooser.choose(among.list(), request);
      if (answer instanceof LiveEndpoint chosen && chosen.pool() == among.pool()) {
        return request.skips(chosen) ? null : chosen;
      }
      if (answer == null || !among.list().contains(answer)) { // else it just changed its pool
        balancer
            .log()
            .warn(
                "Chooser.choose returned " + answer + " (expected: an endpoint of the list)", null);
      }
    } catch (Throwable e) {
      balancer.log().warn("Chooser.choose threw; a random endpoint is used", e);
    }
    return null;
  }
}
