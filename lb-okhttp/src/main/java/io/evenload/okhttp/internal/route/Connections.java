package io.evenload.okhttp.internal.route;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.Server;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.Connection;

/** The open connections to each server, so that those to a server that drains can be let go. */
final class Connections {

  /*
   * OkHttp's pool can drop all idle connections or none, so that the sockets are closed here, one by one. That is safe
   * once the balancer says that the server is drained: nothing is in flight there and nothing will be before this event
   * is over, and all that uses these connections was started by the balancer. Unless another server of the list has the
   * same address, as when an instance comes back under a new id: then they are that one's too. The server sees the end at once; the pool
   * keeps the dead entry until its keep-alive is over, or until it looks at the connection. The references are weak, since
   * the pool drops connections without telling.
   */

  /** So many names and servers may be known without a connection. */
  static final int MANY = 256;

  private final Map<String, List<Opened>> byServer = new ConcurrentHashMap<>();

  /** A new connection leads to the server. */
  void opened(ServerDns server, Connection connection) {
    byServer.compute(
        server.label(),
        (label, known) -> {
          List<Opened> all = known == null ? new CopyOnWriteArrayList<>() : known;
          all.removeIf(reference -> reference.refersTo(null) || reference.refersTo(connection));
          all.add(new Opened(connection));
          return all;
        });
    if (byServer.size() > MANY) {
      byServer
          .keySet()
          .forEach(this::forgetIfGone); // no drain tells of names that serviceOf allows
    }
  }

  private void forgetIfGone(String label) {
    byServer.computeIfPresent(
        label, (any, all) -> all.stream().allMatch(each -> each.refersTo(null)) ? null : all);
  }

  /** How many names and servers are known, with a connection or without. */
  int size() {
    return byServer.size();
  }

  /** Whether this was not asked before of the connection; a second time if it is not known. */
  boolean isFirstLook(ServerDns server, Connection connection) {
    for (Opened each : byServer.getOrDefault(server.label(), List.of())) {
      if (each.refersTo(connection)) {
        boolean first = !each.lookedAt;
        each.lookedAt = true;
        return first;
      }
    }
    return true;
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
        if (listed.stream().anyMatch(other -> replaces(other, server))) {
          return;
        }
        List<Opened> open = byServer.remove(ServerDns.label(host, server.host(), server.port()));
        if (open != null) {
          open.forEach(Connections::close);
        }
      }
    };
  }

  private static boolean replaces(Server other, Server server) {
    return other.port() == server.port()
        && other.host().equals(server.host())
        && !other.id().equals(server.id());
  }

  @SuppressWarnings("EmptyCatch") // nobody waits for this end
  private static void close(WeakReference<Connection> reference) {
    Connection connection = reference.get();
    if (connection != null) {
      try {
        connection.socket().close();
      } catch (IOException alreadyGone) {
      }
    }
  }

  /** A connection, as long as the pool or a call holds it. */
  private static final class Opened extends WeakReference<Connection> {
    volatile boolean lookedAt; // by whoever holds it

    Opened(Connection connection) {
      super(connection);
    }
  }
}
