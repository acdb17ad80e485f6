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
   * trial at a time, and another one after each second of a trial that lasts.
   */
  BREAKER_OPEN("breaker open"),
  /**
   * Its health probes fail, or none has passed yet while traffic waits for that, as with {@link
   * io.evenload.health.HealthCheck#initiallyHealthy()} false, or a gate says that it is not ready,
   * see {@link Gate#preparing()}. In the latter two cases it is neither well nor sick: it counts
   * neither for nor against its priority, panic does not override this, and it is chosen when
   * nothing else is left, after those whose probes fail.
   */
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

  /**
   * Whether it says something of the server itself, which may be another one when it comes back.
   */
  boolean ownFault() {
    return this == DRAINING || this == BREAKER_OPEN || this == UNHEALTHY || this == EJECTED;
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
