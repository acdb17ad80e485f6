package io.evenload.okhttp.internal.route;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import javax.net.SocketFactory;
import okhttp3.Connection;
import okhttp3.Dns;
import okhttp3.Route;

/** Where a connection really leads that OkHttp made for a logical host. */
final class Destination {

  /*
   * What OkHttp made a connection with stays with it, as its route: the Dns, the address that this found, and the socket
   * factory. Our Dns tells the server, as long as the address has the name that it gave it. Our factory tells the port.
   *
   * An interceptor behind ours may have put a Dns of its own around ours, or in its place. Then only the address and the
   * port can tell. If it did so with the factory, the socket itself is asked for its port. One without a port is none of the
   * Internet's, and whoever made it knows where it leads. Where the URL's port is the server's, our factory is not needed;
   * such a connection may go to another port after a redirect, which is the server's own word.
   */

  private Destination() {}

  /**
   * Returns where it leads, which is the expected server itself if all is well.
   *
   * @param mapped whether it has to go to another port than that of its URL
   */
  static ServerDns of(Connection connection, ServerDns expected, boolean mapped) {
    Route route = connection.route();
    InetSocketAddress address = route.socketAddress();
    Dns dns = route.address().dns();
    ServerDns server = dns instanceof ServerDns made ? made : expected;
    boolean known = dns instanceof ServerDns ? server.names(address) : server.has(address);
    String host = known ? server.serverHost() : literal(address);
    return server.reached(host, port(connection, server, mapped));
  }

  private static String literal(InetSocketAddress address) {
    InetAddress found = address.getAddress();
    return found == null ? address.getHostString() : found.getHostAddress();
  }

  private static int port(Connection connection, ServerDns server, boolean mapped) {
    InetSocketAddress address = connection.route().socketAddress();
    SocketFactory sockets = connection.route().address().socketFactory();
    if (sockets instanceof ServerSocketFactory ours) {
      return ours.port(address);
    }
    if (!mapped) {
      return server.port();
    }
    int port = connection.socket().getPort();
    return port > 0 ? port : server.port();
  }
}
