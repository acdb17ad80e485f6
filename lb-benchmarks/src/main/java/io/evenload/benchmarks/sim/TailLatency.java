package io.evenload.benchmarks.sim;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Simulates every scenario with every strategy and writes the tables and the page. Each seed is a
 * run of its own, and the same for all strategies.
 */
public final class TailLatency {

  private static final String BEGIN = "<!-- begin of the generated tables -->";

  /** Seeds that nobody looked at while choosers were made. */
  private static final long[] HELD_OUT = {101, 102, 103, 104, 105};

  private final long[] seeds;
  private final List<Strategy> strategies;
  private final List<Results.Section> sections;
  private final Progress progress;
  private final List<Replay> replays;

  @SuppressWarnings("SystemOut") // its progress
  private TailLatency(boolean page) {
    String given = System.getProperty("seeds", "");
    seeds =
        given.isEmpty()
            ? HELD_OUT
            : Arrays.stream(given.split(",", -1)).mapToLong(Long::parseLong).toArray();
    strategies = Strategies.ALL.stream().filter(one -> selected("strategies", one.name())).toList();
    sections = new ArrayList<>();
    replays =
        Replay.ALL.stream()
            .filter(one -> page && selected("scenarios", one.scenario().name))
            .toList();
    int scenarios = 0;
    for (List<Scenario> set : List.of(Scenarios.FIRST, Scenarios.SECOND, Scenarios.MORE)) {
      scenarios += selected(set).size();
    }
    int steps =
        (scenarios + replays.size()) * strategies.size()
            + dialogueScenarios().size() * dialogueStrategies().size();
    progress = new Progress(System.err, System::nanoTime, Math.max(1, steps));
  }

  /**
   * Replaces the tables in a file whose name ends in {@code .md}, and writes the page to one whose
   * name ends in {@code .html}; without a name it prints the tables. Properties restrict it: {@code
   * scenarios} and {@code strategies} to those whose names contain one of these words (with commas
   * between), and {@code seeds} to these numbers.
   *
   * @throws IllegalArgumentException if a name ends otherwise
   */
  @SuppressWarnings("SystemOut") // a program
  public static void main(String[] arguments) throws IOException {
    List<String> names = List.of(arguments);
    for (String name : names) {
      if (!name.endsWith(".md") && !name.endsWith(".html")) {
        throw new IllegalArgumentException("file: " + name + " (expected: *.md or *.html)");
      }
      if (name.endsWith(".md") && !Files.exists(Path.of(name))) {
        throw new NoSuchFileException(name, null, "its tables are to be replaced");
      }
    }
    TailLatency simulated = new TailLatency(names.stream().anyMatch(one -> one.endsWith(".html")));
    Results results = simulated.results();
    List<String> replays = simulated.replays();
    simulated.progress.end();
    if (names.isEmpty()) {
      System.out.print(MarkdownTables.of(results));
    }
    for (String name : names) {
      if (name.endsWith(".md")) {
        replaceTables(Path.of(name), MarkdownTables.of(results));
      } else {
        Files.writeString(Path.of(name), new ReportPage(results, replays).html());
      }
    }
  }

  private static void replaceTables(Path page, String tables) throws IOException {
    String before = Files.readString(page).split(BEGIN, 2)[0];
    Files.writeString(page, before + BEGIN + "\n\n" + tables.strip() + "\n");
  }

  private static boolean selected(String property, String name) {
    String words = System.getProperty(property, "");
    return words.isEmpty() || Arrays.stream(words.split(",", -1)).anyMatch(name::contains);
  }

  private static List<Scenario> selected(List<Scenario> set) {
    return set.stream().filter(one -> selected("scenarios", one.name)).toList();
  }

  private Results results() {
    section("The first set", Scenarios.FIRST);
    section("The second set: judged by alone", Scenarios.SECOND);
    section("More: distance, deployments, retries", Scenarios.MORE);
    List<Results.DialogueRow> rows = dialogueScenarios().stream().map(this::row).toList();
    return new Results(strategies, sections, new Results.Dialogue(dialogueStrategies(), rows));
  }

  private static List<DialogueScenario> dialogueScenarios() {
    return DialogueScenario.ALL.stream().filter(one -> selected("scenarios", one.name())).toList();
  }

  /** Ours, and the model that can be held against what Dialogue has published. */
  private List<Strategy> dialogueStrategies() {
    return strategies.stream()
        .filter(one -> !one.model() || one.equals(Strategies.DIALOGUE))
        .toList();
  }

  private Results.DialogueRow row(DialogueScenario scenario) {
    List<DialogueScenario.Published> cells = new ArrayList<>();
    for (Strategy strategy : dialogueStrategies()) {
      progress.next(scenario.name() + ", " + strategy.name());
      List<DialogueScenario.Published> runs =
          LongStream.of(seeds).mapToObj(seed -> DialogueRun.run(scenario, strategy, seed)).toList();
      cells.add(
          new DialogueScenario.Published(
              runs.stream().mapToDouble(one -> one.success()).average().orElseThrow(),
              runs.stream().mapToDouble(one -> one.meanSeconds()).average().orElseThrow()));
    }
    return new Results.DialogueRow(scenario, cells);
  }

  private void section(String title, List<Scenario> set) {
    List<Results.Row> rows = selected(set).stream().map(this::row).toList();
    if (!rows.isEmpty()) {
      sections.add(new Results.Section(title, rows));
    }
  }

  private Results.Row row(Scenario scenario) {
    List<Results.Cell> cells = new ArrayList<>();
    for (Strategy strategy : strategies) {
      progress.next(scenario + ", " + strategy.name());
      cells.add(
          Results.Cell.of(
              LongStream.of(seeds)
                  .mapToObj(seed -> Simulation.run(scenario, strategy, seed))
                  .toList()));
    }
    return new Results.Row(scenario, cells);
  }

  private List<String> replays() {
    return replays.stream().map(one -> one.json(strategies, seeds[0], progress)).toList();
  }
}
