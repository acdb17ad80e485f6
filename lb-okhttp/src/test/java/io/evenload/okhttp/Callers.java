package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Attempt;
import io.evenload.Gate;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Callers that each make one call after the other on virtual time, through a real balancer with the
 * breakers, the retry policy and the budget that an interceptor has by default; or for comparison
 * without any of it but the retries, at a random server. The same seed gives the same events.
 */
final class Callers {

  /** What a server does with a request. */
  @FunctionalInterface
  interface Service {

    /**
     * Returns the status of the answer, at this time since the start.
     *
     * @param server the server's place in the list
     */
    int status(int server, Duration since, RandomGenerator random);
  }

  /** What came of the calls since this was last asked. */
  record Results(int calls, int succeeded, int unsent, List<Integer> attempts) {

    double success() {
      return (double) succeeded / calls;
    }

    /** The part of all attempts that went to this server. */
    double share(int server) {
      return attempts.get(server) / (double) attempts.stream().mapToInt(n -> n).sum();
    }
  }

  private static final long MEAN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  final VirtualTime time = new VirtualTime();
  private final long started = time.getAsLong();
  private final List<Server> servers = new ArrayList<>();
  private final Map<String, Integer> places = new HashMap<>();
  private final Service service;
  private final RandomGenerator random;
  private final RetryPolicy policy = RetryPolicy.defaults();
  private final Backoff backoff;
  private final RetryBudget budget;
  private final @Nullable LoadBalancer balancer; // null: any server
  private int[] attempts;
  private int calls;
  private int succeeded;
  private int unsent;

  private Callers(
      long seed, int n, Service service, @Nullable UnaryOperator<LoadBalancer.Builder> options) {
    for (int i = 0; i < n; i++) {
      Server server = Server.of("s" + i, 80);
      servers.add(server);
      places.put(server.id(), i);
    }
    this.service = service;
    random = new SeededRandom(seed);
    backoff = new Backoff(policy, random);
    budget = new RetryBudget(policy.budgetRatio(), policy.budgetPerSecond(), time);
    attempts = new int[n];
    balancer = options == null ? null : options.apply(builder(seed)).build();
  }

  private LoadBalancer.Builder builder(long seed) {
    return time.drive(LoadBalancer.builder("orders"))
        .random(new SeededRandom(~seed))
        .servers(ServerList.of(servers))
        .gate(breakers());
  }

  /** Callers of so many servers through a balancer with all defaults but these. */
  static Callers balanced(
      long seed, int n, Service service, UnaryOperator<LoadBalancer.Builder> options) {
    return new Callers(seed, n, service, options);
  }

  /** Callers that know nothing of the servers. */
  static Callers unbalanced(long seed, int n, Service service) {
    return new Callers(seed, n, service, null);
  }

  private static Gate.Factory breakers() {
    return BreakerGate.factory(CircuitBreaker.defaults().config());
  }

  /** Lets so many more callers begin. */
  Callers begin(int callers) {
    for (int i = 0; i < callers; i++) {
      after(random.nextLong(MEAN_NANOS), this::call);
    }
    return this;
  }

  /** Lets time pass, and tells what came of the calls meanwhile. */
  Results pass(Duration duration) {
    time.advance(duration);
    List<Integer> sent = new ArrayList<>();
    for (int count : attempts) {
      sent.add(count);
    }
    Results results = new Results(calls, succeeded, unsent, sent);
    attempts = new int[servers.size()];
    calls = 0;
    succeeded = 0;
    unsent = 0;
    return results;
  }

  /** What the status says of each server, in words. */
  List<String> reasons() {
    return requireNonNull(balancer).status().endpoints().stream()
        .map(endpoint -> endpoint.reason())
        .toList();
  }

  private void call() {
    budget.request();
    new Call().attempt();
  }

  private void after(long nanos, Runnable task) {
    Future<?> unused = time.schedule(task, nanos, TimeUnit.NANOSECONDS);
  }

  private final class Call {
    private final RequestContext request = RequestContext.create();
    private int made;

    void attempt() {
      Attempt attempt = null;
      int server = random.nextInt(servers.size());
      if (balancer != null) {
        try {
          attempt = balancer.start(request);
        } catch (NoServerAvailableException e) {
          unsent++;
          end(false);
          return;
        }
        server = places.getOrDefault(attempt.server().id(), -1);
      }
      made++;
      attempts[server]++;
      Attempt running = attempt;
      int status = service.status(server, Duration.ofNanos(time.getAsLong() - started), random);
      long took = (long) (MEAN_NANOS * (1 - Math.log(1 - random.nextDouble())) / 2);
      after(took, () -> answered(running, status));
    }

    private void answered(@Nullable Attempt attempt, int status) {
      if (attempt != null && status >= 500) {
        attempt.fail(null);
      } else if (attempt != null) {
        attempt.succeed();
      }
      if (policy.retries(status) && made < policy.maxAttempts() && budget.tryRetry()) {
        after(backoff.nanos(made), this::attempt);
      } else {
        end(status < 500);
      }
    }

    private void end(boolean success) {
      calls++;
      succeeded += success ? 1 : 0;
      after(PAUSE_NANOS, Callers.this::call);
    }
  }
}
