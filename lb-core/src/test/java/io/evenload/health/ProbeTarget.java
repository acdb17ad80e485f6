package io.evenload.health;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.evenload.Server;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ServerSocketFactory;

/** A server whose test says what happens on each connection. */
final class ProbeTarget implements AutoCloseable {

  /** What happens on one connection, which is closed afterwards. */
  @FunctionalInterface
  interface Handler {
    void handle(Socket socket) throws Exception;
  }

  private final ServerSocket listening;
  private final Handler handler;
  private final CountDownLatch ended = new CountDownLatch(1);

  ProbeTarget(String address, ServerSocketFactory factory, Handler handler) throws IOException {
    this.listening = factory.createServerSocket(0, 500, InetAddress.getByName(address));
    this.handler = handler;
    thread(this::accept);
  }

  /** A plain server on 127.0.0.1. */
  static ProbeTarget of(Handler handler) throws IOException {
    return new ProbeTarget("127.0.0.1", ServerSocketFactory.getDefault(), handler);
  }

  /** One that reads a request and answers this, whatever it is. */
  static ProbeTarget answering(String answer) throws IOException {
    return of(
        socket -> {
          readRequest(socket);
          socket.getOutputStream().write(answer.getBytes(ISO_8859_1));
        });
  }

  int port() {
    return listening.getLocalPort();
  }

  Server server() {
    return Server.of(listening.getInetAddress().getHostAddress(), port());
  }

  /** Waits until a handler has come to its end. */
  boolean handlerEnded() throws InterruptedException {
    return ended.await(20, TimeUnit.SECONDS);
  }

  /** Reads to the end of the headers. */
  static String readRequest(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    StringBuilder text = new StringBuilder();
    while (text.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("ended after: " + text);
      }
      text.append((char) next);
    }
    return text.toString();
  }

  /** Reads until the peer closes the connection, in whatever way. */
  static void awaitEnd(Socket socket) {
    try {
      InputStream in = socket.getInputStream();
      while (in.read() >= 0) {}
    } catch (IOException e) {
      // That is an end, too.
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        thread(() -> serve(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      handler.handle(socket);
    } catch (Exception e) {
      // The peer went away.
    } finally {
      ended.countDown();
    }
  }

  private static void thread(Runnable work) {
    Thread thread = new Thread(work, "test target");
    thread.setDaemon(true);
    thread.start();
  }
}
