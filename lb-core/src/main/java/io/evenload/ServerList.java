package io.evenload;

import static java.util.Objects.requireNonNull;

import java.util.Collection;
import java.util.List;

/**
 * A source of servers that changes over time: a static list, DNS, a registry.
 *
 * <p>An implementation calls the listener once with the current list as soon as it is known,
 * possibly from within {@link #subscribe}, and then with the whole list after every change. Updates
 * come one at a time and in order; none begins after {@link Subscription#close()} returned, save
 * one that was already on its way to the listener on another thread. A source that looks and finds
 * nothing new says so by {@link Listener#confirmed}, so that the age of the list is known. One that
 * cannot look reports {@link Listener#failed} and goes on trying. The order of a list means
 * nothing, and sources that have no order of their own sort it.
 */
@FunctionalInterface
public interface ServerList {

  /**
   * Starts the flow of lists to this listener. It does not block on the network: a source that
   * must, does so on a thread of its own.
   */
  Subscription subscribe(Listener listener);

  /** Returns a list that never changes. Later changes of the array have no effect. */
  static ServerList of(Server... servers) {
    return of(List.of(requireNonNull(servers, "servers")));
  }

  /** Returns a list that never changes. Later changes of the collection have no effect. */
  static ServerList of(Collection<Server> servers) {
    return new FixedServerList(List.copyOf(requireNonNull(servers, "servers")));
  }

  /** What receives the lists. */
  interface Listener {

    /** Takes the whole current list. An empty one means that the source knows of no server. */
    void updated(List<Server> servers);

    /**
     * Takes note that the source has looked, and that the list given last is still the whole truth.
     * By default nothing follows from it.
     */
    default void confirmed() {}

    /** Takes note that the source could not refresh; the list given last stays in force. */
    default void failed(Throwable cause) {}
  }

  /** A running subscription. */
  @FunctionalInterface
  interface Subscription {

    /** Ends the flow of lists and frees what it holds, threads included. Idempotent. */
    void close();

    /**
     * Asks the source to look again now, since the list seems to be out of date. It returns at
     * once; what is found comes the usual way. A source may put it off so as not to ask too often,
     * and one that is told of every change has nothing to do, as by default.
     */
    default void refresh() {}
  }
}
