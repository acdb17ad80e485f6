package io.evenload;

import java.util.List;

/**
 * What is told of a balancer's events. All methods do nothing by default, and each takes one
 * object, which may come to tell more. What a listener throws is contained and logged with the
 * balancer's name.
 */
public interface LoadBalancerListener {

  /**
   * A new list is in force. On the control path, one event at a time and in order with {@link
   * #stateChanged}.
   */
  default void serversChanged(ServersChanged event) {}

  /**
   * The source of the list failed, and the last list stays in force. On the control path, one event
   * at a time and in order.
   */
  default void serversFailed(ServersFailed event) {}

  /** An endpoint changed its state. On the control path, one event at a time and in order. */
  default void stateChanged(StateChanged event) {}

  /**
   * A server that drains has nothing in flight any more, and gets nothing as long as it drains, so
   * that it may be stopped. On the control path, one event at a time and in order with {@link
   * #stateChanged}; told once, one to two seconds after the drain began or the last attempt ended.
   */
  default void drained(Drained event) {}

  /**
   * An attempt ended. On the thread that ended it, exactly once for each attempt, so it must be
   * lock-free and fast. Its slot has been given back.
   *
   * @param attempt has its {@link Attempt#outcome()}, {@link Attempt#latencyNanos()} and {@link
   *     Attempt#cause()}; what ends it again does nothing
   */
  default void attemptEnded(Attempt attempt) {}

  /** A new list is in force; immutable. */
  final class ServersChanged {
    private final List<Server> servers;

    ServersChanged(List<Server> servers) {
      this.servers = servers;
    }

    /** The list without duplicates; immutable. */
    public List<Server> servers() {
      return servers;
    }

    @Override
    public String toString() {
      return "servers changed: " + servers;
    }
  }

  /** The source of the list failed; immutable. */
  final class ServersFailed {
    private final Throwable cause;

    ServersFailed(Throwable cause) {
      this.cause = cause;
    }

    /** What the source says. */
    public Throwable cause() {
      return cause;
    }

    @Override
    public String toString() {
      return "servers failed: " + cause;
    }
  }

  /** An endpoint changed its state; immutable. */
  final class StateChanged {
    private final Server server;
    private final EndpointState from;
    private final EndpointState to;
    private final String reason;

    StateChanged(Server server, EndpointState from, EndpointState to, String reason) {
      this.server = server;
      this.from = from;
      this.to = to;
      this.reason = reason;
    }

    /** The server as discovery described it last. */
    public Server server() {
      return server;
    }

    /** The former state; {@link EndpointState#ELIGIBLE} for a new endpoint. */
    public EndpointState from() {
      return from;
    }

    /** The state now. */
    public EndpointState to() {
      return to;
    }

    /** Why, in words; empty for an eligible one. */
    public String reason() {
      return reason;
    }

    @Override
    public String toString() {
      return server.id() + ": " + from + " to " + to + (reason.isEmpty() ? "" : ", " + reason);
    }
  }

  /** A server that drains has nothing in flight any more; immutable. */
  final class Drained {
    private final Server server;

    Drained(Server server) {
      this.server = server;
    }

    /** The server as discovery described it last. */
    public Server server() {
      return server;
    }

    @Override
    public String toString() {
      return server.id() + ": drained";
    }
  }
}
