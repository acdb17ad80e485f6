package io.evenload;

/**
 * Gives the benchmarks what a balancer does to an endpoint around every attempt and no clock is
 * part of. It is in this package because nobody else should count attempts by hand.
 */
public final class EndpointSlots {

  private EndpointSlots() {}

  /** Takes a slot below the chooser's limit; false if there is none. */
  public static boolean take(Endpoint endpoint, Chooser chooser) {
    LiveEndpoint live = (LiveEndpoint) endpoint;
    live.arriving(live.tracker());
    if (chooser.inFlightLimit(live) == Integer.MAX_VALUE) {
      live.enter();
      return true;
    }
    long slots;
    do {
      slots = live.slots();
      if (LiveEndpoint.inFlight(slots) >= chooser.inFlightLimit(live)) {
        live.left(live.tracker());
        return false;
      }
    } while (!live.tryEnter(slots));
    return true;
  }

  /** Gives a slot back. */
  public static void giveBack(Endpoint endpoint) {
    LiveEndpoint live = (LiveEndpoint) endpoint;
    live.leave();
    live.left(live.tracker());
  }
}
