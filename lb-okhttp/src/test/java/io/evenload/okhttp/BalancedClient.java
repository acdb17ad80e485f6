package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import okhttp3.ConnectionPool;
import okhttp3.Headers;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** A client whose calls to {@value #HOST} are balanced, and a record of every attempt it made. */
final class BalancedClient implements AutoCloseable {

  /** The logical name: it resolves nowhere, so a call that is not balanced fails. */
  static final String HOST = "orders.test";

  /** Takes the servers in the order of the list, each once: tests then know who is next. */
  static final Chooser IN_ORDER =
      (eligible, request) -> {
        for (Endpoint endpoint : eligible) {
          if (!request.skips(endpoint)) {
            return endpoint;
          }
        }
        return eligible.get(0);
      };

  /** How one attempt ended. */
  record Ended(String server, Outcome outcome) {

    static Ended succeeded(Backend at) {
      return new Ended(at.id(), Outcome.SUCCESS);
    }

    static Ended failed(Server at) {
      return new Ended(at.id(), Outcome.FAILURE);
    }

    static Ended refused(Server at) {
      return new Ended(at.id(), Outcome.REFUSED);
    }

    static Ended timedOut(Server at) {
      return new Ended(at.id(), Outcome.TIMED_OUT);
    }

    static Ended abandoned(Server at) {
      return new Ended(at.id(), Outcome.ABANDONED);
    }

    static Ended cancelled(Server at) {
      return new Ended(at.id(), Outcome.CANCELLED);
    }
  }

  /** A response that was read to its end. */
  record Reply(int code, @Nullable String server, String body, Headers headers, Protocol protocol) {
    static Reply read(Response response) throws IOException {
      try (response) {
        return new Reply(
            response.code(),
            response.header(Backend.ID),
            response.body().string(),
            response.headers(),
            response.protocol());
      }
    }
  }

  private static final ThreadLocal<Ended> ENDED_HERE = new ThreadLocal<>();

  private final OkHttpClient http;
  private final LoadBalancer balancer;
  private final LoadBalancingInterceptor interceptor;
  private final Wire wire;
  private final RecordingCallListener calls;
  private final Queue<Ended> ended = new ConcurrentLinkedQueue<>();
  private final Signal signal;

  private BalancedClient(Builder builder) {
    signal = builder.signal;
    wire = builder.wire;
    calls = new RecordingCallListener(signal);
    LoadBalancer.Builder balancing =
        LoadBalancer.builder("orders")
            .servers(builder.servers)
            .chooser(builder.chooser)
            .leakSampling(0) // what is given back, lb-okhttp gives back
            .listener(
                new LoadBalancerListener() {
                  @Override
                  public void attemptEnded(Attempt attempt) {
                    Ended end = new Ended(attempt.server().id(), requireNonNull(attempt.outcome()));
                    ended.add(end);
                    ENDED_HERE.set(end);
                    signal.changed();
                  }
                });
    builder.balancer.accept(balancing);
    balancer = balancing.build();
    LoadBalancingInterceptor.Builder calling =
        LoadBalancingInterceptor.builder()
            .service(HOST, balancer)
            .withoutCircuitBreaker()
            .retry(Policies.immediate(3).build())
            .listener(calls);
    builder.interceptor.accept(calling);
    interceptor = calling.build();
    OkHttpClient.Builder client =
        new OkHttpClient.Builder()
            .connectionPool(new ConnectionPool(64, 5, TimeUnit.MINUTES))
            .eventListenerFactory(call -> new SignallingEventListener(signal));
    wire.configure(client);
    builder.http.accept(client);
    interceptor.install(client);
    builder.inside.accept(client);
    http = client.build();
  }

  OkHttpClient http() {
    return http;
  }

  Wire wire() {
    return wire;
  }

  LoadBalancer balancer() {
    return balancer;
  }

  LoadBalancingInterceptor interceptor() {
    return interceptor;
  }

  /** What the interceptor told its listener. */
  RecordingCallListener calls() {
    return calls;
  }

  /** Every attempt that ended, in the order of their ends. */
  List<Ended> ended() {
    return List.copyOf(ended);
  }

  /** The attempt that this thread ended last: its own, if its calls are executed, not enqueued. */
  static Ended endedHere() {
    return ENDED_HERE.get();
  }

  Request.Builder request(String path) {
    return new Request.Builder().url(wire.scheme + "://" + HOST + path);
  }

  Reply get(String path) throws IOException {
    return execute(request(path).build());
  }

  Reply post(String path, String body) throws IOException {
    return execute(request(path).post(RequestBody.create(body, null)).build());
  }

  Reply execute(Request request) throws IOException {
    return Reply.read(http.newCall(request).execute());
  }

  /** Calls each of these servers once, so that a connection is there, and forgets that it did. */
  void warmUp(Backend... backends) throws IOException {
    for (Backend backend : backends) {
      RequestContext only =
          RequestContext.create().only(server -> server.id().equals(backend.id()));
      Reply reply = execute(request("/warm-up").tag(RequestContext.class, only).build());
      if (!backend.id().equals(reply.server())) {
        throw new AssertionError("asked " + backend + ", got " + reply);
      }
    }
    ended.clear();
  }

  int inFlight() {
    return balancer.status().endpoints().stream().mapToInt(EndpointStatus::inFlight).sum();
  }

  double failureRate(Server server) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(server.id()))
        .mapToDouble(EndpointStatus::failureRate)
        .findFirst()
        .orElseThrow();
  }

  /** How many connections to a server are open. */
  int connections(Server server) {
    return requireNonNull(interceptor.connections(HOST).get(server));
  }

  int busyConnections() {
    ConnectionPool pool = http.connectionPool();
    return pool.connectionCount() - pool.idleConnectionCount();
  }

  void await(BooleanSupplier condition) {
    if (!signal.await(condition)) {
      throw new AssertionError("waited in vain; attempts: " + ended + "\n" + balancer);
    }
  }

  @Override
  public void close() {
    http.dispatcher().executorService().shutdownNow();
    http.connectionPool().evictAll();
    balancer.close();
  }

  /** Collects what differs from one test to another. */
  static final class Builder {
    private final Signal signal;
    private final Wire wire;
    private final Consumer<BalancedClient> register;
    private ServerList servers;
    private Chooser chooser = IN_ORDER;
    private Consumer<LoadBalancer.Builder> balancer = builder -> {};
    private Consumer<LoadBalancingInterceptor.Builder> interceptor = builder -> {};
    private Consumer<OkHttpClient.Builder> http = builder -> {};
    private Consumer<OkHttpClient.Builder> inside = builder -> {};

    Builder(Signal signal, Wire wire, ServerList servers, Consumer<BalancedClient> register) {
      this.signal = signal;
      this.wire = wire;
      this.servers = servers;
      this.register = register;
    }

    Builder servers(ServerList servers) {
      this.servers = servers;
      return this;
    }

    Builder chooser(Chooser chooser) {
      this.chooser = chooser;
      return this;
    }

    /** Changes the balancer: health checks, ejection. */
    Builder balancer(Consumer<LoadBalancer.Builder> change) {
      balancer = balancer.andThen(change);
      return this;
    }

    /** Changes the interceptor: retries, circuit breakers. */
    Builder balancing(Consumer<LoadBalancingInterceptor.Builder> change) {
      interceptor = interceptor.andThen(change);
      return this;
    }

    /** Changes the client before the interceptor is installed. */
    Builder http(Consumer<OkHttpClient.Builder> change) {
      http = http.andThen(change);
      return this;
    }

    /** Changes the client after the interceptor is installed, as no user should. */
    Builder inside(Consumer<OkHttpClient.Builder> change) {
      inside = inside.andThen(change);
      return this;
    }

    BalancedClient build() {
      BalancedClient client = new BalancedClient(this);
      register.accept(client);
      return client;
    }
  }
}
