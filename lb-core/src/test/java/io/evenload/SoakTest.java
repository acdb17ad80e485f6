package io.evenload;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.health.HealthCheck;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.World;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * Balancers whose lists flap, reorder, fail and come back, and whose probes hang, on virtual time:
 * nothing is left behind. The property {@code evenload.soak.days} makes it as long as one likes.
 */
final class SoakTest {

  private static final int BALANCERS = 100;
  private static final Duration TIME =
      Integer.getInteger("evenload.soak.days", 0) > 0
          ? Duration.ofDays(Integer.getInteger("evenload.soak.days", 0))
          : Duration.ofMinutes(30);

  private final World world = new World(831);
  private final Random random = new Random(831);
  private int gates;

  @Test
  void manyBalancers_forLong_leaveNothingBehind() {
    List<UpdatableServerList> lists = new ArrayList<>();
    List<LoadBalancer> balancers = new ArrayList<>();
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      for (int i = 0; i < BALANCERS; i++) {
        UpdatableServerList list = new UpdatableServerList(World.servers(5));
        lists.add(list);
        balancers.add(balancer(list));
      }
      int most = 0;
      for (long second = 0; second < TIME.toSeconds(); second += 10) {
        for (int i = 0; i < BALANCERS; i++) {
          change(lists.get(i));
          call(balancers.get(i));
        }
        world.time.advance(ofSeconds(10));
        most = Math.max(most, world.time.pending());
      }
      assertThat(most).as("timers").isLessThan(BALANCERS * 40);
      lists.forEach(list -> list.update(World.servers(5)));
      world.time.advance(Duration.ofMinutes(15));
      for (LoadBalancer balancer : balancers) {
        assertThat(balancer.status().endpoints()).hasSize(5);
        assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
      }
      balancers.forEach(LoadBalancer::close);
      world.time.runDue();
      assertThat(world.time.pending()).isZero();
      assertThat(gates).as("gates that were not closed").isZero();
      assertThat(log.messages()).noneMatch(line -> line.contains("threw"));
    }
  }

  private LoadBalancer balancer(ServerList list) {
    return world
        .time
        .drive(LoadBalancer.builder("soak"))
        .servers(list)
        .random(new SeededRandom(random.nextLong()))
        .gate(
            (server, nanoTime, changed) -> {
              gates++;
              return new CountedGate();
            })
        .healthCheck(
            HealthCheck.builder(this::probe).interval(ofSeconds(30)).maxConcurrentProbes(3).build())
        .build();
  }

  /** One in ten hangs, one in ten fails. */
  private CompletableFuture<HealthReport> probe(Server server, Duration timeout) {
    return switch (random.nextInt(10)) {
      case 0 -> new CompletableFuture<>();
      case 1 -> CompletableFuture.failedFuture(new IOException("down"));
      default -> CompletableFuture.completedFuture(HealthReport.healthy());
    };
  }

  private void change(UpdatableServerList list) {
    switch (random.nextInt(8)) {
      case 0 -> list.update(World.servers(random.nextInt(10)));
      case 1 -> {
        List<Server> shuffled = new ArrayList<>(World.servers(5));
        Collections.shuffle(shuffled, random);
        list.update(shuffled);
      }
      case 2 -> list.failed(new IOException("no route"));
      default -> list.confirmed();
    }
  }

  private void call(LoadBalancer balancer) {
    for (int i = 0; i < 3; i++) {
      try (Attempt attempt = balancer.start()) {
        if (random.nextInt(4) == 0) {
          attempt.fail(new ConnectException("refused"));
        } else {
          attempt.succeed();
        }
      } catch (NoServerAvailableException e) {
        // It may happen.
      }
    }
  }

  private final class CountedGate implements Gate {
    @Override
    public boolean open() {
      return true;
    }

    @Override
    public boolean tryAcquire() {
      return true;
    }

    @Override
    public void release(Outcome outcome, long latencyNanos) {}

    @Override
    public void close() {
      gates--;
    }
  }
}
