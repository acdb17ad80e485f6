package io.evenload.health;

import io.evenload.Server;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A server that takes connections and waits for their end. */
final class ProbeTarget implements AutoCloseable {

  private final ServerSocket listening;
  private final Semaphore ended = new Semaphore(0);

  ProbeTarget(String address) throws IOException {
    listening = new ServerSocket(0, 500, InetAddress.getByName(address));
    thread(this::accept);
  }

  /** A server on 127.0.0.1. */
  static ProbeTarget local() throws IOException {
    return new ProbeTarget("127.0.0.1");
  }

  int port() {
    return listening.getLocalPort();
  }

  Server server() {
    return Server.of(listening.getInetAddress().getHostAddress(), port());
  }

  /** Waits until a connection has come to its end. */
  boolean connectionEnded() throws InterruptedException {
    return ended.tryAcquire(20, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        thread(() -> awaitEnd(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  /** Reads until the peer closes the connection, in whatever way. */
  private void awaitEnd(Socket socket) {
    try (socket) {
      InputStream in = socket.getInputStream();
      while (in.read() >= 0) {}
    } catch (IOException e) {
      // That is an end, too.
    } finally {
      ended.release();
    }
  }

  private static void thread(Runnable work) {
    Thread thread = new Thread(work, "test target");
    thread.setDaemon(true);
    thread.start();
  }
}
