package io.evenload;

import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The hot path: from a snapshot and a request to a started attempt. */
@SuppressWarnings("ReferenceEquality") // of groups and gates: this very one
final class Picker {

  /*
   * What the request prefers comes first, wherever it is eligible. A request that two attempts have failed goes to
   * another zone, if there is a locality. The chooser is asked twice at most. If both answers
   * are refused, the engine scans the endpoints itself: see Scan.
   *
   * An endpoint that left the list is refused although the snapshot at hand still holds it. The roster publishes the
   * new snapshot before it marks the endpoint, so whoever sees the mark finds a newer snapshot: LoadBalancer.start tries
   * again with it before it gives up.
   *
   * Whether the endpoint takes attempts is looked at again once the slot is taken. So whoever marked an endpoint and then
   * sees nothing in flight there knows that nothing will be: either that one sees the slot, or the attempt sees the mark.
   */

  /** The first retry stays near, as most failures are of one server; the next one takes no risk. */
  private static final int ATTEMPTS_BEFORE_LEAVING = 2;

  private final BalancerContext balancer;
  private final LeakSampler sampler;

  Picker(BalancerContext balancer, LeakSampler sampler) {
    this.balancer = balancer;
    this.sampler = sampler;
  }

  /** Returns a started attempt, or null if no endpoint takes it. */
  @Nullable Attempt pick(Snapshot snapshot, RequestContext request) {
    if (snapshot.groups().length == 0) {
      return new Scan(this, balancer, request).run(snapshot, null);
    }
    Predicate<Server> preference = request.preference();
    if (preference != null) {
      Attempt attempt = pickPreferred(snapshot, request, preference);
      if (attempt != null) {
        attempt.choice = AttemptLog.Choice.PREFERRED;
        return attempt;
      }
    }
    if (request.attemptNumber() >= ATTEMPTS_BEFORE_LEAVING) {
      Attempt attempt = pickInAnotherZone(snapshot, request);
      if (attempt != null) {
        attempt.choice = AttemptLog.Choice.ANOTHER_ZONE;
        return attempt;
      }
    }
    Candidates group = snapshot.draw(balancer.random(), request);
    LiveEndpoint chosen = ask(group, request);
    if (chosen != null) {
      Attempt attempt = admit(chosen, group, request, false, null);
      if (attempt != null) {
        return attempt;
      }
    }
    return pickAgain(snapshot, group, request, chosen);
  }

  private @Nullable Attempt pickPreferred(
      Snapshot snapshot, RequestContext request, Predicate<Server> preference) {
    for (Candidates group : snapshot.levels()) {
      LiveEndpoint[] endpoints = group.endpoints();
      int start = randomIndex(endpoints.length);
      for (int i = 0; i < endpoints.length; i++) {
        LiveEndpoint endpoint = endpoints[(start + i) % endpoints.length];
        if (prefers(preference, endpoint) && !request.tried(endpoint) && request.passes(endpoint)) {
          Attempt attempt = admit(endpoint, group, request, false, null);
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
      boolean severalZones = level.group() == null;
      if (!severalZones || !request.triedInPriority(endpoints[0].server().priority())) {
        continue;
      }
      LiveEndpoint drawn = null;
      double sum = 0;
      for (LiveEndpoint endpoint : endpoints) {
        if (!request.triedIn(endpoint.group()) && request.passes(endpoint)) {
          double weight = endpoint.weight();
          sum += weight;
          drawn = balancer.random().nextDouble() * sum < weight ? endpoint : drawn;
        }
      }
      return drawn == null ? null : admit(drawn, level, request, false, null);
    }
    return null;
  }

  private @Nullable Attempt pickAgain(
      Snapshot snapshot, Candidates group, RequestContext request, @Nullable LiveEndpoint refused) {
    RequestContext context =
        request == RequestContext.ANONYMOUS ? RequestContext.create() : request;
    if (refused != null) {
      context.refuse(refused);
    }
    LiveEndpoint chosen = ask(group, context);
    context.forgetRefusals();
    Attempt attempt = chosen == null ? null : admit(chosen, group, context, false, null);
    if (attempt == null) {
      return new Scan(this, balancer, context).run(snapshot, group);
    }
    attempt.choice = AttemptLog.Choice.SECOND;
    return attempt;
  }

  /** Returns the chooser's answer, or null if it cannot be used. */
  private @Nullable LiveEndpoint ask(Candidates group, RequestContext request) {
    Chooser chooser = group.chooser();
    if (chooser == null) {
      return null;
    }
    try {
      Endpoint answer = chooser.choose(group.list(), request);
      if (answer instanceof LiveEndpoint chosen && chosen.group() == group.group()) {
        return request.skips(chosen) ? null : chosen;
      }
      if (answer == null || !group.list().contains(answer)) { // else it just changed its group
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

  int randomIndex(int n) {
    return n < 2 ? 0 : (int) (((balancer.random().nextLong() >>> 32) * n) >>> 32);
  }

  /**
   * Starts the attempt, or returns null if the endpoint cannot take it; tells the scan, if it is
   * part of one, when that is for want of a slot.
   */
  @Nullable Attempt admit(
      LiveEndpoint endpoint,
      Candidates group,
      RequestContext request,
      boolean trial,
      @Nullable Scan scan) {
    if (!takes(endpoint, group, trial)) {
      return null;
    }
    Chooser.Tracker tracker = endpoint.tracker();
    endpoint.arriving(tracker);
    boolean entered = enter(endpoint, group, scan);
    Gates gates = trial ? endpoint.trial : endpoint.gates();
    if (!entered || !takes(endpoint, group, trial) || !gates.tryAcquire()) {
      if (entered) {
        endpoint.leave();
      }
      endpoint.left(tracker);
      return null;
    }
    LeakSampler sampling = sampler.draws() ? sampler : null;
    long now = balancer.nanoTime().getAsLong();
    Attempt attempt = new Attempt(endpoint, gates, tracker, now, sampling);
    if (tracker != null) {
      started(tracker, attempt);
    }
    request.add(attempt);
    return attempt;
  }

  /** Takes a slot below the chooser's limit; false if there is none. */
  private boolean enter(LiveEndpoint endpoint, Candidates group, @Nullable Scan scan) {
    if (limit(endpoint, group) == Integer.MAX_VALUE) {
      endpoint.enter();
      return true;
    }
    long slots;
    do {
      slots = endpoint.slots();
      if (LiveEndpoint.inFlight(slots) >= limit(endpoint, group)) {
        if (scan != null) {
          scan.full(slots);
        }
        return false;
      }
    } while (!endpoint.tryEnter(slots));
    return true;
  }

  private static boolean takes(LiveEndpoint endpoint, Candidates group, boolean trial) {
    return trial ? endpoint.inService() : endpoint.allows(group.panic());
  }

  private int limit(LiveEndpoint endpoint, Candidates candidates) {
    Chooser chooser = candidates.chooser();
    try {
      CandidateGroup group = chooser == null ? endpoint.group() : null;
      chooser = group == null ? chooser : group.limiting();
      return chooser == null ? Integer.MAX_VALUE : chooser.inFlightLimit(endpoint);
    } catch (Throwable e) {
      balancer.log().warn("Chooser.inFlightLimit threw; no limit is used", e);
      return Integer.MAX_VALUE;
    }
  }

  private void started(Chooser.Tracker tracker, Attempt attempt) {
    try {
      tracker.started(attempt.startNanos);
    } catch (Throwable e) {
      balancer
          .log()
          .warn("Chooser.Tracker.started of " + attempt.endpoint.server().id() + " threw", e);
    }
  }

  /** Tells why there was no server, counting the endpoints by reason. */
  NoServerAvailableException failure(Snapshot snapshot, RequestContext request) {
    if (snapshot.closed()) {
      return new NoServerAvailableException(balancer.name() + ": closed");
    }
    List<LiveEndpoint> known = snapshot.known();
    Map<String, Integer> counts = new LinkedHashMap<>();
    Set<LiveEndpoint> candidates = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Candidates level : snapshot.levels()) {
      Collections.addAll(candidates, level.endpoints());
    }
    boolean atLimit = false;
    for (LiveEndpoint endpoint : known) {
      boolean candidate = candidates.contains(endpoint);
      counts.merge(reason(endpoint, candidate, request), 1, Integer::sum);
      atLimit |= atLimit(endpoint, candidate, request);
    }
    String reasons =
        counts.entrySet().stream()
            .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
            .map(entry -> entry.getValue() + " " + entry.getKey())
            .collect(Collectors.joining(", "));
    return new NoServerAvailableException(
        balancer.name()
            + ": no server available ("
            + known.size()
            + (known.isEmpty() ? " known)" : " known: " + reasons + ")"),
        atLimit);
  }

  /** Nothing but its limit keeps an attempt from such an endpoint when nothing else is left. */
  private static boolean atLimit(LiveEndpoint endpoint, boolean candidate, RequestContext request) {
    EndpointState state = endpoint.state();
    boolean usable = state == EndpointState.ELIGIBLE ? candidate : state.overriddenByPanic();
    return usable && request.passes(endpoint);
  }

  private String reason(LiveEndpoint endpoint, boolean candidate, RequestContext request) {
    EndpointState state = endpoint.state();
    if (state == EndpointState.DRAINING || state == EndpointState.WEIGHT_ZERO) {
      return state.toString();
    }
    if (!request.passes(endpoint)) {
      return "filtered out";
    }
    if (state != EndpointState.ELIGIBLE) {
      return state.toString();
    }
    return candidate
        ? "at its limit"
        : "not in use"; // in another zone than a strict locality wants
  }
}
