package io.evenload.chooser;

import io.evenload.Endpoint;

/** How busy an endpoint is to the load-aware choosers. */
final class Load {

  /*
   * In flight alone makes a server that fails fast look idle, and it would draw nearly all requests. So failures count
   * as load. One failure after a calm time lifts the failure rate to 0.1, which is let pass; a server that fails always
   * counts as 45 more in flight, and once it gets no more requests it is back to nothing within 12 s, as the rate decays.
   */

  static final double FAILURE_PENALTY = 50;
  static final double TOLERATED_FAILURE_RATE = 0.1;

  private static final double TOLERANCE = TOLERATED_FAILURE_RATE + 1e-6; // the rate is a float

  private Load() {}

  /** Attempts in flight plus the penalty; not yet divided by the weight. */
  static double of(Endpoint endpoint) {
    double failureRate = endpoint.failureRate();
    int inFlight = endpoint.inFlight();
    return failureRate <= TOLERANCE
        ? inFlight
        : inFlight + FAILURE_PENALTY * (failureRate - TOLERATED_FAILURE_RATE);
  }
}
