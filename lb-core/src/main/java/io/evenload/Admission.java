package io.evenload;

import org.jspecify.annotations.Nullable;

/** From an endpoint to a started attempt: its state, a slot below its limit, and its gates. */
final class Admission {

  /*
   * Whether the endpoint takes attempts is looked at again once the slot is taken. So whoever marked an endpoint and then
   * sees nothing in flight there knows that nothing will be: either that one sees the slot, or the attempt sees the mark.
   *
   * The tracker hears of the attempt before its limit is asked, so that a limit may count those that are on their way.
   */

  private final BalancerContext balancer;
  private final LeakSampler sampler;

  Admission(BalancerContext balancer, LeakSampler sampler) {
    this.balancer = balancer;
    this.sampler = sampler;
  }

  /** Starts the attempt, or returns null if the endpoint cannot take it. */
  @Nullable Attempt admit(LiveEndpoint endpoint, Candidates among, RequestContext request) {
    return admit(endpoint, among, request, null);
  }

  /**
   * Starts the attempt, or returns null if the endpoint cannot take it.
   *
   * @param full where it is noted if that is for want of a slot
   */
  @Nullable Attempt admit(
      LiveEndpoint endpoint, Candidates among, RequestContext request, @Nullable FullSlots full) {
    if (!endpoint.allows(among.panic())) {
      return null;
    }
    Chooser.Tracker tracker = endpoint.tracker();
    endpoint.arriving(tracker);
    if (!enter(endpoint, among, full)) {
      endpoint.left(tracker);
      return null;
    }
    GateChain acquired = endpoint.allows(among.panic()) ? endpoint.gates().acquire() : null;
    if (acquired == null) {
      endpoint.leave();
      endpoint.left(tracker);
      return null;
    }
    return begin(endpoint, acquired, tracker, request);
  }

  /**
   * Starts the attempt as the only one that tries whether an endpoint of a closed gate works again,
   * or returns null if another one does so, or no traffic is meant for it. If the gate is a breaker
   * that is overruled, any number may.
   *
   * @param full where it is noted if that is for want of a slot
   */
  @Nullable Attempt admitTrial(
      LiveEndpoint endpoint, Candidates among, RequestContext request, @Nullable FullSlots full) {
    if (!endpoint.inService()) {
      return null;
    }
    Chooser.Tracker tracker = endpoint.tracker();
    endpoint.arriving(tracker);
    if (!enter(endpoint, among, full)) {
      endpoint.left(tracker);
      return null;
    }
    GateChain gates = endpoint.gates().overruled() ? endpoint.gates() : endpoint.trial;
    GateChain acquired = endpoint.inService() ? gates.acquire() : null;
    if (acquired == null) {
      endpoint.leave();
      endpoint.left(tracker);
      return null;
    }
    return begin(endpoint, acquired, tracker, request);
  }

  /** Takes a slot below the chooser's limit; false if there is none. */
  private boolean enter(LiveEndpoint endpoint, Candidates among, @Nullable FullSlots full) {
    if (limit(endpoint, among) == Integer.MAX_VALUE) {
      endpoint.enter();
      return true;
    }
    long slots;
    do {
      slots = endpoint.slots();
      if (LiveEndpoint.inFlight(slots) >= limit(endpoint, among)) {
        if (full != null) {
          full.add(slots);
        }
        return false;
      }
    } while (!endpoint.tryEnter(slots));
    return true;
  }

  private int limit(LiveEndpoint endpoint, Candidates among) {
    Chooser chooser = among.chooser();
    try {
      Pool pool = chooser == null ? endpoint.pool() : null;
      chooser = pool == null ? chooser : pool.limiting();
      return chooser == null ? Integer.MAX_VALUE : chooser.inFlightLimit(endpoint);
    } catch (Throwable e) {
      balancer.log().warn("Chooser.inFlightLimit threw; no limit is used", e);
      return Integer.MAX_VALUE;
    }
  }

  private Attempt begin(
      LiveEndpoint endpoint,
      GateChain acquired,
      Chooser.@Nullable Tracker tracker,
      RequestContext request) {
    Attempt attempt;
    try {
      LeakSampler sampling = sampler.draws() ? sampler : null;
      long now = balancer.nanoTime().getAsLong();
      attempt = new Attempt(endpoint, acquired, tracker, now, sampling);
    } catch (Throwable e) { // the user's clock or source of randomness
      acquired.release(Outcome.CANCELLED, 0);
      endpoint.leave();
      endpoint.left(tracker);
      throw e;
    }
    if (tracker != null) {
      started(tracker, attempt);
    }
    request.add(attempt);
    return attempt;
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
}
