package io.evenload.benchmarks.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class ReportPageTest {

  private static final long SEED = 101;
  private static final List<Strategy> STRATEGIES =
      List.of(
          Strategies.POWER_OF_TWO_CHOICES,
          Strategies.LEAST_LOADED,
          Strategies.SHORTEST_EXPECTED_DELAY,
          Strategies.FINAGLE);

  /** With three scenarios, two of which are to be replayed. */
  static String page() throws IOException {
    List<Replay> replays = Replay.ALL.subList(0, 2);
    Progress progress = new Progress(new PrintStream(new ByteArrayOutputStream()), () -> 0, 8);
    return new ReportPage(
            results(), replays.stream().map(one -> one.json(STRATEGIES, SEED, progress)).toList())
        .html();
  }

  private static Results results() {
    List<Results.Row> rows =
        Stream.of("antagonists", "one 10 times slower", "retry storm")
            .map(Scenarios::named)
            .map(ReportPageTest::row)
            .toList();
    return new Results(
        STRATEGIES,
        List.of(new Results.Section("Some <troubles>", rows)),
        new Results.Dialogue(List.of(), List.of()));
  }

  private static Results.Row row(Scenario scenario) {
    Scenario shortened = scenario.lasting(Duration.ofSeconds(2), Duration.ofSeconds(2));
    return new Results.Row(
        scenario,
        STRATEGIES.stream()
            .map(
                strategy ->
                    Results.Cell.of(
                        Stream.of(1, 2)
                            .map(seed -> Simulation.run(shortened, strategy, seed))
                            .toList()))
            .toList());
  }

  @Test
  void html_ofAnyResults_needsNothingElse() throws IOException {
    String html = page();

    assertThat(html)
        .contains(
            "uPlot", "Permission is hereby granted", "Some &lt;troubles>", "shortestExpectedDelay")
        .doesNotContain("<!-- ", "src=\"", "@import")
        .doesNotContainPattern("<link (?!rel=\"icon\" href=\"data:)");
    assertThat(html.getBytes(StandardCharsets.UTF_8).length).isLessThan(800_000);
  }

  @Test
  void tables_ofAnyResults_haveAllStrategies() {
    String tables = MarkdownTables.of(results());

    assertThat(tables).contains("| retry storm | powerOfTwoChoices |", "attempts per call");
    assertThat(tables.lines().filter(line -> line.contains("Finagle p2cPeakEwma (model)")))
        .hasSize(5);
  }

  @Test
  void replay_witnessed_changesNothing() {
    Scenario scenario =
        Scenarios.named("antagonists").lasting(Duration.ofSeconds(1), Duration.ofSeconds(3));
    for (Strategy strategy : Strategies.ALL) {
      Outcomes alone = Simulation.run(scenario, strategy, SEED);
      Outcomes seen = Simulation.run(scenario, strategy, SEED, new Recording(scenario, 100));
      for (ToDoubleFunction<Outcomes> figure :
          List.<ToDoubleFunction<Outcomes>>of(
              Outcomes::meanMillis, Outcomes::imbalance, Outcomes::errorPercent)) {
        assertThat(figure.applyAsDouble(seen)).isEqualTo(figure.applyAsDouble(alone));
      }
    }
  }

  @Test
  void progress_stepByStep_growsInOneLine() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long[] now = {0};
    Progress progress = new Progress(new PrintStream(out), () -> now[0], 4);
    progress.next("one");
    now[0] = 30_000_000_000L;
    progress.next("two");
    progress.end();

    String[] shown = out.toString(StandardCharsets.UTF_8).split("\r", -1);
    assertThat(shown[1]).startsWith("[..............................] 0 %: one");
    assertThat(shown[2]).startsWith("[#######.......................] 25 %, 1 min 30 s left: two");
    assertThat(shown[3])
        .startsWith("[##############################] 100 % in 0 min 30 s")
        .endsWith("\n");
  }
}
