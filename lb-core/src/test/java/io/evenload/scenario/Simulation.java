package io.evenload.scenario;

import io.evenload.Attempt;
import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import java.net.ConnectException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * Simulated servers behind real balancers, and callers that do not wait for one another: calls come
 * at random (Poisson) at a given rate, whatever becomes of those before. All events happen on
 * virtual time, one after another; the same seed gives the same events. Callers, servers and
 * balancers draw from sources of their own, so that a balancer that chooses otherwise meets the
 * same calls.
 */
final class Simulation {

  final VirtualTime time = new VirtualTime();
  final Map<String, SimulatedServer> servers = new LinkedHashMap<>();
  private final Measurements measurements = new Measurements();
  private final long startNanos = time.getAsLong();
  private final long seed;
  private final SeededRandom callersRandom;
  private final SeededRandom balancersRandom;

  Simulation(long seed) {
    this.seed = seed;
    callersRandom = new SeededRandom(seed);
    balancersRandom = new SeededRandom(~seed);
  }

  /** Adds servers {@code s0} to {@code s<n-1>} with this mean time of a request. */
  Simulation servers(int n, Duration mean) {
    for (int i = 0; i < n; i++) {
      server(Server.builder("s" + i, 80).id("s" + i).build(), mean);
    }
    return this;
  }

  Simulation server(Server server, Duration mean) {
    SeededRandom random = new SeededRandom(seed ^ (servers.size() + 1L) << 32);
    servers.put(server.id(), new SimulatedServer(server, mean, time, random));
    return this;
  }

  SimulatedServer server(String id) {
    SimulatedServer server = servers.get(id);
    if (server == null) {
      throw new IllegalArgumentException("no server " + id);
    }
    return server;
  }

  /** The descriptions of all servers, as discovery has them. */
  List<Server> listed() {
    return servers.values().stream().map(simulated -> simulated.server).toList();
  }

  /** A probe that meets what is set with {@link SimulatedServer#probed}. */
  HealthProbe probe() {
    return (server, timeout) ->
        switch (server(server.id()).probed()) {
          case UP -> CompletableFuture.completedFuture(HealthReport.healthy());
          case FAILING -> CompletableFuture.completedFuture(HealthReport.unhealthy("503"));
          case DOWN -> CompletableFuture.failedFuture(new ConnectException("refused"));
          case HUNG -> new CompletableFuture<>();
        };
  }

  /** Returns a balancer that lives in this simulation. */
  LoadBalancer balancer(ServerList list, UnaryOperator<LoadBalancer.Builder> options) {
    LoadBalancer.Builder builder =
        LoadBalancer.builder("orders")
            .servers(list)
            .nanoTime(time)
            .random(balancersRandom)
            .scheduler(time)
            .leakSampling(0);
    return options.apply(builder).build();
  }

  /**
   * Begins to call through a balancer, for ever.
   *
   * @param attempts how often a call is tried in all; the next attempt follows at once
   */
  void call(LoadBalancer balancer, double callsPerSecond, int attempts) {
    long gap = (long) (-StrictMath.log(1 - callersRandom.nextDouble()) * 1e9 / callsPerSecond);
    schedule(
        gap,
        () -> {
          call(balancer, callsPerSecond, attempts);
          new Call(balancer, attempts).attempt();
        });
  }

  /** Runs a task once, so long from now. */
  void after(Duration delay, Runnable task) {
    schedule(delay.toNanos(), task);
  }

  private void schedule(long nanos, Runnable task) {
    Future<?> unused = time.schedule(task, nanos, TimeUnit.NANOSECONDS);
  }

  /** What became of the calls since this was last called. */
  Measurements takeMeasurements() {
    return measurements.take();
  }

  Duration elapsed() {
    return Duration.ofNanos(time.getAsLong() - startNanos);
  }

  /** One call: attempts at one server after the other, until one succeeds or none is left. */
  private final class Call {
    private final LoadBalancer balancer;
    private final RequestContext request = RequestContext.create();
    private final long started = time.getAsLong();
    private int attemptsLeft;

    Call(LoadBalancer balancer, int attempts) {
      this.balancer = balancer;
      this.attemptsLeft = attempts;
      measurements.calls++;
    }

    void attempt() {
      attemptsLeft--;
      try {
        Attempt attempt = balancer.start(request);
        server(attempt.server().id()).serve(reply -> replied(attempt, reply));
      } catch (NoServerAvailableException e) {
        measurements.failed++;
      }
    }

    private void replied(Attempt attempt, SimulatedServer.Reply reply) {
      if (reply == SimulatedServer.Reply.OK) {
        attempt.succeed();
        measurements.succeeded(time.getAsLong() - started);
        return;
      }
      attempt.fail(null);
      if (attemptsLeft > 0) {
        measurements.retries++;
        attempt();
      } else {
        measurements.failed++;
      }
    }
  }
}
