package io.evenload.benchmarks.live;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An HTTP/1.1 server; a request's path is the work, in nanoseconds: {@code /40000000}. */
public final class HttpWorkServer implements Contestant.LiveServer {

  private static final int BACKLOG = 1024;

  static {
    // Otherwise the JDK's server holds some responses back for 40 ms (Nagle's algorithm), and
    // closes what is idle.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    System.setProperty("sun.net.httpserver.maxIdleConnections", "10000");
    System.setProperty("sun.net.httpserver.idleInterval", "3600");
  }

  private final HttpServer http;
  private final ExecutorService threads = Executors.newCachedThreadPool(HttpWorkServer::thread);

  private HttpWorkServer(HttpServer http) {
    this.http = http;
  }

  /** Starts one; see {@link Contestant#serve}. */
  public static Contestant.LiveServer start(TimedQueue queue) throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    HttpWorkServer server = new HttpWorkServer(HttpServer.create(any, BACKLOG));
    server.http.setExecutor(server.threads);
    server.http.createContext("/", exchange -> server.take(exchange, queue));
    server.http.start();
    return server;
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "server");
    thread.setDaemon(true);
    return thread;
  }

  private void take(HttpExchange exchange, TimedQueue queue) {
    long work = Long.parseLong(exchange.getRequestURI().getPath().substring(1));
    queue.take(work, () -> threads.execute(() -> answer(exchange)));
  }

  private static void answer(HttpExchange exchange) {
    try (exchange) {
      exchange.getRequestBody().close();
      byte[] body = {'o', 'k'};
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    } catch (IOException e) {
      // Its caller has given up.
    }
  }

  @Override
  public int port() {
    return http.getAddress().getPort();
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
  }
}
