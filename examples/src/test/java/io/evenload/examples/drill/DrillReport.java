package io.evenload.examples.drill;

import io.evenload.examples.drill.Timeline.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What all incidents came to, as Markdown. */
final class DrillReport {

  private static final int MOST_ENTRIES = 30;

  private final SortedMap<Integer, Incident> incidents = new TreeMap<>();

  private record Incident(
      String name, Instant broken, List<Finding> findings, List<Entry> timeline) {}

  /**
   * Adds an incident that has ended.
   *
   * @param place in the report
   */
  void add(int place, Drill drill, List<Finding> findings) {
    Incident incident =
        new Incident(drill.name(), drill.broken(), findings, drill.timeline().entries());
    incidents.put(place, incident);
  }

  void write(Path file) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append(
        """
        | incident | client | GETs | failed | slowest, s | POSTs | twice | lost | what became of those \
        | 500s seen | before it was out | attempts failed | s until out | s until back | failed after that |
        |---|---|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|
        """);
    incidents
        .values()
        .forEach(incident -> incident.findings().forEach(f -> row(text, incident, f)));
    incidents.values().forEach(incident -> timeline(text, incident));
    Files.writeString(file, text);
  }

  private static void row(StringBuilder text, Incident incident, Finding finding) {
    String fates =
        finding.lost().entrySet().stream()
            .map(lost -> lost.getValue().size() + " " + lost.getKey())
            .collect(Collectors.joining(", "));
    text.append(
        String.format(
            Locale.ROOT,
            "| %s | %s | %d | %d | %.1f | %d | %d | %d | %s | %d | %d | %d | %s | %s | %d |%n",
            incident.name(),
            finding.client(),
            finding.gets(),
            finding.failedGets().size(),
            finding.slowestGet(),
            finding.posts(),
            finding.twice().size(),
            finding.lostInAll(),
            fates,
            finding.errors(),
            finding.errorsBeforeOut(),
            finding.wasted(),
            seconds(finding.secondsUntilOut()),
            seconds(finding.secondsUntilBack()),
            finding.failedAfterwards()));
  }

  private static String seconds(@Nullable Double seconds) {
    return seconds == null ? "-" : String.format(Locale.ROOT, "%.1f", seconds);
  }

  private static void timeline(StringBuilder text, Incident incident) {
    text.append(
        String.format(
            Locale.ROOT, "%n## %s%n%n| s | by | said |%n|--:|---|---|%n", incident.name()));
    List<Entry> since =
        incident.timeline().stream().filter(e -> !e.at().isBefore(incident.broken())).toList();
    since.stream().limit(MOST_ENTRIES).forEach(entry -> entry(text, incident, entry));
    if (since.size() > MOST_ENTRIES) {
      text.append("| | | and ").append(since.size() - MOST_ENTRIES).append(" more |\n");
    }
  }

  private static void entry(StringBuilder text, Incident incident, Entry entry) {
    String said = entry.text().replace("|", "\\|");
    text.append(
        String.format(
            Locale.ROOT,
            "| %.1f | %s | %s |%n",
            Drill.seconds(incident.broken(), entry.at()),
            entry.source(),
            entry.source() == Timeline.Source.DRILL ? "**" + said + "**" : "`" + said + "`"));
  }
}
