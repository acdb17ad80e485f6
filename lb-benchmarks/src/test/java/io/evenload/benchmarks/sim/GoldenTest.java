package io.evenload.benchmarks.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * A reduced run beside figures that are checked in, so that a review sees when a change makes
 * choosers behave otherwise. With {@code -Dsimulation=write} they are written instead.
 */
final class GoldenTest {

  private static final Path FILE = Path.of("src/test/golden/simulation.txt");
  private static final boolean WRITE = "write".equals(System.getProperty("simulation"));
  private static final long SEED = 11;
  private static final Duration WARM_UP = Duration.ofSeconds(3);
  private static final Duration MEASURED = Duration.ofSeconds(6);

  /** One of each kind of trouble. */
  private static final List<String> SCENARIOS =
      List.of(
          "load .9",
          "one 10 times slower",
          "cores 2:1",
          "antagonists",
          "pauses",
          "one fails half",
          "workers, antagonists",
          "zones 10 ms apart",
          "rolling deployment, one retry");

  @Test
  void figures_ofAReducedRun_areThoseThatAreCheckedIn() throws IOException {
    StringBuilder text = new StringBuilder();
    for (String name : SCENARIOS) {
      simulated(Scenarios.named(name), text);
    }
    dialogue(text);
    if (WRITE) {
      Files.writeString(FILE, text);
    }

    assertThat(text.toString())
        .as("%s; -Dsimulation=write writes it, if the change is meant", FILE)
        .isEqualTo(Files.readString(FILE));
  }

  private static void simulated(Scenario scenario, StringBuilder text) {
    text.append(scenario).append('\n');
    text.append(
        "                            p50    p99  p99.9 ms  errors %  imbalance  attempts\n");
    for (Strategy strategy : Strategies.ALL) {
      Outcomes outcomes = Simulation.run(scenario.lasting(WARM_UP, MEASURED), strategy, SEED);
      text.append(
          String.format(
              Locale.ROOT,
              "  %-24s %5.1f %6.1f %9.1f %9.3f %10.3f %9.3f\n",
              strategy.name(),
              outcomes.quantile(0.5),
              outcomes.quantile(0.99),
              outcomes.quantile(0.999),
              outcomes.errorPercent(),
              outcomes.imbalance(),
              outcomes.attemptsPerCall()));
    }
    text.append('\n');
  }

  private static void dialogue(StringBuilder text) {
    for (DialogueScenario scenario : DialogueScenario.ALL) {
      if (scenario.requests() > 5_000) {
        continue;
      }
      text.append(scenario.name()).append('\n');
      for (Strategy strategy : Strategies.ALL) {
        text.append(
            String.format(
                "  %-24s %s\n", strategy.name(), DialogueRun.run(scenario, strategy, SEED)));
      }
      text.append('\n');
    }
  }
}
