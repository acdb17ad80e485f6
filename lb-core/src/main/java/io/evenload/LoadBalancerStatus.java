package io.evenload;

import java.util.List;

/**
 * What a balancer knows and does at one moment, for people and tests; immutable.
 *
 * @param name the balancer's name
 * @param closed whether {@link LoadBalancer#close()} was called
 * @param panic whether so few endpoints are eligible that health is ignored, in any priority
 * @param leakedAttempts how many of the sampled attempts were never ended and became garbage
 * @param endpoints every known endpoint, in the order of the list, those that left and still drain
 *     last
 */
public record LoadBalancerStatus(
    String name,
    boolean closed,
    boolean panic,
    long leakedAttempts,
    List<EndpointStatus> endpoints) {

  /** Copies the list. */
  public LoadBalancerStatus {
    endpoints = List.copyOf(endpoints);
  }

  /** The status as text, one endpoint a line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(name);
    text.append(closed ? ": closed" : ": " + endpoints.size() + " known")
        .append(panic ? ", panic" : "");
    for (EndpointStatus endpoint : endpoints) {
      text.append("\n  ").append(endpoint);
    }
    return text.toString();
  }

  /**
   * One endpoint.
   *
   * @param server the server as discovery described it last
   * @param state whether it may be chosen
   * @param reason why it is in that state, in words; empty for an eligible one
   * @param weight the effective weight
   * @param inFlight the attempts that have begun and not ended
   * @param latencyNanos see {@link Endpoint#latencyNanos()}
   * @param failureRate see {@link Endpoint#failureRate()}
   */
  public record EndpointStatus(
      Server server,
      EndpointState state,
      String reason,
      double weight,
      int inFlight,
      double latencyNanos,
      double failureRate) {}
}
