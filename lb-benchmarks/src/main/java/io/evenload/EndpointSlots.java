package io.evenload;

/**
 * Gives the benchmarks what a balancer does to an endpoint around every attempt and no clock is
 * part of. It is in this package because nobody else should count attempts by hand.
 */
public final class EndpointSlots {

  private EndpointSlots() {}

  /** Takes a slot below the limit; false if there is none. */
  public static boolean take(Endpoint endpoint, int limit) {
    return ((LiveEndpoint) endpoint).tryEnter(limit);
  }

  /** Gives a slot back. */
  public static void giveBack(Endpoint endpoint) {
    ((LiveEndpoint) endpoint).leave();
  }
}
