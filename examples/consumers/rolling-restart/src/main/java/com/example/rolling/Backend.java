package com.example.rolling;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** One instance of a service, which answers every request with its name. */
public interface Backend {

  /** Where it listens on 127.0.0.1. */
  int port();

  /** Ends it as a server should: what it has begun to answer it finishes, and all else is cut. */
  void stop();

  /** Starts an instance that speaks HTTP/1.1, on any port. */
  static Backend http(String name) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      ExecutorService threads = Executors.newCachedThreadPool();
      server.setExecutor(threads);
      ReadWriteLock answering = new ReentrantReadWriteLock(true);
      server.createContext(
          "/",
          exchange -> {
            byte[] body = name.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain");
            answering.readLock().lock();
            try (exchange) {
              exchange.sendResponseHeaders(200, body.length);
              exchange.getResponseBody().write(body);
            } finally {
              answering.readLock().unlock();
            }
          });
      server.start();
      return new Backend() {
        @Override
        public int port() {
          return server.getAddress().getPort();
        }

        @Override
        public void stop() {
          answering.writeLock().lock();
          try {
            server.stop(0);
          } finally {
            answering.writeLock().unlock();
          }
          threads.shutdown();
        }
      };
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
