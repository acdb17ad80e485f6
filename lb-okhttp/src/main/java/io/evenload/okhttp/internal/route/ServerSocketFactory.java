package io.evenload.okhttp.internal.route;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import javax.net.SocketFactory;

/**
 * Makes the client's own sockets, which connect to the server's port where OkHttp would take the
 * URL's. Addresses of other hosts keep their port.
 */
final class ServerSocketFactory extends SocketFactory {

  private final SocketFactory delegate;
  private final ServerDns server;

  ServerSocketFactory(SocketFactory delegate, ServerDns server) {
    this.delegate = delegate;
    this.server = server;
  }

  SocketFactory delegate() {
    return delegate;
  }

  /** What OkHttp calls: an unconnected socket. */
  @Override
  public Socket createSocket() throws IOException {
    return new MappedSocket(delegate.createSocket(), this);
  }

  SocketAddress map(SocketAddress address) {
    return address instanceof InetSocketAddress internet
            && !internet.isUnresolved()
            && server.names(internet)
        ? new InetSocketAddress(internet.getAddress(), server.port())
        : address;
  }

  /** Returns the port that a socket connects to if it is to connect to this address. */
  int port(InetSocketAddress address) {
    return server.names(address) ? server.port() : address.getPort();
  }

  // OkHttp calls none of these. They would connect to a port that is not the server's, so they
  // refuse.

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    throw refusal();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort)
      throws IOException {
    throw refusal();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    throw refusal();
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort)
      throws IOException {
    throw refusal();
  }

  private IOException refusal() {
    return new IOException(
        server + ": OkHttp asks for a connected socket (expected: an unconnected one)");
  }
}
