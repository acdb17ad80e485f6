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
import java.util.concurrent.Callable;
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

  @Test
  void tracker_everyAttempt_arrivesBeforeItsSlotIsTakenAndLeavesAfterItIsGivenBack()
      throws Exception {
    FakeGates gates = new FakeGates();
    Steps steps = new Steps();
    try (LoadBalancer balancer = world.balancer(list).chooser(steps).gate(gates).build()) {
      list.update(World.servers("a"));
      balancer.start().succeed();
      assertThat(steps.takeAll()).containsExactly("arriving 0", "started 1", "ended 1", "left 0");

      gates.of("a").permits(0);
      assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(balancer::start);
      assertThat(steps.takeAll()).isNotEmpty().containsOnly("arriving 0", "left 0");
      steps.limit = 0;
      assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(balancer::start);
      List<String> refused = steps.takeAll();
      assertThat(refused).isNotEmpty().containsOnly("arriving 0", "left 0");
      assertThat(refused.stream().filter("left 0"::equals)).hasSize(refused.size() / 2);
    }
  }

  @Test
  void inFlightLimit_oneLeftAndAnotherCameMeanwhile_isAskedAgain() throws Exception {
    Meddling chooser = new Meddling(2);
    try (LoadBalancer balancer = world.balancer(list).chooser(chooser).build()) {
      list.update(World.servers("a"));
      Attempt first = balancer.start();
      chooser.asked = 0;
      chooser.meddle(
          "a",
          2, // the first call only tells whether there is a limit
          () -> {
            first.succeed();
            return balancer.start();
          });
      balancer.start();

      assertThat(chooser.asked).as("2 calls, 2 of the other attempt, 1 again").isEqualTo(5);
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 2);
    }
  }

  @Test
  void inFlightLimit_roomMovesBehindTheScan_isFoundThere() throws Exception {
    Meddling chooser = new Meddling(1);
    try (LoadBalancer balancer = world.balancer(list).chooser(chooser).build()) {
      list.update(World.servers("a", "b"));
      for (int round = 0; round < 20; round++) {
        Attempt atA = balancer.start();
        List<Attempt> atB = new ArrayList<>();
        chooser.meddle(
            "b",
            1,
            () -> {
              atB.add(balancer.start());
              atA.succeed(); // there was room all the time, first at b, now at a
              return null;
            });
        Attempt attempt = balancer.start();

        assertThat(atB).extracting(moved -> moved.server().id()).containsExactly("b");
        assertThat(attempt.server().id()).isEqualTo("a");
        attempt.succeed();
        atB.get(0).succeed();
      }
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
    public @Nullable Tracker track(Endpoint endpoint) {
      tracked.add(endpoint.server().id());
      return new NamedTracker(endpoint.server().id());
    }
  }

  /** Notes what its tracker is told, each with what is in flight then. */
  private static final class Steps implements Chooser, Chooser.Tracker {
    final List<String> steps = new ArrayList<>();
    int limit = Integer.MAX_VALUE;
    private List<Endpoint> endpoints = List.of();

    List<String> takeAll() {
      List<String> taken = List.copyOf(steps);
      steps.clear();
      return taken;
    }

    private void note(String step) {
      steps.add(step + " " + endpoints.get(0).inFlight());
    }

    @Override
    public Chooser prepare(List<Endpoint> eligible) {
      endpoints = eligible;
      return this;
    }

    @Override
    public Tracker track(Endpoint endpoint) {
      return this;
    }

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(0);
    }

    @Override
    public int inFlightLimit(Endpoint chosen) {
      return limit;
    }

    @Override
    public void arriving() {
      note("arriving");
    }

    @Override
    public void left() {
      note("left");
    }

    @Override
    public void started(long now) {
      note("started");
    }

    @Override
    public void ended(Outcome outcome, long latencyNanos, long now) {
      note("ended");
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

  /** Always answers the first, and lets something happen while its limit is asked for. */
  private static final class Meddling implements Chooser {
    private final int limit;
    int asked;
    private String id = "";
    private int calls;
    private Callable<?> meddle = () -> null;

    Meddling(int limit) {
      this.limit = limit;
    }

    /** Runs this in the so many-th call from now for the endpoint of this id. */
    void meddle(String id, int calls, Callable<?> meddle) {
      this.id = id;
      this.calls = calls;
      this.meddle = meddle;
    }

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(0);
    }

    @Override
    public int inFlightLimit(Endpoint chosen) {
      asked++;
      if (chosen.server().id().equals(id) && --calls == 0) {
        try {
          meddle.call();
        } catch (Exception e) {
          throw new AssertionError(e);
        }
      }
      return limit;
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
