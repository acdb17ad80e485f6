package io.evenload.benchmarks.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds of every run. */
final class SimulationTest {

  private static final Scenario CALM = shortened(Scenario.of("calm"));

  static java.util.List<Strategy> strategies() {
    return Strategies.ALL;
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void run_sameSeed_sameOutcomes(Strategy strategy) {
    Outcomes first = Simulation.run(CALM, strategy, 3);
    Outcomes second = Simulation.run(CALM, strategy, 3);

    assertThat(second.quantile(0.999)).isEqualTo(first.quantile(0.999));
    assertThat(second.calls()).isEqualTo(first.calls());
    assertThat(first.errorPercent()).isZero();
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void run_anyStrategy_sameCalls(Strategy strategy) {
    long calls = Simulation.run(CALM, Strategies.FINAGLE, 4).calls();

    assertThat(Simulation.run(CALM, strategy, 4).calls()).isEqualTo(calls);
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void run_equalServers_areUsedAboutEvenly(Strategy strategy) {
    assertThat(Simulation.run(CALM, strategy, 5).imbalance()).isLessThan(1.3);
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void run_oneServerIsSlower_loadAwareOnesGiveItLess(Strategy strategy) {
    Scenario slow = shortened(Scenario.of("slow").trouble(Trouble.slow(1, 0.1)));

    assertThat(Simulation.run(slow, strategy, 6).share(0)).isLessThan(0.06);
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void run_serversRestart_noCallIsLost(Strategy strategy) {
    Scenario restarts =
        shortened(
            Scenario.of("restarts")
                .load(0.4)
                .trouble(Trouble.restarts(Duration.ofSeconds(2), Duration.ofSeconds(1))));

    assertThat(Simulation.run(restarts, strategy, 7).errorPercent()).isLessThan(0.5);
  }

  @Test
  void run_subset_everyServerHasItsShareOfClients() {
    Scenario scenario = shortened(Scenario.of("subset").servers(20, 4).clients(20).subset(5));

    assertThat(Simulation.run(scenario, Strategies.GRPC_LEAST_REQUEST, 8).imbalance())
        .isLessThan(1.1);
  }

  private static Scenario shortened(Scenario.Builder scenario) {
    return scenario.measured(Duration.ofSeconds(12), Duration.ofSeconds(8)).build();
  }
}
