package io.evenload.okhttp.internal.route;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.Server;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import okhttp3.Dns;
import org.jspecify.annotations.Nullable;

/** The ways to servers, each of which is the same object each time, so that its pool is too. */
public final class ServerRoutes {

  private static final int MOST_ROUTES = 1_000;

  private final Predicate<String> forbidden;
  private final boolean publicApiOnly;
  private final Connections connections;
  private final ConcurrentHashMap<String, ServerDns> routes = new ConcurrentHashMap<>();

  /**
   * Creates none yet.
   *
   * @param forbidden other hosts than a way's own that must not be resolved on it, so that OkHttp
   *     does not follow a redirect there
   * @param publicApiOnly whether nothing of OkHttp is used, and read, but what is public
   */
  public ServerRoutes(Predicate<String> forbidden, boolean publicApiOnly) {
    this(forbidden, publicApiOnly, null);
  }

  /**
   * Creates none yet.
   *
   * @param limits ends connections whose age is limited; null if none is
   */
  public ServerRoutes(
      Predicate<String> forbidden, boolean publicApiOnly, @Nullable AgeLimits limits) {
    this.forbidden = forbidden;
    this.publicApiOnly = publicApiOnly;
    this.connections = new Connections(limits);
  }

  /**
   * Returns the way to the server, which is the same one each time unless it must be fresh, or the
   * last one was left.
   */
  public ServerDns to(String host, Server server, Dns dns, boolean freshConnection) {
    if (freshConnection) {
      return route(host, server, dns, true);
    }
    ServerDns known = routes.get(server.id());
    if (known != null && !known.isLeft() && known.leads(host, server.host(), server.port(), dns)) {
      return known;
    }
    if (routes.size() >= MOST_ROUTES) {
      routes.clear(); // of servers that left: each is made again as it is needed
    }
    ServerDns route = route(host, server, dns, false);
    routes.put(server.id(), route);
    return route;
  }

  private ServerDns route(String host, Server server, Dns dns, boolean exclusive) {
    return DnsCalls.serverDns(host, server.host(), server.port(), dns, connections, exclusive)
        .keepFrom(forbidden)
        .withPublicApiOnly(publicApiOnly);
  }

  /** How many connections of its calls to a server are open. */
  public int openConnections(String host, Server server) {
    return connections.open(ServerDns.key(host, server.host(), server.port()));
  }

  /**
   * Returns how many more connections to a server are wanted, if so many are, on which calls may
   * begin: none if one carries many calls at once.
   */
  public int lackingConnections(String host, Server server, int wanted) {
    return connections.lacking(ServerDns.key(host, server.host(), server.port()), wanted);
  }

  /** Ends what is to be done later; the connections stay as they are. */
  public void close() {
    connections.close();
  }

  /** Lets go of what leads to the servers of a balancer once they have drained. */
  public LoadBalancerListener watch(String host, LoadBalancer balancer) {
    return connections.watch(host, balancer);
  }
}
