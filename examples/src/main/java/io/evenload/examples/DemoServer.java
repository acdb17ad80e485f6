package io.evenload.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.evenload.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A real HTTP server on a free local port. It counts its requests, and fails when told to. */
final class DemoServer implements AutoCloseable {

  static {
    // Otherwise the JDK's server holds some responses back for 40 ms (Nagle's algorithm).
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private final HttpServer http;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Server server;
  private final int delayMillis;
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger failures = new AtomicInteger();
  private volatile boolean failing;

  DemoServer(String name, int delayMillis) throws IOException {
    this.delayMillis = delayMillis;
    InetAddress local = InetAddress.getLoopbackAddress();
    http = HttpServer.create(new InetSocketAddress(local, 0), 0);
    http.createContext("/", this::answer);
    http.setExecutor(threads);
    http.start();
    server = Server.builder(local.getHostAddress(), http.getAddress().getPort()).id(name).build();
  }

  String name() {
    return server.id();
  }

  /** What a registry would say of this server. */
  Server server() {
    return server;
  }

  /** Makes the server answer 503, or 200 again. */
  void failing(boolean failing) {
    this.failing = failing;
  }

  int requests() {
    return requests.get();
  }

  int failures() {
    return failures.get();
  }

  private void answer(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    try (exchange) {
      Thread.sleep(delayMillis); // the work
      boolean fails = failing;
      if (fails) {
        failures.incrementAndGet();
      }
      byte[] body = (name() + " answers " + exchange.getRequestURI()).getBytes(UTF_8);
      exchange.sendResponseHeaders(fails ? 503 : 200, body.length);
      exchange.getResponseBody().write(body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the server closes
    }
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
  }
}
