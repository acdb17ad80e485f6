package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.testing.FakeGates;
import io.evenload.testing.Race;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.RandomAccess;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** When and how the engine calls a chooser. */
final class ChooserCallsTest {

  private final World world = new World(51);
  private final UpdatableServerList list = new UpdatableServerList();

  @Test
  void choose_list_isTheVeryOneLastPrepared() throws Exception {
    Probe probe = new Probe();
    try (LoadBalancer balancer = world.balancer(list).chooser(probe).build()) {
      for (int n = 1; n <= 5; n++) {
        list.update(World.servers(n));
        balancer.start().succeed();
        balancer.start(RequestContext.create()).succeed();

        assertThat(probe.chosenFrom).hasSize(2 * n).last().isSameAs(probe.prepared.get(n - 1));
        List<Endpoint> given = probe.prepared.get(n - 1);
        assertThat(given).hasSize(n).isInstanceOf(RandomAccess.class);
        assertThatThrownBy(given::clear).isInstanceOf(UnsupportedOperationException.class);
      }
    }
    assertThat(probe.prepared).hasSize(5);
  }

  @Test
  void prepare_nothingChanged_isNotCalledAgain() {
    Probe probe = new Probe();
    try (LoadBalancer balancer = world.balancer(list).chooser(probe).build()) {
      list.update(World.servers(3));
      list.update(World.servers(3));
      world.time.advance(Duration.ofMinutes(1));

      assertThat(balancer.status().endpoints()).hasSize(3);
      assertThat(probe.prepared).hasSize(1);
    }
  }

  @Test
  void prepare_weightChanges_followsAndShowsTheNewWeight() {
    Probe probe = new Probe();
    try (LoadBalancer balancer = world.balancer(list).chooser(probe).build()) {
      list.update(List.of(World.server("a", 1), World.server("b", 1)));
      list.update(List.of(World.server("a", 1), World.server("b", 9)));

      assertThat(balancer.status().endpoints().get(1).weight()).isEqualTo(9);
      assertThat(probe.weights).containsExactly(List.of(1.0, 1.0), List.of(1.0, 9.0));
    }
  }

  @Test
  void prepare_weightChangesWhileAllGatesAreClosed_followsOnceTheyOpen() {
    FakeGates gates = new FakeGates();
    Probe probe = new Probe();
    try (LoadBalancer balancer = world.balancer(list).chooser(probe).gate(gates).build()) {
      list.update(List.of(World.server("a", 1), World.server("b", 1)));
      setOpen(gates, false);
      list.update(List.of(World.server("a", 1), World.server("b", 9)));
      setOpen(gates, true);

      assertThat(balancer.status().endpoints()).allMatch(e -> e.state() == EndpointState.ELIGIBLE);
      assertThat(probe.weights).last().isEqualTo(List.of(1.0, 9.0));
    }
  }

  private void setOpen(FakeGates gates, boolean open) {
    gates.of("a").change(open);
    gates.of("b").change(open);
    world.time.runDue();
  }

  @Test
  void bind_severalPriorities_onceForEachAndNeverAgain() throws Exception {
    Probe probe = new Probe();
    try (LoadBalancer balancer = world.balancer(list).chooser(probe).build()) {
      for (int i = 0; i < 4; i++) {
        list.update(
            List.of(
                World.inPriority(0, "a" + i), World.inPriority(0, "b"), World.inPriority(1, "c")));
        balancer.start().succeed();
      }
    }
    assertThat(probe.environments).hasSize(2).allMatch(e -> e.nanoTime() == world.time);
    assertThat(probe.environments).allMatch(e -> e.random() == world.random);
  }

  @Test
  void track_eachEndpoint_onceAndVisibleAtTheEndpoint() throws Exception {
    Probe probe = new Probe();
    try (LoadBalancer balancer = world.balancer(list).chooser(probe).build()) {
      list.update(World.servers("a", "b"));
      list.update(World.servers("b", "c"));
      list.update(List.of(World.server("b", 5), World.server("c", 6)));
      Attempt attempt = balancer.start();

      assertThat(probe.tracked).containsExactly("a", "b", "c");
      assertThat(attempt.endpoint.tracker()).isInstanceOf(NamedTracker.class);
      assertThat(((NamedTracker) attempt.endpoint.tracker()).id).isEqualTo(attempt.server().id());
      attempt.cancel();
    }
  }

  @Test
  void inFlightLimit_reached_choosesAnotherThenFails() throws Exception {
    try (LoadBalancer balancer = world.balancer(list).chooser(new Limited(2)).build()) {
      list.update(World.servers(3));
      List<Attempt> attempts = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        attempts.add(balancer.start());
      }

      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 2);
      assertThatExceptionOfType(NoServerAvailableException.class)
          .isThrownBy(balancer::start)
          .withMessage("orders: no server available (3 known: 3 at its limit)");
      attempts.get(0).cancel();
      assertThat(balancer.start().server()).isEqualTo(attempts.get(0).server());
    }
  }

  @Test
  void inFlightLimit_eightThreads_isNeverExceeded() throws Exception {
    int limit = 3;
    try (LoadBalancer balancer = world.balancer(list).chooser(new Limited(limit)).build()) {
      list.update(World.servers(2));
      AtomicInteger served = new AtomicInteger();
      AtomicInteger[] inside = {new AtomicInteger(), new AtomicInteger()};
      Race.run(
          8,
          () -> {
            for (int i = 0; i < 5_000; i++) {
              try (Attempt attempt = balancer.start()) {
                AtomicInteger here = inside[attempt.server().id().equals("s0") ? 0 : 1];
                assertThat(here.incrementAndGet()).isLessThanOrEqualTo(limit);
                Thread.onSpinWait();
                here.decrementAndGet();
                served.incrementAndGet();
              } catch (NoServerAvailableException e) {
                Thread.onSpinWait(); // eight callers, six places
              }
            }
            return null;
          });
      assertThat(served).hasPositiveValue();
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
    }
  }

  @Test
  void inFlightLimit_reachedAndGateClosed_isHardForTrialsToo() throws Exception {
    FakeGates gates = new FakeGates();
    try (LoadBalancer balancer = world.balancer(list).chooser(new Limited(1)).gate(gates).build()) {
      list.update(World.servers("a"));
      Attempt running = balancer.start();
      gates.of("a").change(false);
      world.time.runDue();

      assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(balancer::start);
      running.cancel();
      balancer.start().cancel();
    }
  }

  /** Takes the first, and notes all that the engine asks of it. */
  private static final class Probe implements Chooser {
    final List<Environment> environments = new ArrayList<>();
    final List<List<Endpoint>> prepared = new ArrayList<>();
    final List<List<Double>> weights = new ArrayList<>();
    final List<List<Endpoint>> chosenFrom = new ArrayList<>();
    final List<String> tracked = new ArrayList<>();

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      chosenFrom.add(eligible);
      return eligible.get(0);
    }

    @Override
    public Chooser bind(Environment environment) {
      environments.add(environment);
      return this;
    }

    @Override
    public Chooser prepare(List<Endpoint> eligible) {
      prepared.add(eligible);
      weights.add(eligible.stream().map(Endpoint::weight).toList());
      return this;
    }

    @Override
    public @Nullable Tracker track(Server server) {
      tracked.add(server.id());
      return new NamedTracker(server.id());
    }
  }

  private record NamedTracker(String id) implements Chooser.Tracker {
    @Override
    public void started(long now) {
      throw new IllegalStateException("broken tracker");
    }

    @Override
    public void ended(Outcome outcome, long latencyNanos, long now) {
      throw new IllegalStateException("broken tracker");
    }
  }

  private record Limited(int limit) implements Chooser {
    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(0);
    }

    @Override
    public int inFlightLimit(Endpoint chosen) {
      return limit;
    }
  }
}
