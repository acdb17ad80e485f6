package io.evenload.benchmarks.live;

import io.evenload.benchmarks.sim.Estimate;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Runs live trials of our choosers, and of other load balancers if {@code -Dpeers=true} (after a
 * build with {@code -Ppeers}), and writes a table into the file that the first argument names, or
 * prints it.
 *
 * <p>System properties: {@code seeds}, separated by commas; {@code contestants} and {@code scenes},
 * of whose names one must contain one of the words; {@code warmUp} and {@code measured}, in
 * seconds; {@code together}, how many contestants run at the same time, each with servers of its
 * own.
 */
public final class LiveTrials {

  private static final String BEGIN = "<!-- begin of the generated tables -->";
  private static final Path PEERS = Path.of("lb-benchmarks", "peers");

  private static final int UNCOUNTED_SECONDS = 10;
  private static final int MOST_UNCOUNTED = 5;

  /** What began later than that, and how often it is repeated at most. */
  private static final double TOO_LATE_MILLIS = 40;

  private static final int REPEATS = 2;

  /** Who takes part, the first of whom all others are compared with. */
  private static final List<Entry> ENTRIES =
      List.of(
          ours("powerOfTwoChoices"),
          ours("shortestExpectedDelay"),
          ours("leastLoaded"),
          ours("peakEwma"),
          ours("roundRobin"),
          peer("gRPC least_request", "grpc", "Grpc", "least_request_experimental"),
          peer("gRPC round_robin", "grpc", "Grpc", "round_robin"),
          peer("Finagle p2cPeakEwma", "finagle", "Finagle", "p2cPeakEwma"),
          peer("Finagle p2c", "finagle", "Finagle", "p2c"),
          peer("ServiceTalk p2c", "servicetalk", "ServiceTalk", "p2c"),
          peer("Dialogue balanced", "dialogue", "Dialogue", "ROUND_ROBIN"));

  private final long[] seeds =
      Stream.of(System.getProperty("seeds", "1,2,3,4,5").split(",", -1))
          .mapToLong(Long::parseLong)
          .toArray();
  private final String seconds =
      System.getProperty("warmUp", "6") + " " + System.getProperty("measured", "24");
  private final int together = Integer.getInteger("together", 2);
  private final List<Running> running = new ArrayList<>();

  private LiveTrials() {}

  /** Runs them. */
  @SuppressWarnings("SystemOut") // the table, if no file was named
  public static void main(String[] args) throws Exception {
    if (args.length == 0) {
      System.out.print(new LiveTrials().run());
      return;
    }
    Path page = Path.of(args[0]);
    String before = Files.readString(page).split(BEGIN, 2)[0]; // fails before all the work
    String tables = new LiveTrials().run();
    Files.writeString(page, before + BEGIN + "\n\n" + tables.strip() + "\n");
  }

  private static Entry ours(String chooser) {
    return new Entry(chooser, "", OkHttpContestant.class.getName(), chooser);
  }

  private static Entry peer(String name, String module, String contestant, String argument) {
    String main = "io.evenload.benchmarks.peers." + contestant + "Contestant";
    return new Entry(name, module, main, argument);
  }

  private String run() throws Exception {
    for (Entry entry : ENTRIES) {
      if (selected("contestants", entry.name)
          && (entry.module.isEmpty() || Boolean.getBoolean("peers"))) {
        running.add(new Running(entry));
      }
    }
    try {
      warmUp();
      StringBuilder tables = new StringBuilder();
      for (Scene scene : Scene.values()) {
        if (selected("scenes", scene.toString())) {
          tables.append(table(scene, trials(scene)));
        }
      }
      return tables.toString();
    } finally {
      running.forEach(each -> each.process.destroy());
    }
  }

  private static boolean selected(String property, String name) {
    String words = System.getProperty(property, "");
    return words.isEmpty() || Arrays.stream(words.split(",", -1)).anyMatch(name::contains);
  }

  /** Trials that do not count, until each process has compiled what it runs. */
  private void warmUp() throws IOException {
    String trial = Scene.THREE_AT_HALF_SPEED.name() + " 0 0 " + UNCOUNTED_SECONDS;
    for (int from = 0; from < running.size(); from += together) {
      List<Integer> batch =
          IntStream.range(from, Math.min(from + together, running.size())).boxed().toList();
      for (int i = 0; i < MOST_UNCOUNTED && isLate(trial(batch, trial)); i++) {}
    }
  }

  /** The results of each contestant, by seed. */
  private List<List<Results>> trials(Scene scene) throws IOException {
    List<List<Results>> results =
        running.stream().<List<Results>>map(each -> new ArrayList<>()).toList();
    for (int s = 0; s < seeds.length; s++) {
      String trial = scene.name() + " " + seeds[s] + " " + seconds;
      for (int from = 0; from < running.size(); from += together) {
        // Each seed begins with another contestant, so that all meet whatever else the machine
        // does.
        int shift = s;
        List<Integer> batch =
            IntStream.range(from, Math.min(from + together, running.size()))
                .mapToObj(i -> (i + shift) % running.size())
                .toList();
        List<Results> ended = trial(batch, trial);
        for (int again = 0; again < REPEATS && isLate(ended); again++) {
          ended = trial(batch, trial);
        }
        for (int i = 0; i < batch.size(); i++) {
          results.get(batch.get(i)).add(ended.get(i));
          report(scene, seeds[s], running.get(batch.get(i)), ended.get(i));
        }
      }
    }
    return results;
  }

  private static boolean isLate(List<Results> results) {
    return results.stream().anyMatch(result -> result.lateMillis() > TOO_LATE_MILLIS);
  }

  /** Has these contestants run it at the same time. */
  private List<Results> trial(List<Integer> batch, String trial) throws IOException {
    for (int i : batch) {
      running.get(i).begin(trial);
    }
    List<Results> results = new ArrayList<>();
    for (int i : batch) {
      results.add(running.get(i).end());
    }
    return results;
  }

  @SuppressWarnings("SystemOut") // its progress
  private static void report(Scene scene, long seed, Running contestant, Results result) {
    System.err.printf(
        Locale.ROOT,
        "%-20s seed %d  %-30s p50 %4.0f  p99 %4.0f  p99.9 %4.0f  errors %.3f %%  late %.1f%n",
        scene,
        seed,
        contestant.entry.name,
        result.p50(),
        result.p99(),
        result.p999(),
        result.errorPercent(),
        result.lateMillis());
  }

  private String table(Scene scene, List<List<Results>> results) {
    StringBuilder table =
        new StringBuilder("### " + scene + "\n\n")
            .append(
                "| client | p50 ms | p99 ms | p99.9 ms | errors % | p50 ratio | p99 ratio | p99.9 ratio | late ms |\n")
            .append("|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (int i = 0; i < running.size(); i++) {
      List<Results> own = results.get(i);
      List<Results> first = results.get(0);
      table.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %s | %.3f | %s | %s | %s | %.1f |%n",
              running.get(i).entry.name,
              mean(own, Results::p50),
              mean(own, Results::p99),
              mean(own, Results::p999),
              own.stream().mapToDouble(Results::errorPercent).average().orElse(Double.NaN),
              ratio(own, first, Results::p50),
              ratio(own, first, Results::p99),
              ratio(own, first, Results::p999),
              own.stream().mapToDouble(Results::lateMillis).max().orElse(Double.NaN)));
    }
    return table.append('\n').toString();
  }

  private static Estimate mean(List<Results> results, ToDoubleFunction<Results> value) {
    return Estimate.of(results.stream().mapToDouble(value).toArray());
  }

  /** The mean of the ratios, seed by seed. */
  private static String ratio(
      List<Results> own, List<Results> first, ToDoubleFunction<Results> value) {
    double[] ratios = new double[own.size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = value.applyAsDouble(own.get(i)) / value.applyAsDouble(first.get(i));
    }
    Estimate estimate = Estimate.of(ratios);
    return String.format(Locale.ROOT, "%.2f ±%.2f", estimate.mean(), estimate.halfWidth());
  }

  /**
   * Who takes part.
   *
   * @param name as in tables
   * @param module of {@code lb-benchmarks/peers}; empty for ours
   * @param main what its process runs
   * @param argument what that is told
   */
  private record Entry(String name, String module, String main, String argument) {

    String classPath() throws IOException {
      if (module.isEmpty()) {
        return System.getProperty("java.class.path");
      }
      Path target = PEERS.resolve(module).resolve("target");
      return target.resolve("classes")
          + File.pathSeparator
          + Files.readString(target.resolve("classpath")).strip();
    }
  }

  /** A contestant's process. */
  private static final class Running {
    final Entry entry;
    final Process process;
    private final PrintStream trials;
    private final BufferedReader answers;

    Running(Entry entry) throws IOException {
      this.entry = entry;
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-Xms256m", "-Xmx256m", "-XX:+UseSerialGC", "-Duser.language=en"));
      command.addAll(List.of("-cp", entry.classPath(), entry.main, entry.argument));
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      trials = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
      answers = process.inputReader(StandardCharsets.UTF_8);
    }

    void begin(String trial) {
      trials.println(trial);
    }

    Results end() throws IOException {
      String answer = answers.readLine();
      if (answer == null) {
        throw new IOException(
            entry.name + ": its process ended (expected: the results of a trial)");
      }
      return Results.parse(answer);
    }
  }
}
