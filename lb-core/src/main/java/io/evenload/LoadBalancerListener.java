package io.evenload;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is told of a balancer's events. All methods do nothing by default. What a listener throws is
 * contained and logged with the balancer's name.
 */
public interface LoadBalancerListener {

  /**
   * A new list is in force. On the control path, one event at a time and in order with {@link
   * #stateChanged}.
   *
   * @param servers the list without duplicates
   */
  default void serversChanged(List<Server> servers) {}

  /**
   * The source of the list failed, and the last list stays in force. On the control path, one event
   * at a time and in order.
   *
   * @param cause what the source says
   */
  default void serversFailed(Throwable cause) {}

  /**
   * An endpoint changed its state. On the control path, one event at a time and in order.
   *
   * @param server the server as discovery described it last
   * @param from the former state; {@link EndpointState#ELIGIBLE} for a new endpoint
   * @param to the state now
   * @param reason why, in words; empty for an eligible one
   */
  default void stateChanged(Server server, EndpointState from, EndpointState to, String reason) {}

  /**
   * A server that drains has nothing in flight any more, and gets nothing as long as it drains, so
   * that it may be stopped. On the control path, one event at a time and in order with {@link
   * #stateChanged}; told once, one to two seconds after the drain began or the last attempt ended.
   *
   * @param server the server as discovery described it last
   */
  default void drained(Server server) {}

  /**
   * An attempt ended. On the thread that ended it, exactly once for each attempt, so it must be
   * lock-free and fast.
   *
   * @param server the server that was chosen
   * @param outcome how it ended
   * @param latencyNanos from the start to the response, or to the end if there was none; 0 or more
   * @param cause what was given to {@link Attempt#fail}, if anything
   */
  default void attemptEnded(
      Server server, Outcome outcome, long latencyNanos, @Nullable Throwable cause) {}
}
