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
   * @param refusing where it is noted if the endpoint is sure to refuse until something happens
   */
  @Nullable Attempt admit(
      LiveEndpoint endpoint,
      Candidates among,
      RequestContext request,
      @Nullable Refusing refusing) {
    return endpoint.allows(among.panic())
        ? through(endpoint.gates(), endpoint, among, request, refusing, false)
        : null;
  }

  /**
   * Starts the attempt although a breaker has opened, which nobody has compared with its peers yet,
   * or returns null if that is not so or the other gates refuse it.
   */
  @Nullable Attempt admitUnseen(LiveEndpoint endpoint, Candidates among, RequestContext request) {
    GateChain gates = endpoint.allows(among.panic()) ? endpoint.gates().pastUnseen() : null;
    return gates == null ? null : through(gates, endpoint, among, request, null, false);
  }

  /**
   * Starts the attempt as the only one that tries whether an endpoint of a closed gate works again,
   * or returns null if another one does so, or no traffic is meant for it. If the gate is a breaker
   * that is overruled, any number may.
   *
   * @param refusing where it is noted if the endpoint is sure to refuse until something happens
   */
  @Nullable Attempt admitTrial(
      LiveEndpoint endpoint,
      Candidates among,
      RequestContext request,
      @Nullable Refusing refusing) {
    if (!endpoint.inService()) {
      return null;
    }
    GateChain gates = endpoint.gates().overruled() ? endpoint.gates() : endpoint.trial;
    return through(gates, endpoint, among, request, refusing, true);
  }

  /** Takes a slot, and then these gates, if the endpoint still takes attempts, or trials. */
  private @Nullable Attempt through(
      GateChain gates,
      LiveEndpoint endpoint,
      Candidates among,
      RequestContext request,
      @Nullable Refusing refusing,
      boolean trial) {
    if (full(gates, refusing)) {
      return null;
    }
    Chooser.Tracker tracker = endpoint.tracker();
    endpoint.arriving(tracker);
    if (!enter(endpoint, among, refusing)) {
      endpoint.left(tracker);
      return null;
    }
    boolean takes = trial ? endpoint.inService() : endpoint.allows(among.panic());
    GateChain acquired = takes ? gates.acquire() : null;
    if (acquired == null) {
      giveUp(endpoint, tracker);
      return null;
    }
    return begin(endpoint, acquired, tracker, request);
  }

  /** Whether the gates are sure to refuse, so that they need not be asked for admission. */
  private static boolean full(GateChain gates, @Nullable Refusing refusing) {
    boolean full = gates.full();
    if (full && refusing != null) {
      refusing.gatesFull();
    }
    return full;
  }

  /** Takes a slot below the chooser's limit; false if there is none. */
  private boolean enter(LiveEndpoint endpoint, Candidates among, @Nullable Refusing refusing) {
    if (limit(endpoint, among) == Integer.MAX_VALUE) {
      endpoint.enter();
      return true;
    }
    long slots;
    do {
      slots = endpoint.slots();
      if (LiveEndpoint.inFlight(slots) >= limit(endpoint, among)) {
        if (refusing != null) {
          refusing.atLimit(slots);
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
      giveUp(endpoint, tracker);
      throw e;
    }
    if (tracker != null) {
      started(tracker, attempt);
    }
    request.add(attempt);
    balancer.noRoom().mayBe();
    return attempt;
  }

  /** Gives the slot back; what was acquired of the gates has been released before. */
  private void giveUp(LiveEndpoint endpoint, Chooser.@Nullable Tracker tracker) {
    endpoint.leave();
    endpoint.left(tracker);
    balancer.noRoom().mayBe();
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
