package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.chooser.Choosers;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.FakeGate;
import io.evenload.testing.Race;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Threads that choose while the control path changes everything it can. */
final class UpdateStormTest {

  private static final int CHANGES = 10_000;
  private static final int CHOOSERS = 4;
  private static final int IDS = 12;

  static List<Chooser> choosers() {
    return List.of(
        Choosers.roundRobin(),
        Choosers.random(),
        Choosers.leastLoaded(),
        Choosers.powerOfTwoChoices(),
        Choosers.peakEwma(),
        Choosers.shortestExpectedDelay(),
        Choosers.sticky(Choosers.rendezvous()));
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void start_listChangesTenThousandTimes_everyAttemptIsAtAServerOfAListInForce(Chooser chooser)
      throws Exception {
    rage(new Storm(chooser, false));
  }

  @Test
  void start_serversMoveBetweenZonesPrioritiesAndSubsets_everyAttemptIsAtAServerOfAListInForce()
      throws Exception {
    rage(new Storm(Choosers.powerOfTwoChoices(), true));
  }

  private static void rage(Storm storm) throws Exception {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      rageOn(storm);
      assertThat(log.messages()).isEmpty();
    }
  }

  private static void rageOn(Storm storm) throws Exception {
    List<Callable<Long>> tasks = new ArrayList<>();
    tasks.add(storm::update);
    for (int i = 0; i < CHOOSERS; i++) {
      long seed = i;
      tasks.add(() -> storm.choose(new SeededRandom(seed)));
    }
    long attempts =
        Race.run(tasks).subList(1, tasks.size()).stream().mapToLong(Long::longValue).sum();
    storm.balancer.close();

    assertThat(attempts).isGreaterThan(1_000);
    assertThat(storm.ended).hasValue(attempts);
    assertThat(storm.seen).isNotEmpty().allMatch(endpoint -> endpoint.inFlight() == 0);
    assertThat(storm.identities.values())
        .as("s0 never leaves, s1 returns while it still drains")
        .allMatch(endpoints -> endpoints.size() == 1);
  }

  /** A list that one thread changes, and the lists that were in force at any time. */
  private static final class Storm {
    final UpdatableServerList list = new UpdatableServerList(World.servers("s0", "s1"));
    final AtomicReferenceArray<Set<String>> published = new AtomicReferenceArray<>(CHANGES + 1);
    final AtomicInteger begun = new AtomicInteger(); // the change that may be in force already
    final AtomicInteger done = new AtomicInteger(); // the change that is in force for certain
    final AtomicBoolean over = new AtomicBoolean();
    final AtomicLong ended = new AtomicLong();
    final Set<Endpoint> seen = ConcurrentHashMap.newKeySet();
    final Map<String, Set<Endpoint>> identities = new ConcurrentHashMap<>();
    final AtomicBoolean anchorCounted = new AtomicBoolean(); // by the first thread that chooses
    final VirtualTime time = new VirtualTime();
    final boolean moving; // from zone to zone, and in and out of the subset
    final LoadBalancer balancer;

    Storm(Chooser chooser, boolean moving) {
      this.moving = moving;
      identities.put("s0", ConcurrentHashMap.newKeySet());
      identities.put("s1", ConcurrentHashMap.newKeySet());
      published.set(0, Set.of("s0", "s1"));
      LoadBalancer.Builder builder =
          LoadBalancer.builder("storm")
              .servers(list)
              .chooser(new Spy(chooser, this))
              .random(new SeededRandom(77))
              .nanoTime(time)
              .scheduler(time)
              .listener(new Count(ended));
      if (moving) {
        builder.locality(Locality.of("z0")).subset(Subset.builder(0, 4).size(2).build());
      }
      balancer = builder.build();
    }

    long update() {
      SeededRandom random = new SeededRandom(78);
      // Keeps s1 draining while it is away, so that it must come back as the same endpoint.
      Attempt anchor = startAt("s1");
      for (int change = 1; change <= CHANGES; change++) {
        Map<String, Server> next = new TreeMap<>();
        next.put("s0", server("s0", 1 + random.nextInt(5), random));
        for (int id = 1; id < IDS; id++) {
          if (random.nextInt(3) > 0) {
            next.put("s" + id, server("s" + id, random.nextInt(4), random));
          }
        }
        published.set(change, Set.copyOf(next.keySet()));
        begun.set(change);
        list.update(next.values());
        done.set(change);
        if (moving && change % 7 == 0) {
          balancer.reconfigure(
              options -> options.subset(Subset.builder(random.nextInt(4), 4).size(2).build()));
          balancer.reconfigure(options -> options.locality(Locality.of("z" + random.nextInt(3))));
        }
        if (change % 50 == 0) {
          time.advance(Duration.ofSeconds(1)); // drained endpoints go
        }
      }
      over.set(true);
      anchor.cancel();
      return 0;
    }

    private Server server(String id, int weight, SeededRandom random) {
      Server.Builder server = Server.builder(id, 80).id(id).weight(weight);
      if (moving && random.nextInt(4) > 0) {
        server.zone("z" + random.nextInt(3)).priority(random.nextInt(2));
      }
      return server.build();
    }

    private Attempt startAt(String id) {
      try {
        return balancer.start(RequestContext.create().only(s -> s.id().equals(id)));
      } catch (NoServerAvailableException e) {
        throw new AssertionError(e);
      }
    }

    long choose(SeededRandom random) throws NoServerAvailableException {
      long attempts = anchorCounted.compareAndSet(false, true) ? 1 : 0;
      List<Attempt> running = new ArrayList<>();
      while (!over.get()) {
        int from = done.get();
        Attempt attempt =
            random.nextBoolean() ? balancer.start() : balancer.start(RequestContext.create());
        int to = begun.get();
        attempts++;
        assertThat(listed(attempt.server().id(), from, to))
            .as("%s in a list from %d to %d", attempt.server().id(), from, to)
            .isTrue();
        running.add(attempt);
        if (running.size() > 8) {
          end(running.remove(random.nextInt(running.size())), random);
        }
      }
      running.forEach(attempt -> end(attempt, random));
      return attempts;
    }

    private boolean listed(String id, int from, int to) {
      for (int change = from; change <= to; change++) {
        if (published.get(change).contains(id)) {
          return true;
        }
      }
      return false;
    }

    private static void end(Attempt attempt, SeededRandom random) {
      switch (random.nextInt(3)) {
        case 0 -> attempt.succeed();
        case 1 -> attempt.fail(null);
        default -> attempt.close();
      }
    }

    void see(List<Endpoint> endpoints) {
      seen.addAll(endpoints);
      for (Endpoint endpoint : endpoints) {
        Set<Endpoint> same = identities.get(endpoint.server().id());
        if (same != null) {
          same.add(endpoint);
        }
      }
    }
  }

  private static final class Count implements LoadBalancerListener {
    private final AtomicLong ended;

    Count(AtomicLong ended) {
      this.ended = ended;
    }

    @Override
    public void attemptEnded(Attempt attempt) {
      ended.incrementAndGet();
    }
  }

  /** Shows the endpoints to the storm, and asserts what the engine promises to a chooser. */
  private record Spy(Chooser chooser, Storm storm, List<Endpoint> prepared) implements Chooser {
    Spy(Chooser chooser, Storm storm) {
      this(chooser, storm, List.of());
    }

    @Override
    public Chooser bind(Environment environment) {
      return new Spy(chooser.bind(environment), storm, List.of());
    }

    @Override
    public Chooser prepare(List<Endpoint> eligible) {
      storm.see(eligible);
      return new Spy(chooser.prepare(eligible), storm, eligible);
    }

    @Override
    @SuppressWarnings("ReferenceEquality")
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      if (eligible != prepared) {
        storm.identities.put("another list was given to choose", Set.of());
      }
      return chooser.choose(eligible, request);
    }
  }

  @Test
  void start_onlyGateTogglesAllTheTime_alwaysFindsItsServer() throws Exception {
    FakeGate gate = new FakeGate();
    AtomicBoolean over = new AtomicBoolean();
    ScheduledExecutorService direct = new DirectScheduler();
    try (LoadBalancer balancer =
        LoadBalancer.builder("toggle")
            .servers(ServerList.of(World.servers("a")))
            .gate(gate.factory())
            .scheduler(direct)
            .build()) {
      Race.run(
          List.of(
              () -> {
                for (int i = 0; i < 100_000; i++) {
                  gate.change(i % 2 == 0);
                }
                over.set(true);
                return null;
              },
              () -> {
                while (!over
                    .get()) { // the only caller: a trial is free whenever the gate is closed
                  balancer.start().succeed();
                }
                return null;
              }));
      assertThat(balancer.status().endpoints().get(0).inFlight()).isZero();
    } finally {
      direct.shutdown();
    }
  }

  @Test
  void start_serversAreReplacedOneByOne_alwaysFindsOne() throws Exception {
    UpdatableServerList list = new UpdatableServerList(World.servers("a", "b"));
    AtomicBoolean over = new AtomicBoolean();
    try (LoadBalancer balancer =
        LoadBalancer.builder("replace").servers(list).chooser(Choosers.random()).build()) {
      Callable<Void> caller =
          () -> {
            while (!over.get()) {
              balancer.start().succeed();
            }
            return null;
          };
      Callable<Void> updater =
          () -> {
            for (int i = 0; i < 30_000; i++) {
              list.update(World.servers(i % 2 == 0 ? "a" : "b"));
            }
            over.set(true);
            return null;
          };
      Race.run(List.of(updater, caller, caller, caller));
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
    }
  }
}
