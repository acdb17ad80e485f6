package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.testing.FakeEndpoint;
import io.evenload.testing.FakeEnvironment;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PeakEwmaTest {

  private static final long MILLIS = 1_000_000;
  private static final long SECONDS = 1_000_000_000;

  private final PeakEwma.Cost cost = new PeakEwma.Cost(10.0 * SECONDS);

  @Test
  void cost_beforeTheFirstSample_isNaN() {
    assertThat(cost.nanos(0, 5 * SECONDS)).isNaN();
  }

  @Test
  void cost_fasterSample_blendsIn() {
    cost.ended(Outcome.SUCCESS, 100 * MILLIS, 7 * SECONDS);
    cost.ended(Outcome.SUCCESS, 20 * MILLIS, 12 * SECONDS);

    assertThat(cost.nanos(1, 12 * SECONDS) / 1e6).isCloseTo(68.5, within(0.05));
  }

  @Test
  void cost_slowerSample_replacesAtOnce() {
    cost.ended(Outcome.SUCCESS, 20 * MILLIS, 7 * SECONDS);
    cost.ended(Outcome.SUCCESS, 100 * MILLIS, 7 * SECONDS + 1);

    assertThat(cost.nanos(1, 7 * SECONDS) / 1e6).isCloseTo(100, within(0.001));
  }

  @Test
  void cost_idle_decaysAndBusyDoesNot() {
    cost.ended(Outcome.SUCCESS, 100 * MILLIS, 7 * SECONDS);

    assertThat(cost.nanos(0, 17 * SECONDS) / 1e6).isCloseTo(36.8, within(0.05));
    assertThat(cost.nanos(1, 17 * SECONDS) / 1e6).isCloseTo(100, within(0.001));
  }

  @Test
  void cost_clockGoesBack_countsAsNoTime() {
    cost.ended(Outcome.SUCCESS, 100 * MILLIS, 7 * SECONDS);
    cost.ended(Outcome.SUCCESS, 20 * MILLIS, 2 * SECONDS);

    assertThat(cost.nanos(0, SECONDS) / 1e6).isCloseTo(100, within(0.001));
  }

  @Test
  void cost_fastFailure_isIgnoredAndASlowOneCounts() {
    cost.ended(Outcome.SUCCESS, 50 * MILLIS, 7 * SECONDS);
    cost.ended(Outcome.FAILURE, 1 * MILLIS, 9 * SECONDS);
    cost.ended(Outcome.CANCELLED, 900 * MILLIS, 9 * SECONDS);
    assertThat(cost.nanos(1, 9 * SECONDS) / 1e6).isCloseTo(50, within(0.001));
    cost.ended(Outcome.FAILURE, 1_000 * MILLIS, 9 * SECONDS);

    assertThat(cost.nanos(1, 9 * SECONDS) / 1e6).isCloseTo(1_000, within(0.01));
  }

  @ParameterizedTest
  @ValueSource(
      longs = {0, 1, -1, Long.MAX_VALUE - 5, Long.MAX_VALUE - (1L << 52), 1L << 51, 1L << 60})
  void cost_afterDaysIdle_isOldNewsWhateverTheClockReads(long start) {
    for (int days : new int[] {1, 10, 26, 40, 100, 1_000}) {
      PeakEwma.Cost idle = new PeakEwma.Cost(10.0 * SECONDS);
      idle.ended(Outcome.SUCCESS, 100 * MILLIS, start);
      long now = start + Duration.ofDays(days).toNanos();

      assertThat(idle.known(0, now)).as("known after %d days", days).isLessThan(1e-6);
      assertThat(idle.known(1, now)).isEqualTo(1);
      idle.ended(Outcome.SUCCESS, 20 * MILLIS, now);
      assertThat(idle.nanos() / 1e6).as("after %d days", days).isCloseTo(20, within(0.001));
      assertThat(idle.known(0, now + 10 * SECONDS)).isCloseTo(1 / Math.E, within(0.001));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 26, 40, 100})
  void choose_afterDaysIdle_sharesEvenlyAndFromTheFirstCallOn(int days) throws Exception {
    World world = new World(5);
    Map<String, Long> slow = Map.of("s0", 50 * MILLIS);
    try (LoadBalancer balancer =
        world
            .balancer(World.servers(3).toArray(new Server[0]))
            .chooser(Choosers.peakEwma())
            .build()) {
      for (int i = 0; i < 1_000; i++) {
        call(world, balancer, slow);
      }
      Map<String, Integer> counts = new HashMap<>();
      for (int i = 0; i < 300; i++) {
        world.time.jump(Duration.ofDays(days));
        counts.merge(call(world, balancer, Map.of()), 1, Integer::sum);
      }

      // 100 expected each, sd 8
      assertThat(counts.values())
          .hasSize(3)
          .allSatisfy(count -> assertThat(count).isBetween(59, 141));
    }
  }

  @Test
  void choose_oneOnlyFails_countsAsTheMeanOfTheOthers() {
    Chooser bound = Choosers.peakEwma().bind(FakeEnvironment.seeded(6));
    List<FakeEndpoint> endpoints = new ArrayList<>();
    for (Server server : World.servers(3)) {
      endpoints.add(tracked(bound, new FakeEndpoint(server, 1)));
    }
    PeakEwma.Cost failing = cost(endpoints.get(0));
    failing.ended(Outcome.FAILURE, 1, 0);
    assertThat(failing.nanos()).as("before anything is known").isNaN();
    Chooser unused = bound.prepare(List.copyOf(endpoints));
    cost(endpoints.get(1)).ended(Outcome.SUCCESS, 10 * MILLIS, 0);
    cost(endpoints.get(2)).ended(Outcome.SUCCESS, 30 * MILLIS, 0);
    failing.ended(Outcome.FAILURE, 1, 1);
    assertThat(failing.nanos() / 1e6).isCloseTo(20, within(0.001));
    failing.ended(Outcome.FAILURE, 1, 2);
    assertThat(failing.nanos() / 1e6).isCloseTo(20, within(0.001));

    PeakEwma.Cost late = (PeakEwma.Cost) bound.track(new FakeEndpoint(World.server("late"), 1));
    late.ended(Outcome.FAILURE, 1_000 * MILLIS, 3);
    assertThat(late.nanos() / 1e6).as("a failure that took longer").isCloseTo(1_000, within(0.01));
  }

  @Test
  void choose_equallyBusy_costsTiltTheOddsUnlessClear() {
    assertThat(shareOfTheFirst(100 * MILLIS, 200 * MILLIS)).isCloseTo(0.8, within(0.02));
    assertThat(shareOfTheFirst(100 * MILLIS, 300 * MILLIS)).isCloseTo(0.9, within(0.015));
    assertThat(shareOfTheFirst(500 * MILLIS, 100 * MILLIS)).isZero();
    assertThat(shareOfTheFirst(0, 0)).isCloseTo(0.5, within(0.025));
    assertThat(shareOfTheFirst(0, 100 * MILLIS)).isEqualTo(1);
  }

  /** Of two with these costs and one call in flight each; bounds of 5 sd. */
  private static double shareOfTheFirst(long first, long second) {
    Chooser bound = Choosers.peakEwma().bind(FakeEnvironment.seeded(7));
    List<Endpoint> endpoints = new ArrayList<>();
    for (Server server : World.servers(2)) {
      endpoints.add(tracked(bound, new FakeEndpoint(server, 1).inFlight(1)));
    }
    cost(endpoints.get(0)).ended(Outcome.SUCCESS, first, 0);
    cost(endpoints.get(1)).ended(Outcome.SUCCESS, second, 0);
    List<Endpoint> list = List.copyOf(endpoints);
    Chooser prepared = bound.prepare(list);
    int count = 0;
    for (int i = 0; i < 10_000; i++) {
      count += prepared.choose(list, RequestContext.create()) == list.get(0) ? 1 : 0;
    }
    return count / 10_000.0;
  }

  private static PeakEwma.Cost cost(Endpoint endpoint) {
    return (PeakEwma.Cost) Objects.requireNonNull(endpoint.tracker());
  }

  @Test
  void choose_microsecondsApart_areToldApart() throws Exception {
    Map<String, Integer> counts = run(Map.of("s0", 50_000L, "s1", 500_000L), 2);

    assertThat(counts.get("s0")).isGreaterThan(9_900);
  }

  @Test
  void choose_equalServers_shareEvenly() throws Exception {
    Map<String, Integer> counts = run(Map.of(), 4);

    // 2,500 each on average, standard deviation 43
    assertThat(counts)
        .hasSize(4)
        .allSatisfy((id, count) -> assertThat(count).isBetween(2_250, 2_750));
  }

  @Test
  void choose_newServer_takesPartAndIsNotFlooded() throws Exception {
    World world = new World(3);
    UpdatableServerList list = new UpdatableServerList(World.servers(4));
    try (LoadBalancer balancer = world.balancer(list).chooser(Choosers.peakEwma()).build()) {
      for (int i = 0; i < 1_000; i++) {
        call(world, balancer, Map.of());
      }
      list.update(World.servers(5));
      Map<String, Integer> counts = new HashMap<>();
      for (int i = 0; i < 1_000; i++) {
        counts.merge(call(world, balancer, Map.of()), 1, Integer::sum);
      }

      assertThat(counts.get("s4")).isBetween(120, 280);
    }
  }

  @Test
  void peakEwma_badDecayTime_isNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Choosers.peakEwma(Duration.ZERO))
        .withMessage("decayTime: PT0S (expected: PT0.001S to PT1H)");
  }

  private static Map<String, Integer> run(Map<String, Long> latencies, int n) throws Exception {
    World world = new World(1);
    Map<String, Integer> counts = new HashMap<>();
    try (LoadBalancer balancer =
        world
            .balancer(World.servers(n).toArray(new Server[0]))
            .chooser(Choosers.peakEwma())
            .build()) {
      for (int i = 0; i < 10_000; i++) {
        counts.merge(call(world, balancer, latencies), 1, Integer::sum);
      }
    }
    return counts;
  }

  private static String call(World world, LoadBalancer balancer, Map<String, Long> latencies)
      throws Exception {
    Attempt attempt = balancer.start();
    String id = attempt.server().id();
    world.time.advance(Duration.ofNanos(latencies.getOrDefault(id, 1 * MILLIS)));
    attempt.succeed();
    return id;
  }

  private static FakeEndpoint tracked(Chooser chooser, FakeEndpoint endpoint) {
    return endpoint.tracker(chooser.track(endpoint));
  }
}
