package io.evenload.status;

import static java.util.Objects.requireNonNull;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Serves a {@link StatusPage} at a loopback address, for people on this machine or with a tunnel to
 * it. For another address, or beside other pages, mount {@link StatusPage#handler} on an {@link
 * HttpServer} of your own.
 *
 * <p>Thread-safe. Its daemon threads, two at most, are all that a slow client can block.
 */
public final class StatusServer implements AutoCloseable {

  private static final int THREADS = 2;
  private static final int MOST_WAITING = 64;

  private final HttpServer server;
  private final ExecutorService threads;

  private StatusServer(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  /**
   * Starts to serve the page.
   *
   * @param port 0 takes any free one; {@link #uri()} tells which
   * @throws IOException if the port is taken
   * @throws IllegalArgumentException if the port is not 0 to 65535
   */
  public static StatusServer start(StatusPage page, int port) throws IOException {
    requireNonNull(page, "page");
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port: " + port + " (expected: 0 to 65535)");
    }
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            1,
            TimeUnit.MINUTES,
            new LinkedBlockingQueue<>(MOST_WAITING),
            task -> {
              Thread thread = new Thread(null, task, "evenload-status-http", 0, false);
              thread.setDaemon(true);
              thread.setContextClassLoader(null);
              return thread;
            },
            new ThreadPoolExecutor.DiscardPolicy());
    threads.allowCoreThreadTimeOut(true);
    server.setExecutor(threads);
    server.createContext("/", page.handler());
    server.start();
    return new StatusServer(server, threads);
  }

  /** Where the page is, such as {@code http://127.0.0.1:8081/} or {@code http://[::1]:8081/}. */
  public URI uri() {
    return uri(server.getAddress());
  }

  /** Returns where a server at this port of the loopback is. */
  static URI uri(InetSocketAddress loopback) {
    InetAddress address = loopback.getAddress();
    String host = address instanceof Inet6Address ? "[::1]" : address.getHostAddress();
    return URI.create("http://" + host + ":" + loopback.getPort() + "/");
  }

  /** Stops to serve, at once; the page goes on. Idempotent. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdown();
  }
}
