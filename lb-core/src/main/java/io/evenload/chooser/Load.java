package io.evenload.chooser;

import io.evenload.Endpoint;

/** How busy an endpoint is to the load-aware choosers. */
final class Load {

  /*
   * In flight alone makes a server that fails fast look idle, and it would draw nearly all requests. So failures count
   * as load, twice over: as attempts in flight, which tells idle servers apart, and as a factor, which keeps a server
   * that fails always behind the others even when these have hundreds in flight. One failure after a calm time lifts the
   * failure rate to 0.1, which is let pass; a server that gets no more requests is back to nothing within 12 s, as the
   * rate decays.
   */

  static final double FAILURE_PENALTY = 50;
  static final double TOLERATED_FAILURE_RATE = 0.1;

  private static final double TOLERANCE = TOLERATED_FAILURE_RATE + 1e-6; // the rate is a float

  private Load() {}

  /** The penalty p for recent failures; 0 up to the tolerated rate. */
  static double penalty(double failureRate) {
    return failureRate <= TOLERANCE ? 0 : FAILURE_PENALTY * (failureRate - TOLERATED_FAILURE_RATE);
  }

  /**
   * Attempts in flight with the penalty, {@code (inFlight + p) * (1 + p)}; not divided by the
   * weight.
   */
  static double of(Endpoint endpoint) {
    double failureRate = endpoint.failureRate();
    int inFlight = endpoint.inFlight();
    if (failureRate <= TOLERANCE) {
      return inFlight;
    }
    double penalty = penalty(failureRate);
    return (inFlight + penalty) * (1 + penalty);
  }

  /** The load raised to the exponent of the chooser. */
  static double of(Endpoint endpoint, double exponent) {
    double load = of(endpoint);
    return exponent == 1 ? load : Math.pow(load, exponent);
  }
}
