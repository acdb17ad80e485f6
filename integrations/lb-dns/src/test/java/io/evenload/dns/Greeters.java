package io.evenload.dns;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Servers at 127.0.1.1 and so on, all at one port, and threads that call them by a balancer. */
final class Greeters implements AutoCloseable {

  private static final int CALLERS = 2;
  private static final long PAUSE_NANOS =
      TimeUnit.MILLISECONDS.toNanos(5); // the ports run out else

  final Queue<Exception> failures = new ConcurrentLinkedQueue<>();

  private final List<ServerSocket> sockets = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
  private volatile boolean over;

  Greeters(int count) throws IOException {
    while (sockets.size() < count) {
      int port = sockets.isEmpty() ? 0 : port();
      InetAddress address = InetAddress.getByName("127.0.1." + (sockets.size() + 1));
      try {
        sockets.add(new ServerSocket(port, 100, address));
      } catch (IOException e) { // somebody else's, there
        closeSockets();
        sockets.clear();
      }
    }
    sockets.forEach(socket -> start(() -> greet(socket)));
  }

  int port() {
    return sockets.get(0).getLocalPort();
  }

  /** Returns how many calls the server with this number, from 1, was sent. */
  int calls(int number) {
    return calls.getOrDefault("127.0.1." + number, new AtomicInteger()).get();
  }

  void forgetCalls() {
    calls.clear();
  }

  private void start(Runnable work) {
    Thread thread = new Thread(work);
    threads.add(thread);
    thread.start();
  }

  private static void greet(ServerSocket server) {
    while (!server.isClosed()) {
      try (Socket socket = server.accept()) {
        socket.getOutputStream().write('!');
      } catch (IOException e) {
        // It is closed, or the caller gave up.
      }
    }
  }

  /** Begins to call without end. */
  void callBy(LoadBalancer balancer) {
    for (int i = 0; i < CALLERS; i++) {
      start(() -> callUntilOver(balancer));
    }
  }

  private void callUntilOver(LoadBalancer balancer) {
    while (!over) {
      try {
        int greeting = balancer.call(this::call);
        if (greeting != '!') {
          throw new IOException("answered " + greeting);
        }
      } catch (Exception e) {
        failures.add(e);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private int call(Server server) throws IOException {
    calls.computeIfAbsent(server.host(), any -> new AtomicInteger()).incrementAndGet();
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(server.host(), server.port()), 10_000);
      socket.setSoTimeout(10_000);
      return socket.getInputStream().read();
    }
  }

  private void closeSockets() throws IOException {
    for (ServerSocket socket : sockets) {
      socket.close();
    }
  }

  @Override
  public void close() throws IOException {
    over = true;
    closeSockets();
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
