package io.evenload.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import okhttp3.Protocol;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs every benchmark and writes the tables of {@code docs/benchmarks.md}, of which the first
 * argument is the path.
 */
public final class Report {

  private static final String BEGIN = "<!-- begin of the generated tables -->";
  private static final String END = "<!-- end of the generated tables -->";

  private final Map<String, Map<String, Double>> rows = new LinkedHashMap<>();

  private Report() {}

  /** Runs the benchmarks and replaces the tables in the given file. */
  public static void main(String[] arguments) throws RunnerException, IOException {
    if (arguments.length != 1) {
      throw new IllegalArgumentException(
          "arguments: " + arguments.length + " (expected: the path)");
    }
    Path path = Path.of(arguments[0]);
    String page = Files.readString(path);
    Report report = new Report();
    report.run(1);
    report.run(2);
    String tables = report.tables() + "\n" + callTable();
    String before = page.substring(0, page.indexOf(BEGIN) + BEGIN.length());
    String after = page.substring(page.indexOf(END));
    Files.writeString(path, before + "\n\n" + tables + "\n" + after);
  }

  private void run(int threads) throws RunnerException {
    OptionsBuilder options = new OptionsBuilder();
    options.include("io.evenload.benchmarks.*Benchmark").threads(threads);
    options.exclude("UpdateBenchmark"); // milliseconds, for docs/scale.md
    options.addProfiler(GCProfiler.class).addProfiler(CpuProfiler.class);
    for (RunResult result : new Runner(options).run()) {
      Map<String, Double> row = rows.computeIfAbsent(name(result), key -> new LinkedHashMap<>());
      row.put("ns " + threads, threads == 1 ? value(result, CpuProfiler.NAME) : 0);
      row.put("mops " + threads, threads * 1_000 / result.getPrimaryResult().getScore());
      row.put("bytes " + threads, value(result, "gc.alloc.rate.norm"));
    }
  }

  private static String name(RunResult result) {
    String method = result.getPrimaryResult().getLabel();
    Collection<String> keys = result.getParams().getParamsKeys();
    String chooser = keys.contains("chooser") ? " " + result.getParams().getParam("chooser") : "";
    boolean weighted =
        keys.contains("weighted") && Boolean.parseBoolean(result.getParams().getParam("weighted"));
    String n = keys.contains("n") ? result.getParams().getParam("n") : "";
    return method + chooser + (weighted ? ", weights 1 to 10" : "") + " | " + n;
  }

  @SuppressWarnings("rawtypes") // JMH's own
  private static double value(RunResult result, String secondary) {
    for (var entry : result.getSecondaryResults().entrySet()) {
      if (entry.getKey().endsWith(secondary)) {
        return entry.getValue().getScore();
      }
    }
    return Double.NaN;
  }

  private String tables() {
    List<String> lines = new ArrayList<>();
    lines.add("| what | n | ns CPU, 1 thread | Mops/s, 1 thread | Mops/s, 2 threads | B/op |");
    lines.add("|---|--:|--:|--:|--:|--:|");
    rows.forEach(
        (name, row) ->
            lines.add(
                String.format(
                    Locale.ROOT,
                    "| %s | %.1f | %.1f | %.1f | %.0f |",
                    name,
                    row.get("ns 1"),
                    row.get("mops 1"),
                    row.get("mops 2"),
                    Math.max(row.get("bytes 1"), row.get("bytes 2")))));
    return String.join("\n", lines) + "\n";
  }

  private static String callTable() throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("| protocol | balanced / bare, median | quartiles | B/call bare | B/call balanced |");
    lines.add("|---|--:|--:|--:|--:|");
    lines.add(CallOverhead.measure(Protocol.HTTP_1_1).row());
    lines.add(CallOverhead.measure(Protocol.H2_PRIOR_KNOWLEDGE).row());
    return String.join("\n", lines) + "\n";
  }
}
