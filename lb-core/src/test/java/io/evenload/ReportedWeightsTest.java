package io.evenload;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.evenload.chooser.Choosers;
import io.evenload.health.HealthCheck;
import io.evenload.testing.FakeGates;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReportedWeightsTest {

  private final World world = new World(1);
  private final UpdatableServerList list =
      new UpdatableServerList(
          List.of(World.server("a", 1), World.server("b", 1), World.server("c", 2)));
  private final FakeGates gates = new FakeGates();
  private String sick = "";
  private final LoadBalancer balancer =
      world
          .balancer(list)
          .chooser(Choosers.roundRobin())
          .withoutSlowStart()
          .gate(gates)
          .healthCheck(HealthCheck.builder(this::probe).interval(ofSeconds(2)).build())
          .build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void reports_afterTheBlackout_scaleTheConfiguredWeights() {
    report(9, Map.of("a", 100.0, "b", 300.0));
    assertThat(weights()).as("too early").isEqualTo(Map.of("a", 1.0, "b", 1.0, "c", 2.0));
    report(2, Map.of("a", 100.0, "b", 300.0));

    assertThat(weights()).as("c is average").isEqualTo(Map.of("a", 0.5, "b", 1.5, "c", 2.0));
  }

  @Test
  void reports_shiftTheTraffic() throws Exception {
    report(12, Map.of("a", 100.0, "b", 300.0, "c", 200.0));
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 4_000; i++) {
      try (Attempt attempt = balancer.start()) {
        counts.merge(attempt.server().id(), 1, Integer::sum);
      }
    }

    // .5, 1.5 and 2, in turns
    assertThat(counts.getOrDefault("a", 0)).isCloseTo(500, within(4));
    assertThat(counts.getOrDefault("b", 0)).isCloseTo(1_500, within(4));
    assertThat(counts.getOrDefault("c", 0)).isCloseTo(2_000, within(4));
  }

  @Test
  void reports_farFromTheMedian_areBoundedAndLeaveTheOthersAlone() {
    for (double absurd : new double[] {1e9, Double.MAX_VALUE}) {
      report(12, Map.of("a", 1.0, "b", absurd, "c", 1.0));

      Map<String, Double> weights = weights();
      double b = weights.remove("b");
      assertThat(weights).isEqualTo(Map.of("a", 1.0, "c", 2.0));
      assertThat(b / (b + 3)).as("of 1/4 by configuration").isCloseTo(1.8 / 4, within(1e-9));
    }
    report(2, Map.of("a", 1.0, "b", Double.MIN_VALUE, "c", 1.0));
    assertThat(weights()).isEqualTo(Map.of("a", 1.0, "b", 0.1, "c", 2.0));
  }

  @Test
  void reports_halfOfThemAbsurd_leaveTheOthersAlone() {
    list.update(World.servers("a", "b", "c", "d"));
    report(12, Map.of("a", 90.0, "b", 100.0, "c", Double.MAX_VALUE, "d", Double.MAX_VALUE));

    Map<String, Double> weights = weights();
    assertThat(weights).containsEntry("a", 0.9).containsEntry("b", 1.0);
    double half = weights.getOrDefault("c", 0.0);
    assertThat(weights).containsEntry("d", half);
    assertThat(half / (2 * half + 1.9)).as("of 1/4").isCloseTo(1.8 / 4, within(1e-9));
  }

  /** How a server is out for its own sake. */
  private enum Out {
    DRAINED,
    UNLISTED,
    UNHEALTHY,
    EJECTED,
    BREAKER_OPEN
  }

  @ParameterizedTest
  @EnumSource
  void report_serverComesBackAfterItWasOut_waitsForTheBlackoutAgain(Out out) {
    comesBack(out, () -> {});
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNLISTED")
  void report_serverIsOutAndThenHasNoWeight_waitsForTheBlackoutAgain(Out out) {
    comesBack(
        out,
        () -> {
          list.update(List.of(World.server("a", 1), World.server("b", 0), World.server("c", 2)));
          setOut("b", out, false);
          world.time.advance(ofSeconds(20));
          assertThat(state("b")).isEqualTo(EndpointState.WEIGHT_ZERO);
          list.update(List.of(World.server("a", 1), World.server("b", 1), World.server("c", 2)));
        });
  }

  private void comesBack(Out out, Runnable meanwhile) {
    Map<String, Double> usual = Map.of("a", 100.0, "b", 300.0);
    report(12, usual);
    assertThat(weights()).isEqualTo(Map.of("a", 0.5, "b", 1.5, "c", 2.0));
    setOut("b", out, true);
    assertThat(state("b")).isNotEqualTo(EndpointState.ELIGIBLE);
    meanwhile.run();
    setOut("b", out, false);
    for (int i = 0; state("b") != EndpointState.ELIGIBLE; i++) {
      assertThat(i).as("seconds").isLessThan(20);
      world.time.advance(ofSeconds(1));
    }
    assertThat(weights()).as("at once").containsEntry("b", 1.0);
    report(9, Map.of("a", 100.0, "b", 1e6));

    assertThat(weights()).isEqualTo(Map.of("a", 1.0, "b", 1.0, "c", 2.0));
    report(2, usual);
    assertThat(weights()).isEqualTo(Map.of("a", 0.5, "b", 1.5, "c", 2.0));
  }

  private void setOut(String id, Out how, boolean out) {
    switch (how) {
      case DRAINED -> {
        if (out) {
          balancer.admin().drain(id);
        } else {
          balancer.admin().undrain(id);
        }
      }
      case UNLISTED ->
          list.update(
              out
                  ? List.of(World.server("a", 1), World.server("c", 2))
                  : List.of(World.server("a", 1), World.server("b", 1), World.server("c", 2)));
      case UNHEALTHY -> {
        sick = out ? id : "";
        world.time.advance(ofSeconds(out ? 20 : 0)); // some probes
      }
      case EJECTED -> {
        if (out) {
          balancer.admin().eject(id, ofSeconds(5), "for a test");
          world.time.runDue();
        }
      }
      case BREAKER_OPEN -> {
        gates.of(id).change(!out);
        world.time.runDue();
      }
    }
  }

  private EndpointState state(String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id) && endpoint.server().port() == 80)
        .map(LoadBalancerStatus.EndpointStatus::state)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void report_serverIsReplacedUnderItsId_isForgotten() {
    report(12, Map.of("a", 100.0, "b", 300.0));
    Server elsewhere = Server.builder("b2", 80).id("b").build();
    list.update(List.of(World.server("a", 1), elsewhere, World.server("c", 2)));
    assertThat(balancer.status().endpoints().get(1).weight()).isEqualTo(1);
    world.time.advance(ofSeconds(2));

    assertThat(weights()).isEqualTo(Map.of("a", 1.0, "b", 1.0, "c", 2.0));
  }

  @Test
  void reports_expire() {
    report(12, Map.of("a", 100.0, "b", 300.0));
    world.time.advance(ofMinutes(4));

    assertThat(weights()).isEqualTo(Map.of("a", 1.0, "b", 1.0, "c", 2.0));
  }

  @Test
  void reports_afterExpiry_waitForTheBlackoutAgain() {
    report(12, Map.of("a", 100.0, "b", 300.0));
    world.time.advance(ofMinutes(4));
    report(5, Map.of("a", 100.0, "b", 300.0));

    assertThat(weights()).isEqualTo(Map.of("a", 1.0, "b", 1.0, "c", 2.0));
  }

  @Test
  void report_onlyOne_changesNothing() {
    report(12, Map.of("a", 100.0));

    assertThat(weights()).isEqualTo(Map.of("a", 1.0, "b", 1.0, "c", 2.0));
  }

  @Test
  void report_serverLeaves_isForgotten() {
    report(12, Map.of("a", 100.0, "b", 300.0));
    list.update(List.of(World.server("b", 1), World.server("c", 2)));
    world.time.advance(ofSeconds(2));

    assertThat(weights()).isEqualTo(Map.of("b", 1.0, "c", 2.0));
  }

  @Test
  void report_unknownServer_isDropped() {
    report(12, Map.of("x", 100.0, "a", 300.0));

    assertThat(weights()).containsEntry("a", 1.0);
  }

  @Test
  void report_manyInASecond_changeTheWeightsOnce() {
    ReportedWeights weights = new ReportedWeights();
    weights.report("a", 1, 100_000_000_000L, 0);
    weights.report("b", 1, 100_000_000_000L, 0);
    assertThat(weights.update(id -> true, 11_000_000_000L)).isTrue();
    weights.report("a", 1.005, 100_000_000_000L, 11_000_000_000L);

    assertThat(weights.update(id -> true, 12_000_000_000L)).as("less than 1 %").isFalse();
    weights.report("a", 1.1, 100_000_000_000L, 12_000_000_000L);
    assertThat(weights.update(id -> true, 13_000_000_000L)).isTrue();
    assertThat(weights.update(id -> true, 14_000_000_000L)).isFalse();
  }

  @Test
  void report_badValues_areNamed() {
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> balancer.admin().reportWeight("a", bad, ofMinutes(3)))
          .withMessage("weight: " + bad + " (expected: above 0, finite)");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.admin().reportWeight("a", 1, ofSeconds(0)))
        .withMessageStartingWith("validFor: PT0S");
  }

  private CompletableFuture<HealthReport> probe(Server server, Duration timeout) {
    return CompletableFuture.completedFuture(
        server.id().equals(sick) ? HealthReport.unhealthy("down") : HealthReport.healthy());
  }

  /** Reports all of these once a second, for so many seconds. */
  private void report(int seconds, Map<String, Double> weights) {
    for (int i = 0; i < seconds; i++) {
      weights.forEach((id, weight) -> balancer.admin().reportWeight(id, weight, ofMinutes(3)));
      world.time.advance(ofSeconds(1));
    }
  }

  private Map<String, Double> weights() {
    Map<String, Double> weights = new HashMap<>();
    balancer
        .status()
        .endpoints()
        .forEach(endpoint -> weights.put(endpoint.server().id(), endpoint.weight()));
    return weights;
  }
}
