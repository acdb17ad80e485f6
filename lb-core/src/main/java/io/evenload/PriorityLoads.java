package io.evenload;

/** How requests spread over priorities, and where health is ignored: pure functions. */
final class PriorityLoads {

  /*
   * After Envoy's priority levels. A level's health is the share of its weight that is eligible, times the
   * overprovisioning factor, capped at 1; each level takes what the ones before it leave. If all together have less than
   * 1, each takes in proportion, and the levels below the panic threshold ignore health. One level alone panics by the
   * threshold only, so that a threshold above 1/1.4 means what it says.
   *
   * Weight is capacity, so it says what a level can take. Panic in turn asks whether what is wrong is likely wrong with
   * the servers themselves: that takes most of them and most of the weight, so that neither one big server that fails
   * begins it nor many small ones do.
   */

  static final double OVERPROVISIONING = 1.4;

  /**
   * The size from which a level panics by its threshold; a smaller one panics only with no endpoint
   * eligible.
   */
  static final int THRESHOLD_MIN_ENDPOINTS = 5;

  private PriorityLoads() {}

  /**
   * Whether a level ignores health of which so many of so many endpoints are eligible.
   *
   * @param health the part of its weight that is eligible
   */
  static boolean panics(int eligible, int known, double health, double threshold) {
    if (threshold == 0 || known == 0) {
      return false;
    }
    return known < THRESHOLD_MIN_ENDPOINTS
        ? eligible == 0
        : eligible < threshold * known && health < threshold;
  }

  /** Whether the levels, of so much eligible and known weight, can take all requests together. */
  static boolean suffice(double[] eligible, double[] known) {
    double total = 0;
    for (int level = 0; level < known.length; level++) {
      total += health(eligible[level], known[level]);
    }
    return total >= 1;
  }

  /**
   * Returns each level's load, in parts that sum up to {@code whole}.
   *
   * @param eligible the weight of each level that is eligible, and answers
   * @param known the weight of each level
   * @param candidates how many endpoints of each level may be chosen, panic considered; where there
   *     is none, no load goes
   */
  static int[] loads(double[] eligible, double[] known, int[] candidates, int whole) {
    int levels = known.length;
    double[] share = new double[levels];
    double left = 1;
    for (int level = 0; level < levels && left > 0; level++) {
      if (candidates[level] > 0) {
        share[level] = Math.min(left, health(eligible[level], known[level]));
        left -= share[level];
      }
    }
    int[] loads = new int[levels];
    int unassigned = whole;
    int first = -1;
    for (int level = 0; level < levels; level++) {
      loads[level] = left >= 1 ? 0 : (int) Math.round(share[level] / (1 - left) * whole);
      loads[level] = Math.min(loads[level], unassigned);
      unassigned -= loads[level];
      if (first < 0 && candidates[level] > 0 && (loads[level] > 0 || left >= 1)) {
        first = level;
      }
    }
    if (first >= 0) {
      loads[first] += unassigned;
    }
    return loads;
  }

  private static double health(double eligible, double known) {
    return known == 0 ? 0 : Math.min(1, OVERPROVISIONING * eligible / known);
  }
}
