package io.evenload.benchmarks;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Runs our choosers and every peer's picker, each on its own class path, then whole calls with and
 * without balancing, and writes the tables of {@code docs/benchmark-tables.md}, of which the first
 * argument is the path. Further arguments are JMH's own, for a quick look: {@code -wi 1 -i 1 -r
 * 200ms}. The system property {@code peers} names the peers to run, separated by commas; by default
 * all. With {@code -Dresume=true} what an earlier run wrote to {@code lb-benchmarks/target/peers}
 * counts, and only the rest is run.
 *
 * <p>Ours run first and last, so that a machine that became slower in between shows.
 */
public final class Report {

  private static final String BEGIN = "<!-- begin of the generated tables -->";
  private static final String END = "<!-- end of the generated tables -->";
  private static final Path HOME = Path.of("lb-benchmarks");
  private static final Path LOGS = HOME.resolve("target/peers");

  private final List<String> jmhOptions;
  private final PeerResults results = new PeerResults();

  private Report(List<String> jmhOptions) {
    this.jmhOptions = jmhOptions;
  }

  /** Runs the benchmarks and replaces the tables in the given file. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length == 0) {
      throw new IllegalArgumentException("arguments: none (expected: the path, options of JMH)");
    }
    Path path = Path.of(arguments[0]);
    String page = Files.readString(path);
    String before = page.substring(0, page.indexOf(BEGIN) + BEGIN.length());
    String after = page.substring(page.indexOf(END));
    Files.createDirectories(LOGS);
    Report report = new Report(List.of(arguments).subList(1, arguments.length));
    report.runAll();
    String tables =
        PeerTables.of(report.results)
            + "\n"
            + CallOverhead.table()
            + "\n"
            + ObservedCallOverhead.table();
    Files.writeString(path, before + "\n\n" + tables + "\n" + after);
  }

  private void runAll() throws IOException, InterruptedException {
    Map<Peer, String> classPaths = classPaths(); // first, to fail before anything is run
    String ours = System.getProperty("java.class.path");
    run(PeerTables.LIMITS, "limits", "LimitBenchmark", ours, 1, 2);
    run(PeerTables.OURS, "first", "EvenloadPickers", ours, 1, 2);
    for (Map.Entry<Peer, String> entry : classPaths.entrySet()) {
      Peer peer = entry.getKey();
      String title = peer.title + " " + peer.version(entry.getValue());
      run(title, peer.module, peer.benchmark, entry.getValue(), 1, 2);
    }
    run(PeerTables.OURS_AGAIN, "last", "EvenloadPickers", ours, 1);
  }

  /** Returns the class paths that the build has written, of the peers to run. */
  private static Map<Peer, String> classPaths() throws IOException {
    String names = System.getProperty("peers", "");
    Set<String> modules = new TreeSet<>(names.isEmpty() ? Set.of() : Set.of(names.split(",", -1)));
    Map<Peer, String> classPaths = new EnumMap<>(Peer.class);
    for (Peer peer : Peer.values()) {
      if (modules.remove(peer.module) || names.isEmpty()) {
        Path target = HOME.resolve("peers").resolve(peer.module).resolve("target");
        String jars = Files.readString(target.resolve("classpath"));
        classPaths.put(peer, target.resolve("classes") + File.pathSeparator + jars);
      }
    }
    if (!modules.isEmpty()) {
      throw new IllegalArgumentException(
          "peers: " + modules + " (expected: names of modules of lb-benchmarks/peers)");
    }
    return classPaths;
  }

  private void run(String title, String name, String benchmark, String classPath, int... threads)
      throws IOException, InterruptedException {
    for (int count : threads) {
      Path log = LOGS.resolve(name + "-" + count + ".log");
      Path csv = LOGS.resolve(name + "-" + count + ".csv");
      if (!Boolean.getBoolean("resume") || !Files.exists(csv)) {
        System.out.printf("%s, threads: %d (%s)%n", title, count, log);
        Path unfinished = LOGS.resolve("unfinished.csv");
        jmh(benchmark, classPath, count, unfinished, log);
        Files.move(unfinished, csv, StandardCopyOption.REPLACE_EXISTING);
      }
      results.read(title, csv);
    }
  }

  private void jmh(String benchmark, String classPath, int threads, Path csv, Path log)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Duser.language=en", "-cp", classPath, "org.openjdk.jmh.Main"));
    command.addAll(List.of("\\." + benchmark + "\\.", "-t", String.valueOf(threads)));
    command.addAll(List.of("-prof", "gc", "-prof", CpuProfiler.class.getName()));
    command.addAll(List.of("-rf", "csv", "-rff", csv.toString()));
    command.addAll(jmhOptions);
    ProcessBuilder process = new ProcessBuilder(command).redirectErrorStream(true);
    int exit = process.redirectOutput(log.toFile()).start().waitFor();
    if (exit != 0) {
      throw new IOException(benchmark + ": JMH ended with " + exit + ", see " + log);
    }
  }

  /** The peers in the order of the table. */
  private enum Peer {
    GRPC("gRPC", "grpc", "GrpcPickers", "grpc-xds"),
    VERTX("Vert.x", "vertx", "VertxPickers", "vertx-core"),
    FINAGLE("Finagle", "finagle", "FinaglePickers", "finagle-core_2.13"),
    SERVICE_TALK("ServiceTalk", "servicetalk", "ServiceTalkPickers", "servicetalk-loadbalancer"),
    ARMERIA("Armeria", "armeria", "ArmeriaPickers", "armeria"),
    SPRING("Spring Cloud", "spring", "SpringPickers", "spring-cloud-loadbalancer"),
    RIBBON("Ribbon", "ribbon", "RibbonPickers", "ribbon-loadbalancer"),
    STORK("Stork", "stork", "StorkPickers", "stork-core"),
    DUBBO("Dubbo", "dubbo", "DubboPickers", "dubbo-cluster"),
    DIALOGUE("Dialogue", "dialogue", "DialoguePickers", "dialogue-core");

    final String title;
    final String module;
    final String benchmark;
    private final String artifact;

    Peer(String title, String module, String benchmark, String artifact) {
      this.title = title;
      this.module = module;
      this.benchmark = benchmark;
      this.artifact = artifact;
    }

    /** Returns the version of the artifact on this class path. */
    String version(String classPath) {
      String start = File.separator + artifact + "-";
      for (String jar : classPath.split(File.pathSeparator, -1)) {
        int at = jar.lastIndexOf(start);
        if (at >= 0 && Character.isDigit(jar.charAt(at + start.length()))) {
          return jar.substring(at + start.length(), jar.length() - ".jar".length());
        }
      }
      throw new IllegalStateException(artifact + ": not on the class path");
    }
  }
}
