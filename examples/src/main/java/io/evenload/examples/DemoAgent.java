package io.evenload.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * As much of a Consul agent as an example needs, over HTTP on a free local port: instances of one
 * service register and deregister, and who asks for them by a blocking query is answered when
 * something changes. It knows no checks: whoever is registered passes.
 */
final class DemoAgent implements AutoCloseable {

  private static final String API = "/v1/agent/service/";
  private static final Pattern ID = Pattern.compile("\"ID\":\"([^\"]+)\"");
  private static final Pattern INDEX = Pattern.compile("(?:^|&)index=([0-9]{1,18})");
  private static final Pattern WAIT = Pattern.compile("(?:^|&)wait=([0-9]{1,9})ms");

  private final HttpServer http;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  // Guarded by this: the instances as they registered, by id, and the number of the last change.
  private final Map<String, String> instances = new TreeMap<>();
  private long index = 1;

  DemoAgent() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.createContext(API, this::change);
    http.createContext("/v1/health/service/", this::tell);
    http.setExecutor(threads);
    http.start();
  }

  String url() {
    return "http://127.0.0.1:" + http.getAddress().getPort();
  }

  private void change(HttpExchange exchange) throws IOException {
    try (exchange) {
      String what = exchange.getRequestURI().getPath().substring(API.length());
      String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      synchronized (this) {
        Matcher id = ID.matcher(body);
        if (what.equals("register") && id.find()) {
          instances.put(id.group(1), body);
        } else {
          instances.remove(what.substring(what.indexOf('/') + 1));
        }
        index++;
        notifyAll();
      }
      exchange.sendResponseHeaders(200, -1);
    }
  }

  private void tell(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body;
      synchronized (this) {
        awaitChange(String.valueOf(exchange.getRequestURI().getQuery()));
        body = health().getBytes(UTF_8);
        exchange.getResponseHeaders().set("X-Consul-Index", Long.toString(index));
      }
      exchange.getResponseHeaders().set("X-Consul-KnownLeader", "true");
      exchange.getResponseHeaders().set("X-Consul-LastContact", "0");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the agent closes
    }
  }

  /** A blocking query has the index that its client has seen, and how long it wants to wait. */
  private void awaitChange(String query) throws InterruptedException {
    Matcher seen = INDEX.matcher(query);
    Matcher wait = WAIT.matcher(query);
    if (!seen.find() || !wait.find()) {
      return;
    }
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Long.parseLong(wait.group(1)));
    long rest = end - System.nanoTime();
    while (index == Long.parseLong(seen.group(1)) && rest > 0) {
      TimeUnit.NANOSECONDS.timedWait(this, rest);
      rest = end - System.nanoTime();
    }
  }

  private String health() {
    return instances.values().stream()
        .map(
            each ->
                "{\"Node\":{\"Node\":\"demo\",\"Address\":\"127.0.0.1\"},\"Service\":"
                    + each
                    + ",\"Checks\":[]}")
        .collect(joining(",", "[", "]"));
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
  }
}
