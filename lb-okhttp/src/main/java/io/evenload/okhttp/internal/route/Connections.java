package io.evenload.okhttp.internal.route;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.Server;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import okhttp3.Connection;
import org.jspecify.annotations.Nullable;

/** The open connections to each server that an interceptor's calls have used. */
final class Connections {

  /*
   * OkHttp's pool can drop all idle connections or none, so that the sockets are closed here, one by one: those to a server
   * that has drained, and those that may be dead. The server sees the end at once; the pool keeps the dead entry until its
   * keep-alive is over, or until it looks at the connection.
   *
   * Clients that share a pool share its connections, and a drain at one balancer says nothing of another's calls. So a
   * connection is closed when no call uses it, whosever the call is (OpenConnection); what is known of it is kept where it
   * was opened, and by all whose calls have used it. It stays open if another server of the list has the same address, as
   * when an instance comes back under a new id.
   *
   * A relay on the way may drop a connection without a word. Whoever waits for an answer then hears nothing, and as nobody
   * waits until the sockets time out, the next call would wait in vain too. So an attempt that is given up before any byte
   * came leaves all connections to its server that have been as silent since it was sent: nobody is given them any more. If
   * it only lost to a hedge, the server may as well be slow, as one in twenty is: then the second such attempt decides.
   */

  /*
   * One that is to live no longer than so long is given its end when it is first used: a time drawn anew for each, so that
   * those that were opened together do not end together. Then no call begins on it, and the last one closes it.
   */

  /** So many names and servers may be known without a connection. */
  static final int MANY = 256;

  private final Map<String, List<OpenConnection>> byServer = new ConcurrentHashMap<>();
  private final BrokenAddresses broken = new BrokenAddresses();
  private final @Nullable AgeLimits limits;

  /** Creates none yet, of which none is limited in age. */
  Connections() {
    this(null);
  }

  /**
   * Creates none yet.
   *
   * @param limits ends those that are old; null if there is no such thing
   */
  Connections(@Nullable AgeLimits limits) {
    this.limits = limits;
  }

  /** The addresses of these servers where connections broke. */
  BrokenAddresses broken() {
    return broken;
  }

  /** Returns what is known of a connection to a server, which was opened for one of its calls. */
  OpenConnection of(ServerDns opener, Connection connection) {
    List<OpenConnection> all = known(opener.key());
    for (int i = 0; i < all.size(); i++) { // an iterator would be made for each call
      OpenConnection each = all.get(i);
      if (each.refersTo(connection)) {
        return each;
      }
    }
    OpenConnection opened = new OpenConnection(opener, connection);
    note(opener.key(), opened);
    return opened;
  }

  /** Takes note of a connection that an interceptor's call uses, if it is new to it. */
  void note(String key, OpenConnection connection) {
    if (known(key).contains(connection)) {
      return;
    }
    byServer.compute(
        key,
        (any, known) -> {
          List<OpenConnection> all = known == null ? new ArrayList<>() : open(known);
          all.add(connection);
          return List.copyOf(all);
        });
    if (byServer.size() > MANY) {
      forgetGone(); // no drain tells of names that serviceOf allows
    }
  }

  /** How many names and servers are known, with a connection or without. */
  int size() {
    return byServer.size();
  }

  /** An attempt that was sent then was given up, and nothing had come over its connection. */
  void silentSince(String key, long sentNanos, boolean certainly) {
    List<OpenConnection> all = known(key);
    all.forEach(each -> each.leaveIfSilentSince(sentNanos, certainly));
    for (OpenConnection each : all) {
      if (each.isLeft()) {
        each.retire();
      }
    }
  }

  /** Has a connection end when it is so old, or a little before, unless that was said before. */
  void limitAge(String key, OpenConnection connection, long mostNanos) {
    AgeLimits limits = this.limits;
    if (limits != null && connection.isFirstLimit()) {
      limits.limit(connection, mostNanos, () -> expire(key, connection, limits));
    }
  }

  private void expire(String key, OpenConnection connection, AgeLimits limits) {
    if (!connection.expire()) {
      limits.inAMoment(connection, () -> retireLeft(key));
    }
  }

  private void retireLeft(String key) {
    for (OpenConnection each : known(key)) {
      if (each.isLeft()) {
        each.retire();
      }
    }
  }

  /** How many connections to a server are open. */
  int open(String key) {
    return (int) known(key).stream().filter(OpenConnection::isOpen).count();
  }

  /** How many more to a server are wanted; none if there is one that carries many calls at once. */
  int lacking(String key, int wanted) {
    int usable = 0;
    for (OpenConnection each : known(key)) {
      if (each.isUsable()) {
        usable += each.isMultiplexed() ? wanted : 1;
      }
    }
    return Math.max(0, wanted - usable);
  }

  /** Ends what is to be done later. */
  void close() {
    if (limits != null) {
      limits.close();
    }
  }

  private List<OpenConnection> known(String key) {
    return byServer.getOrDefault(key, List.of());
  }

  /** Lets go of what leads to the servers of a balancer once they have drained. */
  LoadBalancerListener watch(String host, LoadBalancer balancer) {
    List<Server> known = new ArrayList<>();
    balancer.status().endpoints().forEach(endpoint -> known.add(endpoint.server()));
    return new LoadBalancerListener() {

      private List<Server> listed = known; // as all here, on the control path alone

      @Override
      public void serversChanged(ServersChanged event) {
        listed = event.servers();
      }

      @Override
      public void drained(Drained event) {
        Server server = event.server();
        if (listed.stream().noneMatch(other -> replaces(other, server))) {
          String key = ServerDns.key(host, server.host(), server.port());
          broken.forget(key);
          known(key).forEach(OpenConnection::retire);
        }
        forgetGone();
      }
    };
  }

  /**
   * Forgets the servers to which there are no connections, which the pool drops without telling.
   */
  private void forgetGone() {
    for (String key : byServer.keySet()) {
      byServer.computeIfPresent(
          key,
          (any, all) -> {
            List<OpenConnection> left = open(all);
            return left.isEmpty() ? null : List.copyOf(left);
          });
    }
  }

  private static List<OpenConnection> open(List<OpenConnection> known) {
    List<OpenConnection> open = new ArrayList<>(known);
    open.removeIf(each -> each.refersTo(null));
    return open;
  }

  private static boolean replaces(Server other, Server server) {
    return other.port() == server.port()
        && other.host().equals(server.host())
        && !other.id().equals(server.id());
  }
}
