package io.evenload.testing.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import org.jspecify.annotations.Nullable;

/**
 * A scripted server at a port of its own on this machine; {@link Backends} starts it. It answers
 * with the replies of {@link #next}, each once, and after them with those of {@link #always}, which
 * at first is {@link Reply#ok()}. Thread-safe.
 */
public final class Backend {

  private static final long PORT_NANOS = 2_000_000_000L;

  private final String id;
  private final Consumer<MockWebServer> configure;
  private final Server server;
  private final Queue<Reply> script = new ArrayDeque<>(); // as all below guarded by it
  private final List<RecordedRequest> requests = new ArrayList<>();
  private List<Reply> always = List.of(Reply.ok());
  private int turn;
  private @Nullable MockWebServer web;
  private @Nullable Socket refusing;
  private boolean closed;

  Backend(String id, Consumer<MockWebServer> configure) {
    this.id = requireNonNull(id, "id");
    this.configure = requireNonNull(configure, "configure");
    MockWebServer first = listen(0);
    web = first;
    server =
        Server.builder(first.getSocketAddress().getAddress().getHostAddress(), first.getPort())
            .id(id)
            .build();
  }

  /** The id of its {@link #server()}, and what is in the body of its responses. */
  public String id() {
    return id;
  }

  /** What discovery would say of it. */
  public Server server() {
    return server;
  }

  /** The port, which is any free one, and the same for as long as the backend lives. */
  public int port() {
    return server.port();
  }

  /** Scripts the replies to the next requests, after those that are scripted already. */
  public Backend next(Reply... replies) {
    List<Reply> added = List.of(replies);
    synchronized (script) {
      script.addAll(added);
    }
    return this;
  }

  /**
   * Sets what is answered when the script is at its end.
   *
   * @param more for a server that flaps: each request gets the next of all these replies in turn,
   *     and after the last the first again
   */
  public Backend always(Reply reply, Reply... more) {
    List<Reply> replies = new ArrayList<>(List.of(more));
    replies.add(0, requireNonNull(reply, "reply"));
    synchronized (script) {
      always = List.copyOf(replies);
      turn = 0;
    }
    return this;
  }

  /**
   * Stops the server: its connections break, and its port refuses new ones. The port stays taken,
   * so that nobody else gets it. Nothing happens if it was stopped.
   */
  public Backend stop() {
    MockWebServer running;
    synchronized (script) {
      running = web;
      web = null;
    }
    if (running != null) {
      running.close();
      Socket bound = bind(port());
      synchronized (script) {
        refusing = bound;
      }
    }
    return this;
  }

  /**
   * Starts the server again, at the same port, with its script and counts as they were. Nothing
   * happens if it runs.
   */
  public Backend restart() {
    synchronized (script) {
      if (closed) {
        throw new IllegalStateException(id + ": closed after its test");
      }
      if (refusing != null) {
        close(refusing);
        refusing = null;
        web = listen(port());
      }
    }
    return this;
  }

  /** How many requests arrived, those among them that got no answer. */
  public int requestCount() {
    synchronized (script) {
      return requests.size();
    }
  }

  /** The requests that arrived, in that order. */
  public List<RecordedRequest> requests() {
    synchronized (script) {
      return List.copyOf(requests);
    }
  }

  /** Forgets the requests so far, and the replies that were scripted and not asked for. */
  public Backend forget() {
    synchronized (script) {
      script.clear();
      requests.clear();
      turn = 0;
    }
    return this;
  }

  void close() {
    MockWebServer running;
    synchronized (script) {
      closed = true;
      running = web;
      web = null;
      if (refusing != null) {
        close(refusing);
        refusing = null;
      }
    }
    if (running != null) {
      running.close();
    }
  }

  private MockWebServer listen(int port) {
    MockWebServer starting = new MockWebServer();
    starting.setServerSocketFactory(new ResettingSockets());
    starting.setDispatcher(new Script());
    configure.accept(starting);
    try {
      starting.start(InetAddress.getLoopbackAddress(), port);
    } catch (IOException e) {
      throw new UncheckedIOException(id + ": cannot listen", e);
    }
    return starting;
  }

  /**
   * Takes the port without listening at it, so that whoever connects is refused. A listening socket
   * that was closed may hold it until the thread that waited for connections has noticed.
   */
  private Socket bind(int port) {
    long start = System.nanoTime();
    while (true) {
      try {
        Socket bound = new Socket();
        bound.setReuseAddress(true); // connections that just broke may linger
        bound.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return bound;
      } catch (IOException e) {
        if (System.nanoTime() - start > PORT_NANOS) {
          throw new UncheckedIOException(id + ": cannot keep its port", e);
        }
        LockSupport.parkNanos(1_000_000);
      }
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The id. */
  @Override
  public String toString() {
    return id;
  }

  private final class Script extends Dispatcher {
    @Override
    public MockResponse dispatch(RecordedRequest request) {
      synchronized (script) {
        requests.add(request);
        Reply scripted = script.poll();
        Reply reply = scripted != null ? scripted : always.get(turn++ % always.size());
        return reply.from(id);
      }
    }

    /** What is done to a request before it was read. */
    @Override
    public MockResponse peek() {
      synchronized (script) {
        Reply scripted = script.peek();
        return (scripted != null ? scripted : always.get(turn % always.size())).from(id);
      }
    }
  }
}
