package io.evenload.scenario;

import io.evenload.Server;
import io.evenload.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A server with a number of workers and a queue before them, first come, first served. A request
 * takes half the mean time and an exponential rest.
 */
final class SimulatedServer {

  /** How a caller sees an attempt end. */
  enum Reply {
    OK,
    ERROR,
    REFUSED,
    TIMEOUT
  }

  /** What the server does with a request. */
  enum Mode {
    UP,
    /** It answers at once, with an error. */
    FAILING,
    /** It takes requests and never answers. */
    HUNG,
    /** It refuses connections. */
    DOWN
  }

  static final int WORKERS = 32;
  static final Duration CALLERS_PATIENCE = Duration.ofSeconds(1);
  private static final Duration ROUND_TRIP = Duration.ofMillis(1);

  final Server server;
  private final VirtualTime time;
  private final RandomGenerator random;
  private final PriorityQueue<Long> workersFreeAt = new PriorityQueue<>();
  private final Set<Request> running = new LinkedHashSet<>();
  private double meanNanos;
  private Mode mode = Mode.UP;
  private @Nullable Mode probed; // what probes meet, if not the same
  private int arrivals;

  SimulatedServer(Server server, Duration mean, VirtualTime time, RandomGenerator random) {
    this.server = server;
    this.time = time;
    this.random = random;
    this.meanNanos = mean.toNanos();
    becomeIdle();
  }

  String id() {
    return server.id();
  }

  /** What a probe meets. */
  Mode probed() {
    return probed == null ? mode : probed;
  }

  /** Sets what probes meet from now on; null for what requests meet. */
  void probed(@Nullable Mode probed) {
    this.probed = probed;
  }

  /** Sets the mean time of requests that come from now on. */
  void slowDownTo(Duration mean) {
    meanNanos = mean.toNanos();
  }

  /** Changes what the server does; going down breaks what is running. */
  void become(Mode mode) {
    this.mode = mode;
    if (mode == Mode.DOWN) {
      List<Request> broken = new ArrayList<>(running);
      broken.forEach(request -> request.end(Reply.ERROR));
      becomeIdle();
    }
  }

  private void becomeIdle() {
    workersFreeAt.clear();
    for (int i = 0; i < WORKERS; i++) {
      workersFreeAt.add(time.getAsLong());
    }
  }

  int running() {
    return running.size();
  }

  /** The attempts that arrived, and were not refused, since this was last called. */
  int takeArrivals() {
    int taken = arrivals;
    arrivals = 0;
    return taken;
  }

  /** Takes a request; the reply comes later, and once. */
  void serve(Consumer<Reply> caller) {
    arrivals += mode == Mode.DOWN ? 0 : 1;
    Request request = new Request(caller);
    running.add(request);
    switch (mode) {
      case UP -> work(request);
      case FAILING -> request.endAfter(ROUND_TRIP.toNanos(), Reply.ERROR);
      case HUNG -> request.endAfter(CALLERS_PATIENCE.toNanos(), Reply.TIMEOUT);
      case DOWN -> request.endAfter(ROUND_TRIP.toNanos(), Reply.REFUSED);
    }
  }

  private void work(Request request) {
    long now = time.getAsLong();
    long begin = Math.max(now, workersFreeAt.remove());
    // StrictMath: the report must be the same on every JDK.
    double rest = -StrictMath.log(1 - random.nextDouble());
    long end = begin + (long) (meanNanos * (1 + rest) / 2);
    workersFreeAt.add(end);
    long patience = CALLERS_PATIENCE.toNanos();
    request.endAfter(
        Math.min(end - now, patience), end - now <= patience ? Reply.OK : Reply.TIMEOUT);
  }

  private final class Request {
    private final Consumer<Reply> caller;

    Request(Consumer<Reply> caller) {
      this.caller = caller;
    }

    void endAfter(long nanos, Reply reply) {
      Future<?> unused = time.schedule(() -> end(reply), nanos, TimeUnit.NANOSECONDS);
    }

    void end(Reply reply) {
      if (running.remove(this)) {
        caller.accept(reply);
      }
    }
  }
}
