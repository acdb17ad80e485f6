package io.evenload.consul;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.jspecify.annotations.Nullable;

/** An agent that knows one service: the wire format and the waiting of the real one. */
final class StubAgent implements AutoCloseable {

  private MockWebServer server = new MockWebServer();
  private final List<RecordedRequest> requests = new CopyOnWriteArrayList<>();
  private volatile Function<RecordedRequest, @Nullable MockResponse> script = request -> null;

  @GuardedBy("this")
  private String entries = "[]";

  @GuardedBy("this")
  private long index = 1;

  @GuardedBy("this")
  private boolean closed;

  private volatile boolean waits = true;
  private volatile String lastContact = "0";
  private volatile String knownLeader = "true";

  StubAgent() throws IOException {
    start(freePort());
  }

  /** One that is given by number can be used again at once. */
  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private void start(int port) throws IOException {
    synchronized (this) {
      closed = false;
    }
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) throws InterruptedException {
            requests.add(request);
            MockResponse scripted = script.apply(request);
            return scripted == null ? answer(request) : scripted;
          }
        });
    server.start(port);
  }

  String url() {
    return "http://127.0.0.1:" + server.getPort();
  }

  int kill() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    int port = server.getPort();
    server.close();
    return port;
  }

  void restart(int port) throws IOException {
    server = new MockWebServer();
    start(port);
  }

  /** Answers requests this way, those excepted for which the script returns null. */
  void script(Function<RecordedRequest, @Nullable MockResponse> script) {
    this.script = script;
  }

  /** What is known from now on, with the index that this has. */
  synchronized void set(long index, String... entries) {
    this.index = index;
    this.entries = "[" + String.join(",", entries) + "]";
    notifyAll();
  }

  synchronized void raiseIndex() {
    index++;
    notifyAll();
  }

  /** Queries are answered at once. */
  void neverWait() {
    waits = false;
  }

  /** What answers of any agent but the leader say of their age. */
  void followers(String lastContact, String knownLeader) {
    this.lastContact = lastContact;
    this.knownLeader = knownLeader;
  }

  List<RecordedRequest> requests() {
    return requests;
  }

  private synchronized MockResponse answer(RecordedRequest request) throws InterruptedException {
    String from = request.getUrl().queryParameter("index");
    String wait = request.getUrl().queryParameter("wait");
    if (from != null && wait != null && waits) {
      long millis = Long.parseLong(wait.substring(0, wait.length() - 2));
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
      long rest = millis;
      long begun = index;
      while (index <= Long.parseLong(from) && index == begun && rest > 0 && !closed) {
        wait(rest);
        rest = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      }
    }
    boolean stale = request.getUrl().queryParameterNames().contains("stale");
    return new MockResponse.Builder()
        .setHeader("Content-Type", "application/json")
        .setHeader("X-Consul-Index", index)
        .setHeader("X-Consul-KnownLeader", stale ? knownLeader : "true")
        .setHeader("X-Consul-LastContact", stale ? lastContact : "0")
        .body(entries)
        .build();
  }

  @Override
  public void close() {
    kill();
  }
}
