package io.evenload.benchmarks.sim;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;

/**
 * Simulates every scenario with every strategy and writes the tables. Each seed is a run of its
 * own, and the same for all strategies.
 */
public final class TailLatency {

  private static final String BEGIN = "<!-- begin of the generated tables -->";

  /** Seeds that nobody looked at while choosers were made. */
  private static final long[] HELD_OUT = {101, 102, 103, 104, 105};

  private final long[] seeds;
  private final List<Strategy> strategies;

  private TailLatency(long[] seeds, List<Strategy> strategies) {
    this.seeds = seeds;
    this.strategies = strategies;
  }

  /**
   * Replaces the tables in the file that is named, or prints them if none is. Properties restrict
   * it: {@code scenarios} and {@code strategies} to those whose names contain one of these words
   * (with commas between), and {@code seeds} to these numbers.
   */
  @SuppressWarnings("SystemOut") // a program
  public static void main(String[] arguments) throws IOException {
    String seeds = System.getProperty("seeds", "");
    TailLatency simulated =
        new TailLatency(
            seeds.isEmpty()
                ? HELD_OUT
                : Arrays.stream(seeds.split(",", -1)).mapToLong(Long::parseLong).toArray(),
            Strategies.ALL.stream().filter(one -> selected("strategies", one.name())).toList());
    String tables =
        simulated.tables("The first set", Scenarios.FIRST)
            + simulated.tables("The second set: judged by alone", Scenarios.SECOND);
    if (arguments.length == 0) {
      System.out.print(tables);
      return;
    }
    Path page = Path.of(arguments[0]);
    String before = Files.readString(page).split(BEGIN, 2)[0];
    Files.writeString(page, before + BEGIN + "\n\n" + tables.strip() + "\n");
  }

  private static boolean selected(String property, String name) {
    String words = System.getProperty(property, "");
    return words.isEmpty() || Arrays.stream(words.split(",", -1)).anyMatch(name::contains);
  }

  private String tables(String title, List<Scenario> scenarios) {
    List<Row> rows = new ArrayList<>();
    for (Scenario scenario : scenarios) {
      if (selected("scenarios", scenario.name)) {
        rows.add(row(scenario));
      }
    }
    return rows.isEmpty() ? "" : summary(title, rows) + ratios(title, rows) + details(title, rows);
  }

  @SuppressWarnings("SystemOut") // its progress
  private Row row(Scenario scenario) {
    List<Cell> cells = new ArrayList<>();
    for (Strategy strategy : strategies) {
      long began = System.nanoTime();
      List<Outcomes> runs =
          LongStream.of(seeds).mapToObj(seed -> Simulation.run(scenario, strategy, seed)).toList();
      cells.add(
          new Cell(
              estimate(runs, run -> run.quantile(0.5)),
              estimate(runs, run -> run.quantile(0.99)),
              runs.stream().mapToDouble(run -> run.quantile(0.99)).boxed().toList(),
              estimate(runs, run -> run.quantile(0.999)),
              estimate(runs, Outcomes::errorPercent),
              estimate(runs, Outcomes::imbalance)));
      System.err.printf(
          Locale.ROOT,
          "%-30s %-26s p99 %s ms, %.1f s%n",
          scenario,
          strategy.name(),
          cells.get(cells.size() - 1).p99,
          (System.nanoTime() - began) / 1e9);
    }
    return new Row(scenario, cells);
  }

  private static Estimate estimate(List<Outcomes> runs, ToDoubleFunction<Outcomes> value) {
    return Estimate.of(runs.stream().mapToDouble(value).toArray());
  }

  private String summary(String title, List<Row> rows) {
    StringBuilder table = head(title + ": p99 in ms");
    for (Row row : rows) {
      double best = row.cells.stream().mapToDouble(cell -> cell.p99.mean()).min().orElseThrow();
      table.append("| ").append(row.scenario).append(" |");
      for (Cell cell : row.cells) {
        String bold = cell.p99.mean() == best ? "**" : "";
        table.append(' ').append(bold).append(cell.p99).append(bold).append(" |");
      }
      table.append('\n');
    }
    return table.append('\n').toString();
  }

  private String ratios(String title, List<Row> rows) {
    StringBuilder table =
        head(title + ": p99 relative to " + strategies.get(0).name() + ", seed by seed");
    for (Row row : rows) {
      table.append("| ").append(row.scenario).append(" |");
      for (Cell cell : row.cells) {
        Estimate ratio = cell.relativeTo(row.cells.get(0));
        table.append(String.format(Locale.ROOT, " %.2f ±%.2f |", ratio.mean(), ratio.halfWidth()));
      }
      table.append('\n');
    }
    return table.append('\n').toString();
  }

  private StringBuilder head(String title) {
    StringBuilder table = new StringBuilder("### " + title + "\n\n| scenario |");
    strategies.forEach(strategy -> table.append(' ').append(named(strategy)).append(" |"));
    return table.append("\n|---|").append("--:|".repeat(strategies.size())).append('\n');
  }

  private String details(String title, List<Row> rows) {
    StringBuilder table =
        new StringBuilder("### " + title + ": all figures\n\n")
            .append("| scenario | strategy | p50 ms | p99 ms | p99.9 ms | errors % | imbalance |\n")
            .append("|---|---|--:|--:|--:|--:|--:|\n");
    for (Row row : rows) {
      for (int i = 0; i < strategies.size(); i++) {
        Cell cell = row.cells.get(i);
        table
            .append("| ")
            .append(i == 0 ? row.scenario : "")
            .append(" | ")
            .append(named(strategies.get(i)))
            .append(" | ")
            .append(cell.p50)
            .append(" | ")
            .append(cell.p99)
            .append(" | ")
            .append(cell.p999)
            .append(" | ")
            .append(percent(cell.errors))
            .append(" | ")
            .append(String.format(Locale.ROOT, "%.2f", cell.imbalance.mean()))
            .append(" |\n");
      }
    }
    return table.append('\n').toString();
  }

  private static String percent(Estimate errors) {
    return errors.mean() == 0
        ? "0"
        : String.format(Locale.ROOT, "%.3f ±%.3f", errors.mean(), errors.halfWidth());
  }

  private static String named(Strategy strategy) {
    return strategy.name() + (strategy.model() ? " (model)" : "");
  }

  private record Cell(
      Estimate p50,
      Estimate p99,
      List<Double> p99s,
      Estimate p999,
      Estimate errors,
      Estimate imbalance) {

    /** The p99 relative to another's, seed by seed: what the seeds do to both is not in it. */
    Estimate relativeTo(Cell other) {
      double[] ratios = new double[p99s.size()];
      for (int i = 0; i < ratios.length; i++) {
        ratios[i] = p99s.get(i) / other.p99s.get(i);
      }
      return Estimate.of(ratios);
    }
  }

  private record Row(Scenario scenario, List<Cell> cells) {}
}
