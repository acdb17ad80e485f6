package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

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
}
