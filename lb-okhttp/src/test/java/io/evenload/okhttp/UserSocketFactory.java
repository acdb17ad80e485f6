package io.evenload.okhttp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/** A user's socket factory, of which OkHttp uses one method. */
public abstract class UserSocketFactory extends SocketFactory {

  @Override
  public abstract Socket createSocket() throws IOException;

  @Override
  public final Socket createSocket(String host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public final Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
    throw new UnsupportedOperationException();
  }

  @Override
  public final Socket createSocket(InetAddress host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public final Socket createSocket(
      InetAddress host, int port, InetAddress localHost, int localPort) {
    throw new UnsupportedOperationException();
  }
}
