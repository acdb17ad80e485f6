package io.evenload.examples.drill;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Executors;

/**
 * A server of the drill, which runs in a process of its own. It keeps a journal of the POSTs that
 * it got and of those that it executed, which outlives it. A line on its standard input tells it to
 * answer 500 from now on, or to be well again; it ends with that input, or by SIGTERM once it has
 * finished what it began.
 */
final class OrderServer {

  private static final int WORK_MILLIS = 10;
  private static final int GRACE_SECONDS = 1;

  private final String id;
  private final HttpServer http;
  private final OutputStream journal;
  private volatile boolean failing;
  private volatile boolean leaving;

  private OrderServer(String id, int port, Path journal) throws IOException {
    this.id = id;
    this.journal =
        Files.newOutputStream(journal, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    http = HttpServer.create(new InetSocketAddress(ServerProcess.loopback(), port), 0);
    http.createContext("/v1/items", this::item);
    http.createContext(ServerProcess.ORDERS, this::order);
    http.setExecutor(Executors.newCachedThreadPool());
  }

  /** Its id, its port and the file of its journal. */
  public static void main(String[] args) throws IOException {
    // Otherwise the JDK's server holds some responses back for 40 ms (Nagle's algorithm).
    System.setProperty("sun.net.httpserver.nodelay", "true");
    OrderServer server = new OrderServer(args[0], Integer.parseInt(args[1]), Path.of(args[2]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::leave));
    server.http.start();
    server.obey();
    System.exit(0);
  }

  private void obey() throws IOException {
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    System.out.println(ServerProcess.READY);
    for (String command = commands.readLine(); command != null; command = commands.readLine()) {
      failing = command.equals(ServerProcess.FAIL);
      System.out.println(ServerProcess.READY);
    }
  }

  private void leave() {
    leaving = true;
    http.stop(GRACE_SECONDS);
  }

  private void item(HttpExchange exchange) throws IOException {
    try (exchange) {
      answer(exchange, works() ? 200 : 500);
    }
  }

  private void order(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getRequestBody().readAllBytes();
      String path = exchange.getRequestURI().getPath();
      String order = path.substring(ServerProcess.ORDERS.length());
      note(ServerProcess.GOT, order);
      if (works()) {
        note(ServerProcess.DONE, order);
        answer(exchange, 200);
      } else {
        answer(exchange, 500);
      }
    }
  }

  private void answer(HttpExchange exchange, int status) throws IOException {
    byte[] body = id.getBytes(UTF_8);
    if (leaving) {
      exchange.getResponseHeaders().set("Connection", "close");
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  /** One write for each line: what was written is in the file, whatever happens to the process. */
  private synchronized void note(String what, String order) throws IOException {
    journal.write((what + order + "\n").getBytes(UTF_8));
  }

  /** Does the work, or fails at once; what was at work when all began to fail fails too. */
  private boolean works() {
    try {
      if (!failing) {
        Thread.sleep(WORK_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the process ends
    }
    return !failing;
  }
}
