package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.evenload.testing.CapturedLog;
import io.evenload.testing.FakeGate;
import io.evenload.testing.FakeGates;
import io.evenload.testing.Race;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Gates: admission to one endpoint, before choice and at the moment of it. */
final class GateTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final World world = new World(71);
  private final UpdatableServerList list = new UpdatableServerList(World.servers("a", "b"));
  private final FakeGates gates = new FakeGates();
  private final LoadBalancer balancer = world.balancer(list).gate(gates).build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void open_false_endpointIsNotChosenUntilItOpens() throws Exception {
    gates.of("a").change(false);
    world.time.runDue();
    for (int i = 0; i < 50; i++) {
      assertThat(startedAt()).isEqualTo("b");
    }
    assertThat(state("a")).isEqualTo(EndpointState.BREAKER_OPEN);
    gates.of("a").change(true);
    world.time.runDue();

    assertThat(state("a")).isEqualTo(EndpointState.ELIGIBLE);
    assertThat(world.events.states)
        .containsExactly(
            "a: ELIGIBLE to BREAKER_OPEN (its gate is closed)", "a: BREAKER_OPEN to ELIGIBLE ()");
  }

  @Test
  void open_changesWithoutAnnouncement_isSeenWithinASecond() {
    gates.of("a").setOpen(false);
    assertThat(state("a")).isEqualTo(EndpointState.ELIGIBLE);
    world.time.advance(SECOND);

    assertThat(state("a")).isEqualTo(EndpointState.BREAKER_OPEN);
  }

  @Test
  void preparing_closed_isChosenIfNobodyElseIsThere() throws Exception {
    ReadyGates ready = new ReadyGates();
    balancer.wiring().addGate(ready);
    assertThat(state("a")).isEqualTo(EndpointState.UNHEALTHY);
    for (int i = 0; i < 10; i++) {
      balancer.start().succeed(); // as often as it likes, and not one trial at a time
    }
    ready.open("b");
    world.time.runDue();
    for (int i = 0; i < 50; i++) {
      assertThat(startedAt()).isEqualTo("b");
    }
    assertThat(balancer.status().panic()).isFalse();
    gates.of("b").change(false);
    world.time.runDue();

    assertThat(startedAt()).as("rather than one whose breaker is open").isEqualTo("a");
    assertThat(balancer.status().endpoints().get(0).reason()).isEqualTo("not ready");
  }

  @Test
  void changed_manyAnnouncements_areOneTask() {
    int before = world.time.pending();
    for (int i = 0; i < 100; i++) {
      gates.of("a").change(i % 2 == 0);
    }
    assertThat(world.time.pending()).isEqualTo(before + 1);
    world.time.runDue();
    gates.of("a").change(true);
    assertThat(world.time.pending()).as("announced again after it was read").isEqualTo(before + 1);
  }

  @Test
  void tryAcquire_halfOpen_admitsAsManyTrialsAsItHas() throws Exception {
    list.update(World.servers("a"));
    gates.of("a").permits(2);
    Attempt first = balancer.start();
    Attempt second = balancer.start();
    assertThatExceptionOfType(NoServerAvailableException.class)
        .isThrownBy(balancer::start)
        .withMessage("orders: no server available (2 known: 1 at its limit, 1 draining)");

    first.cancel();
    Attempt third = balancer.start();
    second.succeed();
    third.fail(null);
    assertThat(gates.of("a").releases)
        .containsExactly(Outcome.CANCELLED, Outcome.SUCCESS, Outcome.FAILURE);
    assertThat(gates.of("a").acquired).hasValue(3);
    assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
  }

  @Test
  void tryAcquire_eightThreads_everyAdmissionIsReleasedOnce() throws Exception {
    gates.of("a").permits(2);
    gates.of("b").permits(1);
    AtomicInteger ended = new AtomicInteger();
    Race.run(
        8,
        () -> {
          for (int i = 0; i < 3_000; i++) {
            try (Attempt attempt = balancer.start()) {
              attempt.succeed();
              ended.incrementAndGet();
            } catch (NoServerAvailableException e) {
              Thread.onSpinWait();
            }
          }
          return null;
        });

    for (String id : List.of("a", "b")) {
      assertThat(gates.of(id).releases).hasSize(gates.of(id).acquired.get());
    }
    assertThat(gates.of("a").releases.size() + gates.of("b").releases.size())
        .isEqualTo(ended.get());
    assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
  }

  @Test
  void start_allGatesClosed_oneTrialAtATimeAtEach() throws Exception {
    gates.of("a").change(false);
    gates.of("b").change(false);
    world.time.runDue();
    Attempt first = balancer.start();
    Attempt second = balancer.start();
    assertThat(List.of(first.server().id(), second.server().id()))
        .containsExactlyInAnyOrder("a", "b");
    assertThatExceptionOfType(NoServerAvailableException.class)
        .isThrownBy(balancer::start)
        .withMessage("orders: no server available (2 known: 2 breaker open)");

    first.cancel();
    try (Attempt again = balancer.start()) {
      assertThat(again.server()).isEqualTo(first.server());
    }
    second.cancel();
    assertThat(gates.of("a").releases).as("a closed gate was not asked").isEmpty();
    assertThat(gates.of("b").releases).isEmpty();
  }

  @Test
  void start_allGatesClosedAndTrialsHang_anotherOneAfterASecond() throws Exception {
    gates.of("a").change(false);
    gates.of("b").change(false);
    world.time.runDue();
    List<Attempt> hanging = new ArrayList<>(List.of(balancer.start(), balancer.start()));
    world.time.advance(Duration.ofMillis(999));
    assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(balancer::start);

    world.time.advance(Duration.ofMillis(21)); // that none takes it is remembered for 20 ms
    hanging.add(balancer.start());
    hanging.add(balancer.start());
    assertThat(hanging)
        .extracting(attempt -> attempt.server().id())
        .containsExactlyInAnyOrder("a", "a", "b", "b");
    assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(balancer::start);
    hanging.forEach(Attempt::cancel);
    assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
  }

  @Test
  void start_allGatesClosedAndEightThreads_neverTwoTrialsAtOneEndpoint() throws Exception {
    list.update(World.servers("a"));
    gates.of("a").change(false);
    world.time.runDue();
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger served = new AtomicInteger();
    Race.run(
        8,
        () -> {
          for (int i = 0; i < 3_000; i++) {
            try (Attempt attempt = balancer.start()) {
              assertThat(inside.incrementAndGet()).isEqualTo(1);
              inside.decrementAndGet();
              served.incrementAndGet();
              attempt.fail(null);
            } catch (NoServerAvailableException e) {
              Thread.onSpinWait();
            }
          }
          return null;
        });
    assertThat(served).hasPositiveValue();
  }

  @Test
  void start_duringPrepareOfAReopenedGate_isNeverWithoutServer() {
    List<String> results = new ArrayList<>();
    List<LoadBalancer> self = new ArrayList<>();
    FakeGate gate = new FakeGate();
    Chooser slow =
        new Chooser() {
          @Override
          public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
            return eligible.get(0);
          }

          @Override
          public Chooser prepare(List<Endpoint> eligible) {
            for (LoadBalancer balancer : self) { // a request that comes at this moment
              results.add(tryStart(balancer));
            }
            return this;
          }
        };
    gate.setOpen(false);
    try (LoadBalancer other =
        world.balancer(World.server("a")).chooser(slow).gate(gate.factory()).build()) {
      self.add(other);
      results.add(tryStart(other)); // a trial
      gate.change(true);
      world.time.runDue();
      results.add(tryStart(other));
    }
    assertThat(results).hasSize(3).containsOnly("a");
  }

  @Test
  void gate_throwing_isTakenForOpenAndLogged() throws Exception {
    Gate broken = new ThrowingGate();
    try (CapturedLog log = new CapturedLog(LoadBalancer.class);
        LoadBalancer other = withGates(broken)) {
      for (int i = 0; i < 5; i++) {
        other.start().succeed();
      }
      assertThat(other.status().endpoints().get(0).state()).isEqualTo(EndpointState.ELIGIBLE);
      assertThat(other.status().endpoints().get(0).inFlight()).isZero();
      assertThat(log.messages()).isNotEmpty().allMatch(m -> m.startsWith("orders: Gate."));
    }
  }

  @Test
  void gates_oneThrowsInTryAcquire_theOthersStillDecide() throws Exception {
    FakeGate limiter = new FakeGate().permits(1);
    for (List<Gate> order :
        List.of(List.of(new ThrowingGate(), limiter), List.of(limiter, new ThrowingGate()))) {
      try (LoadBalancer other = withGates(order.toArray(new Gate[0]))) {
        Attempt running = other.start();
        assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(other::start);
        running.succeed();
        assertThat(limiter.releases).last().isEqualTo(Outcome.SUCCESS);
      }
    }
  }

  @Test
  void gates_oneThrowsInOpen_aClosedOneStillDecides() {
    for (List<Gate> order :
        List.of(
            List.of(new ThrowingGate(), new FakeGate().setOpen(false)),
            List.of(new FakeGate().setOpen(false), new ThrowingGate()))) {
      try (LoadBalancer other = withGates(order.toArray(new Gate[0]))) {
        assertThat(other.status().endpoints().get(0).state()).isEqualTo(EndpointState.BREAKER_OPEN);
      }
    }
  }

  @Test
  void gates_several_areAcquiredAsAWholeOrNotAtAll() throws Exception {
    FakeGate first = new FakeGate();
    FakeGate second = new FakeGate().permits(1);
    try (LoadBalancer other = withGates(first, second)) {
      Attempt running = other.start();
      assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(other::start);
      int refusals = first.releases.size();
      assertThat(first.releases).isNotEmpty().containsOnly(Outcome.CANCELLED);
      running.succeed();

      assertThat(first.releases).hasSize(refusals + 1).last().isEqualTo(Outcome.SUCCESS);
      assertThat(first.acquired).hasValue(refusals + 1);
      assertThat(second.releases).containsExactly(Outcome.SUCCESS);
    }
  }

  @Test
  void factory_throwsOrReturnsNull_isContainedAndTheListComesIntoForce() throws Exception {
    for (boolean throwing : List.of(true, false)) {
      Gate.Factory broken =
          (server, nanoTime, changed) -> {
            if (throwing && server.id().equals("b")) {
              throw new IllegalStateException("broken factory");
            }
            return server.id().equals("b") ? null : new FakeGate();
          };
      try (CapturedLog log = new CapturedLog(LoadBalancer.class);
          LoadBalancer other =
              world.balancer(ServerList.of(World.servers("a", "b"))).gate(broken).build()) {
        assertThat(other.status().endpoints()).hasSize(2);
        assertThat(other.ready().toCompletableFuture()).isCompleted();
        other.start().cancel();
        assertThat(log.messages()).isNotEmpty();
      }
    }
  }

  @Test
  void addGate_endpointsKnownAndNew_allGetIt() {
    FakeGates more = new FakeGates();
    more.of("a").setOpen(false);
    more.of("c").setOpen(false);
    balancer.wiring().addGate(more);
    list.update(World.servers("a", "b", "c"));

    assertThat(state("a")).isEqualTo(EndpointState.BREAKER_OPEN);
    assertThat(state("b")).isEqualTo(EndpointState.ELIGIBLE);
    assertThat(state("c")).isEqualTo(EndpointState.BREAKER_OPEN);
  }

  @Test
  void close_endpointGone_closesItsGateOnce() {
    list.update(World.servers("b"));
    assertThat(gates.of("a").closes).hasValue(0);
    world.time.advance(SECOND);
    assertThat(gates.of("a").closes).hasValue(1);
    balancer.close();

    assertThat(gates.of("a").closes).hasValue(1);
    assertThat(gates.of("b").closes).hasValue(1);
  }

  private LoadBalancer withGates(Gate... given) {
    LoadBalancer.Builder builder = world.balancer(World.server("x"));
    for (Gate gate : given) {
      builder.gate((server, nanoTime, changed) -> gate);
    }
    return builder.build();
  }

  private String startedAt() throws NoServerAvailableException {
    try (Attempt attempt = balancer.start()) {
      return attempt.server().id();
    }
  }

  private static String tryStart(LoadBalancer balancer) {
    try (Attempt attempt = balancer.start()) {
      return attempt.server().id();
    } catch (NoServerAvailableException e) {
      return e.getMessage();
    }
  }

  private EndpointState state(String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .findFirst()
        .orElseThrow()
        .state();
  }

  private static final class ThrowingGate implements Gate {
    @Override
    public boolean open() {
      throw new IllegalStateException("broken gate");
    }

    @Override
    public boolean tryAcquire() {
      throw new IllegalStateException("broken gate");
    }

    @Override
    public void release(Outcome outcome, long latencyNanos) {
      throw new IllegalStateException("broken gate");
    }
  }

  /** Gates of servers that are not ready yet. */
  private static final class ReadyGates implements Gate.Factory {
    private final Set<String> ready = ConcurrentHashMap.newKeySet();
    private final List<Runnable> changes = new CopyOnWriteArrayList<>();

    void open(String id) {
      ready.add(id);
      changes.forEach(Runnable::run);
    }

    @Override
    public Gate create(Server server, LongSupplier nanoTime, Runnable changed) {
      changes.add(changed);
      return new Gate() {
        @Override
        public boolean open() {
          return ready.contains(server.id());
        }

        @Override
        public boolean preparing() {
          return true;
        }

        @Override
        public String reason() {
          return "not ready";
        }

        @Override
        public boolean tryAcquire() {
          return true;
        }

        @Override
        public void release(Outcome outcome, long latencyNanos) {}
      };
    }
  }
}
