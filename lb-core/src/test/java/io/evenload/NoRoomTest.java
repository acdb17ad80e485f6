package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.evenload.limit.ConcurrencyLimits;
import io.evenload.testing.FakeGates;
import io.evenload.testing.Race;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where every endpoint refuses, attempts are refused cheaply, and none that there is room for. */
final class NoRoomTest {

  private static final int MANY = 200;
  private static final int FEW_ASKED = 40; // 16 and four at random, for each two limits

  private final World world = new World(77);
  private final UpdatableServerList list = new UpdatableServerList(World.servers(MANY));

  /** What keeps an endpoint to two attempts at once. */
  private enum Limit {
    CHOOSER,
    GATE,
    BOTH
  }

  @Test
  void start_everyEndpointAtItsLimit_asksFewOfThem() throws Exception {
    Limited chooser = new Limited(1);
    try (LoadBalancer balancer = world.balancer(list).chooser(chooser).build()) {
      List<Attempt> running = fill(balancer, MANY);
      assertRefused(balancer);
      chooser.asked.set(0);
      for (int i = 0; i < 100; i++) {
        assertRefused(balancer);
      }
      assertThat(chooser.asked.get()).isLessThanOrEqualTo(100 * FEW_ASKED);

      running.get(7).succeed();
      assertThat(balancer.start().server()).isEqualTo(running.get(7).server());
      assertRefused(balancer);
    }
  }

  @Test
  void start_everyGateFull_asksNone() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    Gate.Factory counting =
        (server, nanoTime, changed) ->
            new CountingGate(ConcurrencyLimits.fixed(1).create(server, nanoTime, changed), asked);
    try (LoadBalancer balancer = world.balancer(list).gate(counting).build()) {
      List<Attempt> running = fill(balancer, MANY);
      assertRefused(balancer);
      asked.set(0);
      for (int i = 0; i < 100; i++) {
        assertRefused(balancer);
      }
      assertThat(asked).hasValue(0);

      running.get(7).succeed();
      assertThat(balancer.start().server()).isEqualTo(running.get(7).server());
    }
  }

  @Test
  void start_everyTrialRuns_isRefusedUntilOneEnds() throws Exception {
    FakeGates gates = new FakeGates();
    for (int i = 0; i < MANY; i++) {
      gates.of("s" + i).setOpen(false);
    }
    try (LoadBalancer balancer = world.balancer(list).gate(gates).build()) {
      List<Attempt> trials = fill(balancer, MANY);
      assertRefused(balancer);
      trials.get(7).succeed();
      assertThat(balancer.start().server()).isEqualTo(trials.get(7).server());
      assertRefused(balancer);

      gates.of("s9").change(true);
      world.time.runDue();
      assertThat(balancer.start().server().id()).isEqualTo("s9");
    }
  }

  @Test
  void start_gateAdmitsAgainWithoutAWord_isFound() throws Exception {
    FakeGates gates = new FakeGates();
    try (LoadBalancer balancer = world.balancer(list).gate(gates).build()) {
      for (int i = 0; i < MANY; i++) {
        gates.of("s" + i).permits(0);
      }
      assertRefused(balancer);
      assertRefused(balancer);
      gates.of("s7").permits(1);

      assertThat(balancer.start().server().id()).isEqualTo("s7");
    }
  }

  @Test
  void start_limitRisesWithoutAWord_isSeen() throws Exception {
    Limited chooser = new Limited(1);
    list.update(World.servers(16));
    try (LoadBalancer balancer = world.balancer(list).chooser(chooser).build()) {
      List<Attempt> running = fill(balancer, 16);
      chooser.raised = running.get(3).server().id();
      assertThat(balancer.start().server().id()).isEqualTo(chooser.raised);

      list.update(World.servers(MANY));
      fill(balancer, MANY - 16);
      chooser.limit = 2;
      assertThat(fill(balancer, 1)).hasSize(1);
    }
  }

  @Test
  void start_requestIsFiltered_provesNothingForOthers() throws Exception {
    list.update(World.servers("a", "b"));
    try (LoadBalancer balancer = world.balancer(list).gate(ConcurrencyLimits.fixed(1)).build()) {
      RequestContext onlyA = RequestContext.create().only(server -> server.id().equals("a"));
      balancer.start(onlyA);
      assertThatExceptionOfType(NoServerAvailableException.class)
          .isThrownBy(() -> balancer.start(onlyA));

      assertThat(balancer.start().server().id()).isEqualTo("b");
    }
  }

  @Test
  void start_gateIsGivenBackByAnAttemptThatAnotherGateRefused_isFound() throws Exception {
    FakeGates second = new FakeGates();
    list.update(World.servers("a", "b"));
    try (LoadBalancer balancer =
        world.balancer(list).gate(ConcurrencyLimits.fixed(1)).gate(second).build()) {
      second.of("a").permits(0);
      second.of("b").permits(0);
      assertRefused(balancer);
      second.of("a").permits(1);

      assertThat(balancer.start().server().id()).isEqualTo("a");
    }
  }

  @ParameterizedTest
  @EnumSource
  void start_whateverHappens_isRefusedOnlyIfNobodyHasRoom(Limit limit) throws Exception {
    SeededRandom random = new SeededRandom(5);
    List<Attempt> running = new ArrayList<>();
    int refused = 0;
    list.update(World.servers(6));
    try (LoadBalancer balancer = limited(limit)) {
      for (int i = 0; i < 20_000; i++) {
        switch ((int) (random.nextLong() >>> 60)) {
          case 0, 1, 2, 3, 4 -> endOne(running, random);
          case 5 -> {
            if (i % 5 == 0) {
              list.update(World.servers(4 + i % 3));
            }
          }
          case 6 -> balancer.admin().drain("s" + i % 4);
          case 7 -> balancer.admin().undrain("s" + i % 4);
          default -> {
            boolean room = room(balancer.status());
            try {
              running.add(balancer.start());
              assertThat(room).as("there was room").isTrue();
            } catch (NoServerAvailableException e) {
              refused++;
              assertThat(room).as("there is room: %s", e).isFalse();
            }
          }
        }
      }
    }
    assertThat(refused).as("both happen").isBetween(1_000, 15_000);
  }

  @ParameterizedTest
  @EnumSource
  void start_manyThreads_whenAllHaveEndedThereIsRoom(Limit limit) throws Exception {
    list.update(World.servers(3));
    try (LoadBalancer balancer = limited(limit)) {
      for (int round = 0; round < 50; round++) {
        Race.run(
            8, // eight callers, six places
            () -> {
              for (int i = 0; i < 200; i++) {
                try (Attempt attempt = balancer.start()) {
                  assertThat(attempt.outcome()).isNull();
                } catch (NoServerAvailableException e) {
                  Thread.onSpinWait();
                }
              }
              return null;
            });
        List<Attempt> all = fill(balancer, 6);
        assertRefused(balancer);
        all.forEach(Attempt::succeed);
      }
    }
  }

  private LoadBalancer limited(Limit limit) {
    LoadBalancer.Builder builder = world.balancer(list);
    if (limit != Limit.GATE) {
      builder.chooser(new Limited(2));
    }
    if (limit != Limit.CHOOSER) {
      builder.gate(ConcurrencyLimits.fixed(2));
    }
    return builder.build();
  }

  private static boolean room(LoadBalancerStatus status) {
    return status.endpoints().stream()
        .anyMatch(
            endpoint -> endpoint.state() == EndpointState.ELIGIBLE && endpoint.inFlight() < 2);
  }

  private static void endOne(List<Attempt> running, SeededRandom random) {
    if (!running.isEmpty()) {
      running.remove((int) ((random.nextLong() >>> 33) % running.size())).succeed();
    }
  }

  private static List<Attempt> fill(LoadBalancer balancer, int attempts) throws Exception {
    List<Attempt> running = new ArrayList<>();
    for (int i = 0; i < attempts; i++) {
      running.add(balancer.start());
    }
    return running;
  }

  private static void assertRefused(LoadBalancer balancer) {
    assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(balancer::start);
  }

  /** A random one, with a limit for each. */
  private final class Limited implements Chooser {
    final AtomicInteger asked = new AtomicInteger();
    volatile int limit;
    volatile String raised = "";

    Limited(int limit) {
      this.limit = limit;
    }

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get((int) ((world.random.nextLong() >>> 33) % eligible.size()));
    }

    @Override
    public int inFlightLimit(Endpoint chosen) {
      asked.incrementAndGet();
      return chosen.server().id().equals(raised) ? limit + 1 : limit;
    }
  }

  private record CountingGate(Gate gate, AtomicInteger asked) implements Gate {
    @Override
    public boolean open() {
      return gate.open();
    }

    @Override
    public boolean tryAcquire() {
      asked.incrementAndGet();
      return gate.tryAcquire();
    }

    @Override
    public boolean full() {
      asked.incrementAndGet();
      return gate.full();
    }

    @Override
    public void release(Outcome outcome, long latencyNanos) {
      gate.release(outcome, latencyNanos);
    }
  }
}
