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
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * Balancers whose lists flap, reorder, fail and come back, whose probes hang and whose listeners
 * block, on virtual time: nothing is left behind. The property {@code evenload.soak.days} makes it
 * as long as one likes; what a run has seen is the last line that it prints.
 */
final class SoakTest {

  private static final int BALANCERS = 100;
  private static final Duration TIME =
      Integer.getInteger("evenload.soak.days", 0) > 0
          ? Duration.ofDays(Integer.getInteger("evenload.soak.days", 0))
          : Duration.ofMinutes(30);

  private final World world = new World(831);
  private final Random random = new Random(831);
  private final Memory memory = new Memory();
  private final List<Told> told = new ArrayList<>();
  private int gates;
  private int blocking;
  private long lists;
  private long attempts;
  private long refused;
  private long blocks;

  @Test
  void manyBalancers_forLong_leaveNothingBehind() {
    List<UpdatableServerList> sources = new ArrayList<>();
    List<LoadBalancer> balancers = new ArrayList<>();
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      for (int i = 0; i < BALANCERS; i++) {
        UpdatableServerList list = new UpdatableServerList(World.servers(5));
        sources.add(list);
        balancers.add(balancer(list));
      }
      int most = 0;
      for (long second = 0; second < TIME.toSeconds(); second += 10) {
        for (int i = 0; i < BALANCERS; i++) {
          change(sources.get(i));
          call(balancers.get(i));
        }
        world.time.advance(ofSeconds(10));
        assertThat(log.take()).noneMatch(line -> line.contains("threw"));
        if (second == TIME.toSeconds() / 200 * 10) {
          memory.begin();
        }
        most = Math.max(most, world.time.pending());
      }
      assertThat(most).as("timers").isLessThan(BALANCERS * 40);
      sources.forEach(list -> list.update(World.servers(5)));
      world.time.advance(Duration.ofMinutes(15));
      for (LoadBalancer balancer : balancers) {
        assertThat(balancer.status().endpoints()).hasSize(5);
        assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
      }
      assertThat(told).as("told in spite of one that blocks").allMatch(Told::all);
      long events = told.stream().mapToLong(listeners -> listeners.quick).sum();
      balancers.forEach(LoadBalancer::close);
      world.time.runDue();
      assertThat(world.time.pending()).isZero();
      assertThat(gates).as("gates that were not closed").isZero();
      assertThat(log.take()).noneMatch(line -> line.contains("threw"));
      memory.settle();
      System.out.printf(
          Locale.ROOT,
          "soak: %d balancers, %s of virtual time, %,d lists, %,d attempts and %,d refusals, %,d events,"
              + " %,d times a listener blocked, %d timers at most; used memory first %d MB, last %d MB%n",
          BALANCERS,
          TIME,
          lists,
          attempts,
          refused,
          events,
          blocks,
          most,
          memory.first,
          memory.last);
      assertThat(memory.last).as("MB").isLessThan(2 * memory.first + 16);
    }
  }

  private LoadBalancer balancer(ServerList list) {
    Told listeners = new Told();
    told.add(listeners);
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
        .listener(listeners.new Blocking())
        .listener(listeners.new Quick())
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
    lists++;
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
        attempts++;
        if (random.nextInt(4) == 0) {
          attempt.fail(new ConnectException("refused"));
        } else {
          attempt.succeed();
        }
      } catch (NoServerAvailableException e) {
        refused++; // it may happen
      }
    }
  }

  /** How much both listeners of a balancer were told. */
  private final class Told {
    private long slow;
    private long quick;

    boolean all() {
      return slow == quick;
    }

    /** Takes its time now and then, in which everything else goes on. */
    private final class Blocking implements LoadBalancerListener {
      @Override
      public void stateChanged(StateChanged event) {
        slow++;
        if (blocking < 3 && random.nextInt(50) == 0) { // each is one deeper on the stack
          blocking++;
          blocks++;
          world.time.advance(ofSeconds(5));
          blocking--;
        }
      }
    }

    private final class Quick implements LoadBalancerListener {
      @Override
      public void stateChanged(StateChanged event) {
        quick++;
      }
    }
  }

  /** What the process uses, in MB, once garbage is collected. */
  private static final class Memory {
    private long first;
    private long last;

    void begin() {
      first = used();
    }

    void settle() {
      last = used();
    }

    private static long used() {
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      return (runtime.totalMemory() - runtime.freeMemory()) >> 20;
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
