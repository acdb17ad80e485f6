package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.HealthReport;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.health.HealthCheck;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Clients that do all at the same time, on virtual time: each has a real balancer with the breakers
 * and retries that an interceptor has by default, is told the same list at the same moment, and
 * begins its calls at the same moments as all others.
 */
final class Fleet implements AutoCloseable {

  private static final long MEAN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long REFUSAL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final VirtualTime time = new VirtualTime();
  private final long started = time.getAsLong();
  private final RandomGenerator random = new SplittableRandom(4711);
  private final UpdatableServerList list = new UpdatableServerList();
  private final List<Client> clients = new ArrayList<>();
  private final BitSet down = new BitSet();
  private final List<int[]> attempts = new ArrayList<>(); // by second and server
  private final List<int[]> probes = new ArrayList<>();
  private final int most;
  private int listed;
  private long callEveryNanos;

  /**
   * Starts the clients.
   *
   * @param most servers that there ever are
   * @param probed whether the clients probe the servers
   */
  Fleet(int size, int servers, int most, boolean probed, UnaryOperator<LoadBalancer.Builder> with) {
    this.most = most;
    list(servers);
    for (int i = 0; i < size; i++) {
      clients.add(new Client(i, probed, with));
    }
  }

  /** All clients make so many calls a second, at the same moments, from now on. */
  void call(int perSecond) {
    callEveryNanos = TimeUnit.SECONDS.toNanos(1) / perSecond;
    callNow();
  }

  private void callNow() {
    clients.forEach(Client::call);
    after(callEveryNanos, this::callNow);
  }

  /** From now on there are so many servers. */
  void list(int servers) {
    listed = servers;
    List<Server> now = new ArrayList<>();
    for (int i = 0; i < servers; i++) {
      now.add(Server.builder("s" + i, 80).id("s" + i).build());
    }
    list.update(now);
  }

  /** The first so many servers refuse connections, and have lost those that they had. */
  void down(int servers) {
    down.clear();
    down.set(0, servers);
    for (Client client : clients) {
      for (int i = 0; i < servers; i++) {
        client.connections[i] = 0;
        client.idle[i] = 0;
      }
    }
  }

  void run(int seconds) {
    time.advance(Duration.ofSeconds(seconds));
  }

  /** The whole seconds that are over. */
  int second() {
    return (int) TimeUnit.NANOSECONDS.toSeconds(time.getAsLong() - started);
  }

  /**
   * The most attempts that a server got in any of these seconds, relative to an even share of all
   * attempts of the second among so many servers.
   */
  double peak(int from, int until, int servers) {
    return peak(attempts.subList(from, until), servers);
  }

  /** The same of probes, among those that are listed. */
  double probePeak(int from) {
    return peak(probes.subList(from, second()), listed);
  }

  private static double peak(List<int[]> seconds, int servers) {
    double peak = 0;
    for (int[] second : seconds) {
      int largest = IntStream.of(second).max().orElse(0);
      peak = Math.max(peak, (double) largest * servers / Math.max(1, sum(second)));
    }
    return peak;
  }

  /** The probes of a second. */
  int probes(int second) {
    return sum(probes.get(second));
  }

  /** Probes in the second from then on that had most, relative to the mean of all. */
  double probeRush(int from) {
    IntSummaryStatistics all =
        IntStream.range(from, second()).map(this::probes).summaryStatistics();
    return all.getMax() / all.getAverage();
  }

  /** The most connections that a server has, relative to an even share of all. */
  double connections() {
    int[] open = new int[listed];
    for (Client client : clients) {
      for (int i = 0; i < listed; i++) {
        open[i] += client.connections[i];
      }
    }
    return peak(List.of(open), listed);
  }

  private static int sum(int[] counts) {
    return IntStream.of(counts).sum();
  }

  private void after(long nanos, Runnable task) {
    Future<?> unused = time.schedule(task, nanos, TimeUnit.NANOSECONDS);
  }

  private void count(List<int[]> seconds, int server) {
    while (seconds.size() <= second()) {
      seconds.add(new int[most]);
    }
    seconds.get(second())[server]++;
  }

  private static int place(Server server) {
    return Integer.parseInt(server.host().substring(1));
  }

  @Override
  public void close() {
    clients.forEach(client -> client.balancer.close());
  }

  private final class Client {
    private final LoadBalancer balancer;
    private final int[] connections = new int[most];
    private final int[] idle = new int[most];
    private final RetryPolicy policy = RetryPolicy.defaults();
    private final Backoff backoff;
    private final RetryBudget budget;

    Client(int number, boolean probed, UnaryOperator<LoadBalancer.Builder> with) {
      backoff = new Backoff(policy, new SplittableRandom(number));
      budget = new RetryBudget(policy.budgetRatio(), policy.budgetPerSecond(), time);
      LoadBalancer.Builder builder =
          time.drive(LoadBalancer.builder("orders"))
              .random(new SeededRandom(number * 7919L))
              .servers(list)
              .leakSampling(0)
              .gate(BreakerGate.factory(CircuitBreaker.defaults().config()));
      if (probed) {
        builder.healthCheck(HealthCheck.of((server, timeout) -> probe(server)));
      }
      balancer = with.apply(builder).build();
    }

    private CompletableFuture<HealthReport> probe(Server server) {
      count(probes, place(server));
      return CompletableFuture.completedFuture(
          down.get(place(server)) ? HealthReport.unhealthy("refused") : HealthReport.healthy());
    }

    void call() {
      budget.request();
      attempt(RequestContext.create(), 1);
    }

    private void attempt(RequestContext request, int made) {
      Attempt attempt;
      try {
        attempt = balancer.start(request);
      } catch (NoServerAvailableException e) {
        return; // the call failed
      }
      int server = place(attempt.server());
      count(attempts, server);
      boolean refused = down.get(server);
      if (refused || idle[server] == 0) {
        connections[server] += refused ? 0 : 1;
      } else {
        idle[server]--;
      }
      long nanos =
          refused ? REFUSAL_NANOS : (long) (-Math.log(1 - random.nextDouble()) * MEAN_NANOS);
      after(nanos, () -> end(attempt, request, made, server, refused));
    }

    private void end(Attempt attempt, RequestContext request, int made, int server, boolean bad) {
      attempt.end(bad ? Outcome.REFUSED : Outcome.SUCCESS, null);
      if (bad) {
        if (made < policy.maxAttempts() && budget.tryRetry()) {
          after(backoff.nanos(made), () -> attempt(request, made + 1));
        }
      } else if (idle[server] < connections[server]) {
        idle[server]++;
      }
    }
  }
}
