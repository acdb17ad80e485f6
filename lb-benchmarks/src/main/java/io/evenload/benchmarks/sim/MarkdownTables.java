package io.evenload.benchmarks.sim;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The figures as tables in Markdown. */
final class MarkdownTables {

  private final Results results;
  private final StringBuilder text = new StringBuilder();

  private MarkdownTables(Results results) {
    this.results = results;
  }

  static String of(Results results) {
    MarkdownTables tables = new MarkdownTables(results);
    for (Results.Section section : results.sections()) {
      tables.summary(section);
      tables.ratios(section);
      tables.details(section);
    }
    if (!results.dialogue().rows().isEmpty()) {
      tables.dialogue(results.dialogue());
    }
    return tables.text.toString();
  }

  private void dialogue(Results.Dialogue dialogue) {
    text.append("### Dialogue's own scenarios: answered with 200, and the mean time\n\n");
    text.append("| scenario | Dialogue (published) | Dialogue, unlimited (published) |");
    dialogue.strategies().forEach(one -> text.append(' ').append(one.label()).append(" |"));
    text.append("\n|---|").append("--:|".repeat(2 + dialogue.strategies().size())).append('\n');
    for (Results.DialogueRow row : dialogue.rows()) {
      text.append("| ").append(row.scenario().name()).append(" | ");
      text.append(row.scenario().limited()).append(" | ");
      text.append(row.scenario().unlimited()).append(" |");
      row.cells().forEach(cell -> text.append(' ').append(cell).append(" |"));
      text.append('\n');
    }
    text.append('\n');
  }

  private void summary(Results.Section section) {
    head(section.title() + ": p99 in ms");
    for (Results.Row row : section.rows()) {
      double best = row.cells().stream().mapToDouble(cell -> cell.p99().mean()).min().orElseThrow();
      text.append("| ").append(row.scenario()).append(" |");
      for (Results.Cell cell : row.cells()) {
        String bold = cell.p99().mean() == best ? "**" : "";
        text.append(' ').append(bold).append(cell.p99()).append(bold).append(" |");
      }
      text.append('\n');
    }
    text.append('\n');
  }

  private void ratios(Results.Section section) {
    String first = results.strategies().get(0).name();
    head(section.title() + ": p99 relative to " + first + ", seed by seed");
    for (Results.Row row : section.rows()) {
      text.append("| ").append(row.scenario()).append(" |");
      for (int i = 0; i < row.cells().size(); i++) {
        text.append(' ').append(row.relative(i).toString(2)).append(" |");
      }
      text.append('\n');
    }
    text.append('\n');
  }

  private void head(String title) {
    text.append("### ").append(title).append("\n\n| scenario |");
    results.strategies().forEach(one -> text.append(' ').append(one.label()).append(" |"));
    text.append("\n|---|").append("--:|".repeat(results.strategies().size())).append('\n');
  }

  private void details(Results.Section section) {
    text.append("### ").append(section.title()).append(": all figures\n\n");
    text.append("| scenario | strategy | p50 ms | p99 ms | p99.9 ms | errors % | imbalance");
    text.append(" | attempts per call |\n|---|---|--:|--:|--:|--:|--:|--:|\n");
    for (Results.Row row : section.rows()) {
      for (int i = 0; i < row.cells().size(); i++) {
        String scenario = i == 0 ? row.scenario().name : "";
        text.append("| ").append(scenario).append(" | ");
        text.append(results.strategies().get(i).label()).append(" | ");
        text.append(figures(row.cells().get(i))).append(" |\n");
      }
    }
    text.append('\n');
  }

  /** All figures of a cell, with bars between them. */
  static String figures(Results.Cell cell) {
    return Stream.of(
            cell.p50().toString(),
            cell.p99().toString(),
            cell.p999().toString(),
            percent(cell.errors()),
            String.format(Locale.ROOT, "%.2f", cell.imbalance().mean()),
            String.format(Locale.ROOT, "%.2f", cell.attempts().mean()))
        .collect(Collectors.joining(" | "));
  }

  static String percent(Estimate errors) {
    return errors.mean() == 0 ? "0" : errors.toString(3);
  }
}
