package io.evenload.okhttp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * The TLS of a server that speaks version 1.2 and no other; counts the handshakes it was asked for.
 */
final class Tls12 extends SSLSocketFactory {

  private final SSLSocketFactory delegate = Wire.held(Wire.LOGICAL).sslSocketFactory();
  private final AtomicInteger handshakes = new AtomicInteger();

  int handshakes() {
    return handshakes.get();
  }

  @Override
  public Socket createSocket(Socket socket, String host, int port, boolean autoClose)
      throws IOException {
    handshakes.incrementAndGet();
    SSLSocket tls = (SSLSocket) delegate.createSocket(socket, host, port, autoClose);
    tls.setEnabledProtocols(new String[] {"TLSv1.2"});
    return tls;
  }

  @Override
  public String[] getDefaultCipherSuites() {
    return delegate.getDefaultCipherSuites();
  }

  @Override
  public String[] getSupportedCipherSuites() {
    return delegate.getSupportedCipherSuites();
  }

  @Override
  public Socket createSocket(String host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(
      InetAddress address, int port, InetAddress localAddress, int localPort) {
    throw new UnsupportedOperationException();
  }
}
