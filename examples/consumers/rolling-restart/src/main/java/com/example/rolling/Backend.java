package com.example.rolling;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** One instance of a service, which answers every request with its name. */
public interface Backend {

  /** Where it listens on 127.0.0.1. */
  int port();

  /** Ends it, and what it is answering at this moment with it. */
  void stop();

  /** Starts an instance that speaks HTTP/1.1, on any port. */
  static Backend http(String name) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      ExecutorService threads = Executors.newCachedThreadPool();
      server.setExecutor(threads);
      server.createContext(
          "/",
          exchange -> {
            byte[] body = name.getBytes();
            exchange.getResponseHeaders().set("Content-Type", "text/plain");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
      server.start();
      return new Backend() {
        @Override
        public int port() {
          return server.getAddress().getPort();
        }

        @Override
        public void stop() {
          server.stop(0);
          threads.shutdown();
        }
      };
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
