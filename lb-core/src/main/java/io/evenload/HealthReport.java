package io.evenload;

import static java.util.Objects.requireNonNull;

/**
 * The answer of a {@link HealthProbe}.
 *
 * @param state what the server may be used for
 * @param reason why, in words for people; empty for a healthy server
 */
public record HealthReport(State state, String reason) {

  private static final HealthReport HEALTHY = new HealthReport(State.HEALTHY, "");

  /** Checks that neither component is null. */
  public HealthReport {
    requireNonNull(state, "state");
    requireNonNull(reason, "reason");
  }

  /** The server answers as it should. */
  public static HealthReport healthy() {
    return HEALTHY;
  }

  /** The server does not answer, or not as it should. */
  public static HealthReport unhealthy(String reason) {
    return new HealthReport(State.UNHEALTHY, reason);
  }

  /** The server works, wants no new request, and finishes those that run. */
  public static HealthReport draining(String reason) {
    return new HealthReport(State.DRAINING, reason);
  }

  /** What a server may be used for. */
  public enum State {
    /** New requests may go there. */
    HEALTHY,
    /** New requests should go elsewhere, if there is an elsewhere. */
    UNHEALTHY,
    /** No new request may go there. */
    DRAINING
  }
}
