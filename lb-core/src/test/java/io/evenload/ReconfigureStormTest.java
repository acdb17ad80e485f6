package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.chooser.Choosers;
import io.evenload.health.HealthCheck;
import io.evenload.health.OutlierDetection;
import io.evenload.health.SlowStart;
import io.evenload.limit.ConcurrencyLimits;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.Race;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Threads that change all options while others start attempts. No attempt is refused, each ends
 * once, none is left in flight, and no endpoint forgets a drain or its latency.
 */
final class ReconfigureStormTest {

  private static final int CHANGES = 1_000;
  private static final int CHANGERS = 2;
  private static final int CALLERS = 3;
  private static final int MOST_RUNNING = 8;

  private final AtomicInteger changing = new AtomicInteger(CHANGERS);
  private final AtomicLong ended = new AtomicLong();
  private final AtomicLong changes = new AtomicLong();

  @Test
  void reconfigure_aThousandTimesUnderLoad_refusesNoAttemptAndLosesNoState() throws Exception {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class);
        LoadBalancer balancer =
            LoadBalancer.builder("storm")
                .servers(ServerList.of(World.servers(12)))
                .listener(new Count())
                .build()) {
      for (int i = 0; i < 12; i++) {
        String id = "s" + i;
        balancer.start(RequestContext.create().only(server -> server.id().equals(id))).succeed();
      }
      balancer.admin().drain("s11");
      List<Callable<Long>> tasks = new ArrayList<>();
      for (int i = 0; i < CHANGERS; i++) {
        long seed = i;
        tasks.add(() -> change(balancer, new SeededRandom(900 + seed)));
      }
      for (int i = 0; i < CALLERS; i++) {
        long seed = i;
        tasks.add(() -> call(balancer, new SeededRandom(910 + seed)));
      }
      List<Long> attempts = Race.run(tasks);

      long started = attempts.subList(CHANGERS, tasks.size()).stream().mapToLong(n -> n).sum();
      assertThat(changes).hasValue(CHANGES);
      assertThat(started).isGreaterThan(1_000);
      assertThat(ended).hasValue(12 + started);
      assertThat(balancer.status().endpoints())
          .hasSize(12)
          .allMatch(endpoint -> endpoint.inFlight() == 0)
          .allMatch(endpoint -> endpoint.latencyNanos() > 0);
      assertThat(state(balancer, "s11")).isEqualTo(EndpointState.DRAINING);
      assertThat(log.messages()).as("the balancer's own warnings").isEmpty();
    }
  }

  /** Options that leave every caller at least as many slots as it uses. */
  private static List<Consumer<LoadBalancer.Builder>> options(SeededRandom random) {
    return List.of(
        options -> options.chooser(Choosers.peakEwma()),
        options -> options.chooser(Choosers.boundedLoad(1.25)),
        options -> options.chooser(Choosers.roundRobin()),
        options -> options.chooser(Choosers.sticky(Choosers.maglev())),
        options -> options.panicThreshold(random.nextDouble()),
        options -> options.locality(Locality.of("z" + random.nextInt(2))),
        LoadBalancer.Builder::withoutLocality,
        options -> options.subset(Subset.builder(random.nextInt(4), 4).size(2).build()),
        LoadBalancer.Builder::withoutSubset,
        options -> options.withoutGates().gate(ConcurrencyLimits.fixed(CALLERS * MOST_RUNNING)),
        LoadBalancer.Builder::withoutGates,
        options -> options.healthCheck(healthCheck(random)),
        LoadBalancer.Builder::withoutHealthCheck,
        options -> options.outlierDetection(OutlierDetection.defaults()),
        LoadBalancer.Builder::withoutOutlierDetection,
        options -> options.slowStart(SlowStart.of(Duration.ofSeconds(1 + random.nextInt(30)))),
        LoadBalancer.Builder::slowStartAfterEjections,
        LoadBalancer.Builder::withoutSlowStart,
        options -> options.leakSampling(random.nextInt(3)));
  }

  private static HealthCheck healthCheck(SeededRandom random) {
    boolean healthy = random.nextBoolean();
    return HealthCheck.builder(
            (server, timeout) ->
                CompletableFuture.completedFuture(
                    healthy ? HealthReport.healthy() : HealthReport.unhealthy("down")))
        .interval(Duration.ofMillis(10))
        .fastInterval(Duration.ofMillis(10))
        .build();
  }

  private long change(LoadBalancer balancer, SeededRandom random) {
    List<Consumer<LoadBalancer.Builder>> options = options(random);
    for (int i = 0; i < CHANGES / CHANGERS; i++) {
      int several = 1 + random.nextInt(3);
      balancer.reconfigure(
          builder -> {
            for (int option = 0; option < several; option++) {
              options.get(random.nextInt(options.size())).accept(builder);
            }
          });
      changes.incrementAndGet();
    }
    changing.decrementAndGet();
    return 0;
  }

  private long call(LoadBalancer balancer, SeededRandom random) throws NoServerAvailableException {
    long attempts = 0;
    List<Attempt> running = new ArrayList<>();
    while (changing.get() > 0) {
      running.add(
          random.nextBoolean()
              ? balancer.start()
              : balancer.start(RequestContext.withKey("k" + random.nextInt(100))));
      attempts++;
      if (running.size() == MOST_RUNNING) {
        end(running.remove(random.nextInt(MOST_RUNNING)), random);
      }
    }
    running.forEach(attempt -> end(attempt, random));
    return attempts;
  }

  private static void end(Attempt attempt, SeededRandom random) {
    switch (random.nextInt(3)) {
      case 0 -> attempt.succeed();
      case 1 -> attempt.fail(null);
      default -> attempt.cancel();
    }
  }

  private static EndpointState state(LoadBalancer balancer, String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .map(EndpointStatus::state)
        .findFirst()
        .orElseThrow();
  }

  private final class Count implements LoadBalancerListener {
    @Override
    public void attemptEnded(Attempt attempt) {
      ended.incrementAndGet();
    }
  }
}
