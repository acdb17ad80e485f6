package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.health.OutlierDetection;
import io.evenload.testing.Race;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Threads whose attempts fail while ejections are computed and the list grows and shrinks. */
final class OutlierStormTest {

  private static final int CHANGES = 5_000;
  private static final int CALLERS = 3;
  private static final int IDS = 30;
  private static final int FAILING = 8;

  private final VirtualTime time = new VirtualTime();
  private final UpdatableServerList list = new UpdatableServerList(World.servers(IDS));
  private final AtomicBoolean over = new AtomicBoolean();

  @Test
  void takeCounts_whileOutcomesArrive_losesAndDoublesNone() throws Exception {
    LiveEndpoint endpoint =
        new LiveEndpoint(
            new BalancerContext("storm", time, new SeededRandom(1)), World.server("a"));
    int outcomes = 300_000;
    AtomicInteger running = new AtomicInteger(CALLERS);
    AtomicLong successes = new AtomicLong();
    AtomicLong failures = new AtomicLong();
    List<Callable<Void>> tasks = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      tasks.add(
          () -> {
            for (int outcome = 0; outcome < outcomes; outcome++) {
              int streak = endpoint.count(outcome % 3 == 0);
              assertThat(streak).isBetween(0, 2 * CALLERS);
            }
            running.decrementAndGet();
            return null;
          });
    }
    tasks.add(
        () -> {
          boolean last;
          do {
            last = running.get() == 0;
            long tally = endpoint.takeCounts();
            successes.addAndGet(Tally.successes(tally));
            failures.addAndGet(Tally.failures(tally));
          } while (!last);
          return null;
        });
    Race.run(tasks);

    assertThat(successes).hasValue((long) CALLERS * outcomes / 3);
    assertThat(failures).hasValue((long) CALLERS * outcomes / 3 * 2);
  }

  /**
   * The cap holds at each ejection for the list that is in force, none is ejected that is ejected,
   * and each ejection counts once towards the length of the next.
   */
  @Test
  void ejections_whileOutcomesAndListsArrive_keepTheCapAndAreSingle() throws Exception {
    Watcher watcher = new Watcher();
    try (LoadBalancer balancer =
        LoadBalancer.builder("storm")
            .servers(list)
            .nanoTime(time)
            .scheduler(time)
            .random(new SeededRandom(131))
            .listener(watcher)
            .outlierDetection(
                OutlierDetection.builder()
                    .jitter(0)
                    .baseEjectionTime(Duration.ofSeconds(1))
                    .maxEjectionTime(Duration.ofDays(1))
                    .interval(Duration.ofDays(1)) // so nothing is lived down
                    .build())
            .build()) {
      watcher.balancer = balancer;
      List<Callable<Void>> tasks = new ArrayList<>();
      tasks.add(this::change);
      for (int i = 0; i < CALLERS; i++) {
        tasks.add(() -> call(balancer));
      }
      Race.run(tasks);
    }

    assertThat(watcher.broken).isEmpty();
    assertThat(watcher.ejections).hasValueGreaterThan(100);
    assertThat(watcher.attempts).hasPositiveValue();
  }

  private Void change() {
    SeededRandom random = new SeededRandom(132);
    for (int change = 0; change < CHANGES; change++) {
      int size = random.nextInt(4) == 0 ? 1 + random.nextInt(IDS) : IDS;
      list.update(World.servers(size));
      time.advance(Duration.ofMillis(random.nextInt(400)));
    }
    over.set(true);
    return null;
  }

  private Void call(LoadBalancer balancer) throws NoServerAvailableException {
    while (!over.get()) {
      Attempt attempt = balancer.start();
      if (Integer.parseInt(attempt.server().id().substring(1)) < FAILING) {
        attempt.fail(null);
      } else {
        attempt.succeed();
      }
    }
    return null;
  }

  /** Told on the control path, so what it reads of the status is of the same moment. */
  private static final class Watcher implements LoadBalancerListener {
    final List<String> broken = Collections.synchronizedList(new ArrayList<>());
    final AtomicInteger ejections = new AtomicInteger();
    final AtomicLong attempts = new AtomicLong();
    final Map<String, Integer> times = new HashMap<>();
    volatile LoadBalancer balancer = LoadBalancer.of("not yet");

    @Override
    public void attemptEnded(Attempt attempt) {
      attempts.incrementAndGet();
    }

    @Override
    public void stateChanged(StateChanged event) {
      if (event.to() == EndpointState.EJECTED && event.from() == EndpointState.ELIGIBLE) {
        ejections.incrementAndGet();
        checkCap(event.server());
        int count = times.merge(event.server().id(), 1, Integer::sum);
        if (event.server().id().equals("s0") && !event.reason().endsWith(", for " + count + " s")) {
          broken.add("ejection " + count + " of s0, which never leaves: " + event.reason());
        }
      }
    }

    private void checkCap(Server server) {
      int known = 0;
      int ejected = 0;
      int eligible = 0;
      for (EndpointStatus endpoint : balancer.status().endpoints()) {
        EndpointState state = endpoint.state();
        known += state == EndpointState.DRAINING ? 0 : 1;
        ejected += state == EndpointState.EJECTED ? 1 : 0;
        eligible += state == EndpointState.ELIGIBLE ? 1 : 0;
      }
      if (known < 3 || eligible < 1 || ejected > Math.max(1, known / 10)) {
        broken.add(server.id() + " is ejected: " + ejected + " of " + known);
      }
    }
  }
}
