package io.evenload.okhttp;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.Server;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Response;
import okio.Socket;
import org.jspecify.annotations.Nullable;

/** Ends the streams of a service whose server drains; see {@link ConnectionPolicy}. Thread-safe. */
final class StreamDrain implements LoadBalancerListener {

  /*
   * All streams of a server are known from their beginning. When it begins to drain, the first of n ends after half of an
   * n-th of the time, and each other one an n-th later: so in each tenth a tenth of them end. One that begins while its
   * server drains ends at a random moment of what is left.
   *
   * What is kept here must not keep a response alive that its caller has dropped, since only then its attempt is given
   * back. The lock is taken where a stream begins or ends, and by nobody else; nothing is ended while it is held.
   */

  private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int MANY = 64;

  private final LoadBalancer balancer;
  private final Timing timing;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Set<Stream>> running = new HashMap<>(); // by server
  private final Map<String, Long> drains = new HashMap<>(); // when they began, by server
  private boolean closed;

  StreamDrain(LoadBalancer balancer, Timing timing) {
    this.balancer = balancer;
    this.timing = timing;
  }

  /**
   * Returns a response that ends when its server drains, if it is a stream; else the response
   * itself.
   */
  Response watched(Response response, AttemptRecord attempt, ConnectionPolicy policy) {
    if (policy.drainStreamsNanos() == 0) {
      return response;
    }
    Call call = attempt.carrier().call();
    Socket socket = response.socket();
    if (socket != null && "websocket".equalsIgnoreCase(response.header("Upgrade"))) {
      var web = new DrainableWebSocket(socket, call, timing.random().nextInt());
      begin(web, attempt, policy.drainStreamsNanos());
      return response.newBuilder().socket(web).build();
    }
    if (socket == null && policy.isStream(response)) {
      var events = new DrainableBody(response.body(), call);
      begin(events, attempt, policy.drainStreamsNanos());
      return response.newBuilder().body(events).build();
    }
    return response;
  }

  private void begin(DrainableStream stream, AttemptRecord attempt, long withinNanos) {
    Server server = attempt.server();
    String key = key(server);
    Stream begun = new Stream(stream, withinNanos);
    attempt.carrier().call().addEventListener(ends(key, begun));
    boolean late = drainsSinceNanos(key) != null && drains(server);
    lock.lock();
    try {
      Set<Stream> all = running.computeIfAbsent(key, any -> new LinkedHashSet<>());
      if (all.size() % MANY == MANY - 1) {
        all.removeIf(each -> each.get() == null); // dropped without being closed
      }
      all.add(begun);
      Long since = drains.get(key);
      if (late && since != null) {
        long left = Math.max(0, since + withinNanos - now());
        schedule(key, begun, (long) (left * timing.random().nextDouble()));
      }
    } finally {
      lock.unlock();
    }
    if (attempt.carrier().isOver()) {
      ended(key, begun); // perhaps before anybody listened
    }
  }

  private EventListener ends(String key, Stream stream) {
    return new EventListener() {
      @Override
      public void callEnd(Call call) {
        ended(key, stream);
      }

      @Override
      public void callFailed(Call call, IOException failure) {
        ended(key, stream);
      }
    };
  }

  private @Nullable Long drainsSinceNanos(String key) {
    lock.lock();
    try {
      return drains.get(key);
    } finally {
      lock.unlock();
    }
  }

  private boolean drains(Server server) {
    return balancer.status().endpoints().stream()
        .anyMatch(
            endpoint ->
                endpoint.state() == EndpointState.DRAINING
                    && key(endpoint.server()).equals(key(server)));
  }

  private void ended(String key, Stream stream) {
    lock.lock();
    try {
      stream.cancel();
      Set<Stream> all = running.get(key);
      if (all != null && all.remove(stream) && all.isEmpty()) {
        running.remove(key);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void stateChanged(StateChanged event) {
    boolean did = event.from() == EndpointState.DRAINING;
    boolean does = event.to() == EndpointState.DRAINING;
    String key = key(event.server());
    if (does && !did) {
      drain(key);
    } else if (did && !does) {
      stay(key);
    }
  }

  @Override
  public void drained(Drained event) {
    stay(key(event.server()));
  }

  private void drain(String key) {
    lock.lock();
    try {
      drains.put(key, now());
      List<Stream> all = new ArrayList<>(running.getOrDefault(key, Set.of()));
      all.removeIf(stream -> stream.get() == null);
      for (int i = 0; i < all.size(); i++) {
        Stream stream = all.get(i);
        schedule(key, stream, (long) (stream.withinNanos * ((i + 0.5) / all.size())));
      }
    } finally {
      lock.unlock();
    }
  }

  /** The server drains no more, or has nothing left to drain. */
  private void stay(String key) {
    lock.lock();
    try {
      drains.remove(key);
      running.getOrDefault(key, Set.of()).forEach(Stream::stay);
    } finally {
      lock.unlock();
    }
  }

  /** Leaves the streams that run as they are. */
  void close() {
    lock.lock();
    try {
      closed = true;
      running.values().forEach(all -> all.forEach(Stream::cancel));
    } finally {
      lock.unlock();
    }
  }

  private void schedule(String key, Stream stream, long nanos) {
    if (!closed && !stream.ending) {
      stream.cancel();
      stream.due =
          timing
              .timer()
              .schedule(() -> Timing.aside(() -> end(key, stream)), nanos, TimeUnit.NANOSECONDS);
    }
  }

  private void end(String key, Stream stream) {
    DrainableStream ending = stream.get();
    lock.lock();
    try {
      if (ending == null
          || closed
          || stream.ending
          || !running.getOrDefault(key, Set.of()).contains(stream)) {
        return;
      }
      stream.ending = true;
      stream.due =
          timing
              .timer()
              .schedule(() -> Timing.aside(stream::cut), GRACE_NANOS, TimeUnit.NANOSECONDS);
    } finally {
      lock.unlock();
    }
    ending.end();
  }

  private long now() {
    return timing.nanoTime().getAsLong();
  }

  private static String key(Server server) {
    return server.id() + "@" + server.host() + ":" + server.port();
  }

  /** What is known of a stream, which its reader holds. Its end is guarded by the lock. */
  private static final class Stream extends WeakReference<DrainableStream> {

    final long withinNanos;
    @Nullable Future<?> due;
    boolean ending; // it was told to end, and is cut when it is due

    Stream(DrainableStream stream, long withinNanos) {
      super(stream);
      this.withinNanos = withinNanos;
    }

    /** It goes on, unless it was told to end. */
    void stay() {
      if (!ending) {
        cancel();
      }
    }

    void cancel() {
      if (due != null) {
        due.cancel(false);
        due = null;
      }
    }

    void cut() {
      DrainableStream stream = get();
      if (stream != null) {
        stream.cut();
      }
    }
  }
}
