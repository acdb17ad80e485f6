package io.evenload;

import static java.util.Objects.requireNonNull;

import io.evenload.health.OutlierDetection;
import java.time.Duration;

/**
 * What people, and servers by what they announce, decide about single servers: got by {@link
 * LoadBalancer#admin()}. Thread-safe; on a closed balancer nothing happens.
 */
public final class Administration {

  private final ControlPath control;

  Administration(ControlPath control) {
    this.control = control;
  }

  /**
   * Takes a server out for maintenance: it gets no new attempt, and those that run finish. This
   * holds until {@link #undrain}, also for a server that is not known yet or leaves the list
   * meanwhile. Takes effect before this returns, unless another thread is just bringing a change
   * into force, which then goes on with this one. {@link LoadBalancer#status()} tells what is still
   * in flight.
   *
   * @param id the {@link Server#id()}
   */
  public void drain(String id) {
    control.drain(requireNonNull(id, "id"));
  }

  /**
   * Takes a server out that announced its end to a caller, as by a response header: for so long, or
   * until it leaves the list, or {@link #undrain} is called. Nothing happens if it is not on the
   * list. Takes effect soon, on another thread, so that a request may call this.
   *
   * @param id the {@link Server#id()}
   * @param atMost after which it is taken back, within a second
   * @param reason why, in words, for status and listener
   * @throws IllegalArgumentException if the duration is not more than zero, up to 1 day
   */
  public void drain(String id, Duration atMost, String reason) {
    requireNonNull(id, "id");
    requireNonNull(reason, "reason");
    requireNonNull(atMost, "atMost");
    checkAtMost(atMost);
    control.drain(id, atMost, reason);
  }

  /**
   * Does what {@link #drain(String, Duration, String)} does for this very server: nothing happens
   * if another one, at another host or port, has its id by now. For announcements that come from
   * the server itself, as in its responses.
   *
   * @param server as of the attempt
   * @param atMost after which it is taken back, within a second
   * @param reason why, in words, for status and listener
   * @throws IllegalArgumentException if the duration is not more than zero, up to 1 day
   */
  public void drain(Server server, Duration atMost, String reason) {
    requireNonNull(server, "server");
    requireNonNull(reason, "reason");
    requireNonNull(atMost, "atMost");
    checkAtMost(atMost);
    control.ifListed(server, () -> control.drain(server.id(), atMost, reason));
  }

  /**
   * Takes note of the weight that a server reports of itself, in any unit that all servers share,
   * such as requests a second at full load. Its effective weight becomes the configured one times
   * the reported one over the median of all that are reported, a tenth to ten times, and never so
   * much that it gets twice the part of the traffic that its configured weight gives it. A server
   * without a report has its configured weight. Lock-free for a known server, so that a request may
   * call this; weights change once a second at most.
   *
   * <p>Reports count once a server has made them for 10 seconds, as in gRPC: a cold server does not
   * know yet what it can do. The 10 seconds begin anew when a server comes back that could not be
   * chosen for its own sake: drained, unhealthy, ejected, or kept out by a breaker.
   *
   * @param id the {@link Server#id()}; nothing happens if it is not on the list
   * @param weight above 0
   * @param validFor how long the report counts if no other follows
   * @throws IllegalArgumentException if the weight is not above 0 and finite, or the duration is
   *     not more than zero, up to 1 day
   */
  public void reportWeight(String id, double weight, Duration validFor) {
    requireNonNull(id, "id");
    check(weight, validFor);
    control.reportWeight(id, weight, validFor);
  }

  /**
   * Does what {@link #reportWeight(String, double, Duration)} does for this very server: nothing
   * happens if another one, at another host or port, has its id by now.
   *
   * @param server as of the attempt
   * @param weight above 0
   * @param validFor how long the report counts if no other follows
   * @throws IllegalArgumentException if the weight is not above 0 and finite, or the duration is
   *     not more than zero, up to 1 day
   */
  public void reportWeight(Server server, double weight, Duration validFor) {
    requireNonNull(server, "server");
    check(weight, validFor);
    if (control.lists(server)) {
      control.reportWeight(server.id(), weight, validFor);
    }
  }

  private static void check(double weight, Duration validFor) {
    requireNonNull(validFor, "validFor");
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("weight: " + weight + " (expected: above 0, finite)");
    }
    if (validFor.isNegative() || validFor.isZero() || validFor.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException("validFor: " + validFor + " (expected: > PT0S to PT24H)");
    }
  }

  /**
   * Takes back what {@link #drain(String)} or the server's own announcement did; nothing happens if
   * the server does not drain.
   *
   * @param id the {@link Server#id()}
   */
  public void undrain(String id) {
    control.undrain(requireNonNull(id, "id"));
  }

  /**
   * Asks for a server to be ejected, because of what a caller learned from it, such as that it is
   * overloaded. Other than {@link #drain(String, Duration, String) draining} it is the weaker word:
   * panic overrides it, and the bounds of {@link OutlierDetection} hold. Nothing happens if as many
   * servers are ejected as may be, if it is the last that may be chosen, if fewer than 3 are known,
   * if the id is not known or its server may not be chosen now, or if outlier detection is off.
   * Takes effect soon, on another thread, so that a request may call this.
   *
   * @param id the {@link Server#id()}
   * @param atMost after which it comes back, within a second; {@link
   *     OutlierDetection#maxEjectionTime()} if that is shorter. Neither jitter nor former ejections
   *     change it
   * @param reason why, in words, for status and listener
   * @throws IllegalArgumentException if the duration is not more than zero, up to 1 day
   */
  public void eject(String id, Duration atMost, String reason) {
    requireNonNull(id, "id");
    requireNonNull(atMost, "atMost");
    requireNonNull(reason, "reason");
    checkAtMost(atMost);
    control.eject(id, atMost, reason);
  }

  /**
   * Does what {@link #eject(String, Duration, String)} does for this very server: nothing happens
   * if another one, at another host or port, has its id by now.
   *
   * @param server as of the attempt
   * @param atMost after which it comes back, within a second
   * @param reason why, in words, for status and listener
   * @throws IllegalArgumentException if the duration is not more than zero, up to 1 day
   */
  public void eject(Server server, Duration atMost, String reason) {
    requireNonNull(server, "server");
    requireNonNull(atMost, "atMost");
    requireNonNull(reason, "reason");
    checkAtMost(atMost);
    control.ifListed(server, () -> control.eject(server.id(), atMost, reason));
  }

  private static void checkAtMost(Duration atMost) {
    if (atMost.isNegative() || atMost.isZero() || atMost.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException("atMost: " + atMost + " (expected: > PT0S to PT24H)");
    }
  }
}
