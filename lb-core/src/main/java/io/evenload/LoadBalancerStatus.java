package io.evenload;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a balancer knows and does at one moment, for people and tests; immutable.
 *
 * @param name the balancer's name
 * @param closed whether {@link LoadBalancer#close()} was called
 * @param panic whether so few endpoints are eligible that health is ignored, in any priority
 * @param leakedAttempts how many of the sampled attempts were never ended and became garbage
 * @param groups how the requests spread over priorities and, with a {@link Locality}, zones; those
 *     without a share are left out
 * @param endpoints every known endpoint, in the order of the list, those that left and still drain
 *     last
 * @param listAge the time since the source of the list gave it or last confirmed it; null before
 *     the first list
 * @param list where the list comes from; null if that does not matter
 * @param notices what libraries do with the calls of the balancer, a line each, such as that some
 *     are not sent; mostly none
 */
public record LoadBalancerStatus(
    String name,
    boolean closed,
    boolean panic,
    long leakedAttempts,
    List<GroupStatus> groups,
    List<EndpointStatus> endpoints,
    @Nullable Duration listAge,
    @Nullable ListStatus list,
    List<String> notices) {

  /** Copies the lists. */
  public LoadBalancerStatus {
    groups = List.copyOf(groups);
    endpoints = List.copyOf(endpoints);
    notices = List.copyOf(notices);
  }

  /** A status without notices. */
  public LoadBalancerStatus(
      String name,
      boolean closed,
      boolean panic,
      long leakedAttempts,
      List<GroupStatus> groups,
      List<EndpointStatus> endpoints,
      @Nullable Duration listAge,
      @Nullable ListStatus list) {
    this(name, closed, panic, leakedAttempts, groups, endpoints, listAge, list, List.of());
  }

  /** A status of a list whose source does not matter. */
  public LoadBalancerStatus(
      String name,
      boolean closed,
      boolean panic,
      long leakedAttempts,
      List<GroupStatus> groups,
      List<EndpointStatus> endpoints,
      @Nullable Duration listAge) {
    this(name, closed, panic, leakedAttempts, groups, endpoints, listAge, null);
  }

  /** A status before the first list, or of one whose age does not matter. */
  public LoadBalancerStatus(
      String name,
      boolean closed,
      boolean panic,
      long leakedAttempts,
      List<GroupStatus> groups,
      List<EndpointStatus> endpoints) {
    this(name, closed, panic, leakedAttempts, groups, endpoints, null, null);
  }

  /**
   * The status as text, one endpoint a line; before them notices, and the groups, if there are
   * several.
   */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(name);
    text.append(closed ? ": closed" : ": " + endpoints.size() + " known")
        .append(panic ? ", panic" : "");
    if (list != null && list.failing()) {
      text.append("\n  the list of ")
          .append(list.source())
          .append(" fails: ")
          .append(list.failure());
    }
    notices.forEach(notice -> text.append("\n  ").append(notice));
    for (GroupStatus group : groups.size() > 1 ? groups : List.<GroupStatus>of()) {
      text.append("\n  ").append(group);
    }
    for (EndpointStatus endpoint : endpoints) {
      text.append("\n  ").append(endpoint);
    }
    return text.toString();
  }

  /**
   * The source of the list. Texts are one line of 1,000 characters at most, and URLs in them have
   * neither user nor password nor query.
   *
   * @param source what the source calls itself, as by {@link Object#toString}
   * @param failing whether it failed, and has neither given nor confirmed a list since: what keeps
   *     the list up to date does not work now
   * @param failureAge the time since it failed last; null if it never did
   * @param failure what it said then; null if it never failed
   */
  public record ListStatus(
      String source, boolean failing, @Nullable Duration failureAge, @Nullable String failure) {}

  /**
   * The endpoints of one priority, or with a {@link Locality} of one zone of it.
   *
   * @param priority of the servers
   * @param zone of the servers; null for those without one, and without a locality
   * @param share the part of the requests that is meant for them, above 0 to 1
   * @param candidates how many endpoints a request may go to
   */
  public record GroupStatus(int priority, @Nullable String zone, double share, int candidates) {}

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
