package io.evenload.okhttp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.evenload.Server;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP/1.1 server whose test handles each connection by hand, down to how it breaks. */
final class RawBackend implements AutoCloseable {

  /** What happens on one connection; the socket is closed afterwards. */
  @FunctionalInterface
  interface Handler {
    void handle(Connection connection) throws IOException;
  }

  private final String id;
  private final ServerSocket listening;
  private final Handler handler;
  private final Signal signal;
  private final AtomicInteger connections = new AtomicInteger();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  RawBackend(String id, Signal signal, Handler handler) throws IOException {
    this.id = id;
    this.signal = signal;
    this.handler = handler;
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    thread("accept", this::accept);
  }

  Server server() {
    return Server.builder(listening.getInetAddress().getHostAddress(), listening.getLocalPort())
        .id(id)
        .build();
  }

  int connections() {
    return connections.get();
  }

  /** The request lines that were read. */
  List<String> requests() {
    return requests;
  }

  boolean noConnectionOpen() {
    return open.isEmpty();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        open.add(socket);
        connections.incrementAndGet();
        thread("connection", () -> serve(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      handler.handle(new Connection(socket));
    } catch (IOException e) {
      // The client went first, or close() did: what the test asserts is on the client's side.
      signal.changed();
    } finally {
      open.remove(socket);
      signal.changed();
    }
  }

  private void thread(String name, Runnable work) {
    Thread thread = new Thread(work, id + " " + name);
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : open) {
      socket.close();
    }
  }

  /** One accepted connection. */
  final class Connection {
    private final Socket socket;
    private final InputStream in;
    private int requestsRead;

    private Connection(Socket socket) throws IOException {
      this.socket = socket;
      this.in = new BufferedInputStream(socket.getInputStream());
    }

    /** Reads one request, its body included if it has a length; false if the client closed. */
    boolean readRequest() throws IOException {
      int length = readHead();
      if (length < 0) {
        return false;
      }
      in.skipNBytes(length);
      return true;
    }

    /** Reads a request up to the blank line; returns the length of its body, -1 if none came. */
    int readHead() throws IOException {
      String line = readLine();
      if (line.isEmpty()) {
        return -1;
      }
      requests.add(line);
      requestsRead++;
      signal.changed();
      int length = 0;
      for (String header = readLine(); !header.isEmpty(); header = readLine()) {
        if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
          length = Integer.parseInt(header.substring(15).trim());
        }
      }
      return length;
    }

    /** How many requests came over this connection. */
    int requestsRead() {
      return requestsRead;
    }

    /** Answers with a status such as {@code 200 OK} and the id as the body. */
    void respond(String status, String... headers) throws IOException {
      StringBuilder text = new StringBuilder("HTTP/1.1 ").append(status).append("\r\n");
      text.append(Backend.ID).append(": ").append(id).append("\r\n");
      for (String header : headers) {
        text.append(header).append("\r\n");
      }
      text.append("Content-Length: ").append(id.length()).append("\r\n\r\n").append(id);
      socket.getOutputStream().write(text.toString().getBytes(ISO_8859_1));
      socket.getOutputStream().flush();
    }

    /** Sends these bytes, whatever they are, as one piece. */
    void send(byte[] bytes, int from, int to) throws IOException {
      socket.setTcpNoDelay(true);
      socket.getOutputStream().write(bytes, from, to - from);
    }

    /** What the client sends, for a test that reads it by hand. */
    InputStream in() {
      return in;
    }

    /** Closes with a TCP reset. */
    void reset() throws IOException {
      socket.setSoLinger(true, 0);
      socket.close();
    }

    /** Blocks until the client closes its end. */
    void awaitClientClose() throws IOException {
      in.transferTo(OutputStream.nullOutputStream());
    }

    private String readLine() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
        if (c != '\r') {
          line.append((char) c);
        }
      }
      return line.toString();
    }
  }
}
