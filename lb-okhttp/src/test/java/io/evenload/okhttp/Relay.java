package io.evenload.okhttp;

import io.evenload.Server;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What stands between a client and a server and passes bytes on, until it drops the connections
 * that there are: nothing goes through any more, and neither side is told. New ones work.
 */
final class Relay implements AutoCloseable {

  private final int target;
  private final Signal signal;
  private final ServerSocket listening;
  private final List<Link> links = new CopyOnWriteArrayList<>();

  /** A relay to a port of this machine. */
  Relay(int target, Signal signal) throws IOException {
    this.target = target;
    this.signal = signal;
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    thread(this::accept);
  }

  /** The server, as seen through the relay. */
  Server server(String id) {
    return Server.builder(listening.getInetAddress().getHostAddress(), listening.getLocalPort())
        .id(id)
        .build();
  }

  /** Drops all connections that there are. */
  void drop() {
    links.forEach(link -> link.dropped = true);
  }

  /** The connections that there ever were. */
  int connections() {
    return links.size();
  }

  /** Those that the client has not closed. */
  long open() {
    return links.stream().filter(link -> !link.closed).count();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        Link link = new Link(client, new Socket(InetAddress.getLoopbackAddress(), target));
        links.add(link);
        thread(() -> link.pass(link.client, link.server));
        thread(() -> link.pass(link.server, link.client));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private static void thread(Runnable work) {
    Thread thread = new Thread(work, "relay");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    listening.close();
    links.forEach(Link::close);
  }

  private final class Link {
    private final Socket client;
    private final Socket server;
    private volatile boolean dropped;
    private volatile boolean closed;

    Link(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }

    void pass(Socket from, Socket to) {
      byte[] buffer = new byte[8_192];
      try {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          if (!dropped) {
            out.write(buffer, 0, n);
          }
        }
      } catch (IOException e) {
        // One of them is closed, and so is the other one now.
      }
      if (from == client || !dropped) {
        close();
      }
    }

    void close() {
      closed = true;
      signal.changed();
      for (Socket each : List.of(client, server)) {
        try {
          each.close();
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    }
  }
}
