package io.evenload.examples.drill;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.ServerList;
import io.evenload.micrometer.CallMetrics;
import io.evenload.micrometer.LoadBalancerMetrics;
import io.evenload.okhttp.CallAttempt;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/**
 * A client of the drill, with its balancer, and the users who have it call, GET and POST in turn.
 */
final class DrillClient implements AutoCloseable {

  private static final int CONCURRENT_CALLS = 64;
  private static final long PATIENCE_SECONDS = 60;

  /**
   * What a client is, beside its servers.
   *
   * @param users how many call at once, each again 10 ms after it was answered; 0 for one call a
   *     second, whether or not those before it were answered
   * @param attemptTimeout zero, as by default, for none
   */
  record Options(String name, int users, Duration callTimeout, Duration attemptTimeout) {}

  /** A server of this client's balancer came into a state. */
  record StateChange(Instant at, String server, EndpointState state) {}

  private final Options options;
  private final LoadBalancer balancer;
  private final LoadBalancerMetrics metrics;
  private final OkHttpClient http;
  private final Queue<DrillCall> calls = new ConcurrentLinkedQueue<>();
  private final Queue<StateChange> changes = new ConcurrentLinkedQueue<>();
  private final Set<String> sent = ConcurrentHashMap.newKeySet();
  private final Set<String> drained = ConcurrentHashMap.newKeySet();
  private final AtomicInteger numbers = new AtomicInteger();
  private final CountDownLatch over = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

  DrillClient(Options options, ServerList servers, MeterRegistry registry) {
    this.options = options;
    balancer = LoadBalancer.builder(options.name()).servers(servers).listener(new States()).build();
    metrics = LoadBalancerMetrics.monitor(registry, balancer);
    LoadBalancingInterceptor.Builder balancing =
        LoadBalancingInterceptor.builder()
            .service(options.name(), balancer)
            .listener(CallMetrics.of(registry));
    if (!options.attemptTimeout().isZero()) {
      balancing.retry(RetryPolicy.builder().attemptTimeout(options.attemptTimeout()).build());
    }
    OkHttpClient.Builder client =
        new OkHttpClient.Builder()
            .callTimeout(options.callTimeout())
            .eventListener(new SentOrders());
    http = balancing.build().install(client, CONCURRENT_CALLS).build();
  }

  Options options() {
    return options;
  }

  LoadBalancer balancer() {
    return balancer;
  }

  /** What ended so far, in the order of the ends. */
  List<DrillCall> calls() {
    return List.copyOf(calls);
  }

  List<StateChange> changes() {
    return List.copyOf(changes);
  }

  /** Whether any part of the request was written to a connection, by OkHttp's own word. */
  boolean sent(String order) {
    return sent.contains(order);
  }

  /** Whether the balancer told that the server drained and has nothing in flight any more. */
  boolean toldDrained(String server) {
    return drained.contains(server);
  }

  EndpointState state(String server) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(server))
        .map(endpoint -> endpoint.state())
        .findFirst()
        .orElse(EndpointState.DRAINING); // it left, and nothing is in flight any more
  }

  /** Whether the server has given a good answer to a call that began since then. */
  boolean answeredBy(String server, Instant since) {
    return calls.stream()
        .anyMatch(
            call ->
                call.succeeded()
                    && call.lastServer().equals(server)
                    && !call.start().isBefore(since));
  }

  /** Whether the last so many calls, all of which began since then, had good answers. */
  boolean answeredSince(Instant since, int inARow) {
    int row = 0;
    for (DrillCall call : calls) {
      if (!call.start().isBefore(since)) {
        row = call.succeeded() ? row + 1 : 0;
      }
    }
    return row >= inARow;
  }

  void start() {
    if (options.users() == 0) {
      Future<?> unused =
          clock.scheduleAtFixedRate(() -> threads.execute(this::call), 0, 1, SECONDS);
    }
    for (int i = 0; i < options.users(); i++) {
      threads.execute(this::callUntilOver);
    }
  }

  private void callUntilOver() {
    try {
      do {
        call();
      } while (!over.await(10, MILLISECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  private void call() {
    int number = numbers.incrementAndGet();
    String order = number % 2 == 0 ? "" : options.name() + "-" + number;
    Request.Builder request = new Request.Builder();
    if (order.isEmpty()) {
      request.url("http://" + options.name() + "/v1/items");
    } else {
      request
          .url("http://" + options.name() + ServerProcess.ORDERS + order)
          .post(RequestBody.create("one of each", null));
    }
    calls.add(execute(request.build(), order));
  }

  private DrillCall execute(Request request, String order) {
    Instant start = Instant.now();
    List<CallAttempt> attempts = new ArrayList<>();
    try (Response response = http.newCall(request).execute()) {
      attempts.addAll(LoadBalancingInterceptor.attemptsOf(response));
      response.body().bytes();
      return new DrillCall(start, Instant.now(), order, response.code(), "", attempts);
    } catch (IOException e) {
      attempts.addAll(LoadBalancingInterceptor.attemptsOf(e));
      return new DrillCall(start, Instant.now(), order, 0, e.toString(), attempts);
    } catch (RuntimeException e) {
      return new DrillCall(start, Instant.now(), order, 0, e.toString(), attempts);
    }
  }

  /** Lets users call no more, and returns when the calls that run have ended. */
  void stop() {
    over.countDown();
    clock.shutdown();
    try {
      if (!clock.awaitTermination(PATIENCE_SECONDS, SECONDS)) {
        throw new AssertionError("calls are still begun");
      }
      threads.shutdown();
      if (!threads.awaitTermination(PATIENCE_SECONDS, SECONDS)) {
        throw new AssertionError("calls do not end");
      }
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  @Override
  public void close() {
    over.countDown();
    clock.shutdownNow();
    threads.shutdownNow();
    http.dispatcher().executorService().shutdown();
    http.connectionPool().evictAll();
    metrics.close();
    balancer.close();
  }

  private final class States implements LoadBalancerListener {
    @Override
    public void stateChanged(StateChanged event) {
      changes.add(new StateChange(Instant.now(), event.server().id(), event.to()));
    }

    @Override
    public void drained(Drained event) {
      drained.add(event.server().id());
    }
  }

  private final class SentOrders extends EventListener {
    @Override
    public void requestHeadersStart(Call call) {
      String path = call.request().url().encodedPath();
      if (path.startsWith(ServerProcess.ORDERS)) {
        sent.add(path.substring(ServerProcess.ORDERS.length()));
      }
    }
  }
}
