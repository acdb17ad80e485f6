package io.evenload;

/**
 * Whether an endpoint may be chosen, and if not, the strongest reason why.
 *
 * <p>Declared from the strongest reason to the weakest. Panic overrides {@link #UNHEALTHY} and
 * {@link #EJECTED} only.
 */
public enum EndpointState {
  /**
   * It left the list, was drained by hand, or announced it: no new attempt, and those in flight
   * finish.
   */
  DRAINING("draining"),
  /** Its weight is 0 while another server's is positive. */
  WEIGHT_ZERO("weight 0"),
  /** It is none of those that the {@link Subset} of this client has. */
  OUTSIDE_SUBSET("outside the subset"),
  /**
   * Its {@link Gate} is closed: a circuit breaker is open. When nothing else is left it gets one
   * trial at a time.
   */
  BREAKER_OPEN("breaker open"),
  /** Its health probes fail, or have not passed yet. */
  UNHEALTHY("unhealthy"),
  /** Outlier detection took it out for a time; see {@link io.evenload.health.OutlierDetection}. */
  EJECTED("ejected"),
  /** It may be chosen. */
  ELIGIBLE("eligible");

  private final String words;

  EndpointState(String words) {
    this.words = words;
  }

  /** Whether traffic of this client is meant for such an endpoint, its health and gates aside. */
  boolean inService() {
    return compareTo(OUTSIDE_SUBSET) > 0;
  }

  boolean overriddenByPanic() {
    return this == UNHEALTHY || this == EJECTED;
  }

  /** The state in the words that messages use. */
  @Override
  public String toString() {
    return words;
  }
}
