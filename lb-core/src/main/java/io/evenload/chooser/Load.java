package io.evenload.chooser;

import io.evenload.Endpoint;
import java.util.Arrays;

/** How busy an endpoint is to the load-aware choosers. */
final class Load {

  /*
   * In flight alone makes a server that fails fast look idle, and it would draw nearly all requests. So failures count
   * as load, twice over: as attempts in flight, which tells idle servers apart, and as a factor, which keeps a server
   * that fails always behind the others even when these have hundreds in flight. One failure after a calm time lifts the
   * failure rate to 0.1, which is let pass; a server that gets no more requests is back to nothing within 12 s, as the
   * rate decays.
   *
   * What is in flight counts for the weight: half of it at twice the weight. The penalty does not, since a server's
   * failure rate says how bad it is, whatever its weight.
   */

  static final double FAILURE_PENALTY = 50;
  static final double TOLERATED_FAILURE_RATE = 0.1;

  private static final double TOLERANCE = TOLERATED_FAILURE_RATE + 1e-6; // the rate is a float
  private static final double LARGEST_FACTOR = 1e100; // times 0 it is 0, which infinity is not

  private static final double ROUNDING = 1 - 1e-9;

  private Load() {}

  /** The penalty p for recent failures; 0 up to the tolerated rate. */
  static double penalty(double failureRate) {
    return failureRate <= TOLERANCE ? 0 : FAILURE_PENALTY * (failureRate - TOLERATED_FAILURE_RATE);
  }

  /** Returns the mean weight over each weight: what one attempt in flight counts there. */
  static double[] perAttempt(double[] weights) {
    double largest = Arrays.stream(weights).max().orElse(1);
    double mean = Arrays.stream(weights).map(weight -> weight / largest).average().orElse(1);
    return Arrays.stream(weights)
        .map(weight -> Math.min(LARGEST_FACTOR, mean / (weight / largest)))
        .toArray();
  }

  /** The load of an endpoint of the mean weight. */
  static double of(Endpoint endpoint, double exponent) {
    return of(endpoint, 1, exponent);
  }

  /**
   * Attempts in flight with the penalty, {@code (inFlight * perAttempt + p)^exponent * (1 + p)}.
   * With an exponent of 0 only failures count. The factor for failures is raised with it, but never
   * lowered.
   */
  static double of(Endpoint endpoint, double perAttempt, double exponent) {
    double failureRate = endpoint.failureRate();
    double busy = endpoint.inFlight() * perAttempt;
    if (exponent == 1) {
      return failureRate <= TOLERANCE ? busy : penalized(busy, penalty(failureRate));
    }
    double penalty = penalty(failureRate);
    double raised = exponent == 0 ? penalty : Math.pow(busy + penalty, exponent);
    return penalty == 0 ? raised : raised * Math.pow(1 + penalty, Math.max(1, exponent));
  }

  /** Whether a load is less by more than rounding. */
  static boolean isLess(double load, double other) {
    return load < other * ROUNDING;
  }

  /** The load at which an endpoint that is so busy stands for its failures. */
  static double penalized(double busy, double penalty) {
    return (busy + penalty) * (1 + penalty);
  }
}
