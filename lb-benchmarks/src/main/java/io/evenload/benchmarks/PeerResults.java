package io.evenload.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The figures that JMH wrote, by load balancer, algorithm and number of servers. */
final class PeerResults {

  private final Map<Case, Map<Figure, Double>> figures = new LinkedHashMap<>();

  /** Takes in a file of JMH's format "csv". A benchmark that failed is not in it. */
  void read(String balancer, Path csv) throws IOException {
    List<String> lines = Files.readAllLines(csv);
    List<String> header = cells(lines.get(0));
    int algorithm = header.indexOf("Param: algorithm");
    int n = header.indexOf("Param: n");
    for (String line : lines.subList(1, lines.size())) {
      List<String> row = cells(line);
      String[] names = row.get(0).split(":", 2);
      String method = names[0].substring(names[0].lastIndexOf('.') + 1);
      Case measured =
          new Case(
              balancer,
              algorithm < 0 ? method : row.get(algorithm),
              n < 0 ? 0 : Integer.parseInt(row.get(n)));
      double score = Double.parseDouble(row.get(header.indexOf("Score")));
      int threads = Integer.parseInt(row.get(header.indexOf("Threads")));
      put(measured, names.length == 1 ? "" : names[1], threads, score);
    }
  }

  private void put(Case measured, String label, int threads, double score) {
    Map<Figure, Double> row = figures.computeIfAbsent(measured, absent -> new LinkedHashMap<>());
    if (label.isEmpty()) {
      row.put(threads == 1 ? Figure.MOPS_1 : Figure.MOPS_2, threads * 1_000 / score);
    } else if (threads == 1 && label.endsWith(CpuProfiler.NAME)) {
      row.put(Figure.CPU_NANOS, score);
    } else if (threads == 1 && label.endsWith("gc.alloc.rate.norm")) {
      row.put(Figure.BYTES, score);
    }
  }

  /** Returns what was measured, in the order of measuring. */
  Set<Case> cases() {
    return figures.keySet();
  }

  /** Returns a figure; NaN if it was not measured. */
  double get(Figure figure, @Nullable Case measured) {
    return figures.getOrDefault(measured, Map.of()).getOrDefault(figure, Double.NaN);
  }

  private static List<String> cells(String line) {
    return Arrays.stream(line.split(",", -1)).map(cell -> cell.replace("\"", "")).toList();
  }

  /** One algorithm of a load balancer over so many servers; 0 where there are none. */
  record Case(String balancer, String algorithm, int n) {

    Case over(int n) {
      return new Case(balancer, algorithm, n);
    }

    Case of(String balancer) {
      return new Case(balancer, algorithm, n);
    }
  }

  /** What is known of a case. */
  enum Figure {
    /** Processor time per operation with one thread. */
    CPU_NANOS,
    /** Millions of operations per second with one thread. */
    MOPS_1,
    /** Millions of operations per second of two threads together. */
    MOPS_2,
    /** Bytes allocated per operation. */
    BYTES
  }
}
