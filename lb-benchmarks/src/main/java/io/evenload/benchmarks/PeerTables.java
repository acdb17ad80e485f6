package io.evenload.benchmarks;

import io.evenload.benchmarks.PeerResults.Case;
import io.evenload.benchmarks.PeerResults.Figure;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The tables of {@code docs/benchmark-tables.md}. */
final class PeerTables {

  static final String LIMITS = "limit";
  static final String OURS = "Evenload";
  static final String OURS_AGAIN = "Evenload, at the end";

  private static final int FEW = 10;
  private static final int MANY = 1000;

  /** Each of our algorithms beside those that do the same. */
  private static final List<Pair> PAIRS =
      List.of(
          new Pair("roundRobin", "gRPC", "round_robin", 1, 0),
          new Pair("roundRobin weighted", "gRPC", "StaticStrideScheduler", 0.5, 0),
          new Pair("roundRobin weighted", "gRPC", "weighted_round_robin", 0.5, 0),
          new Pair("random", "Vert.x", "RANDOM", 1, 0),
          new Pair("powerOfTwoChoices +release", "gRPC", "least_request +release", 1, 0),
          new Pair("powerOfTwoChoices weighted +release", "gRPC", "least_request +release", 1, 0),
          new Pair("powerOfTwoChoices +release", "Finagle", "p2c +release", 0.5, 0),
          new Pair("powerOfTwoChoices +release", "Vert.x", "POWER_OF_TWO_CHOICES +release", 0.5, 2),
          new Pair("peakEwma +release", "Finagle", "p2cPeakEwma +release", 1 / 3.0, 3),
          new Pair("maglev", "gRPC", "ring_hash", 1 / 3.0, 0),
          new Pair("rendezvous", "gRPC", "ring_hash", 0, 0));

  private final PeerResults results;
  private final List<String> lines = new ArrayList<>();

  private PeerTables(PeerResults results) {
    this.results = results;
  }

  static String of(PeerResults results) {
    PeerTables tables = new PeerTables(results);
    tables.limits();
    tables.selections();
    tables.ratios();
    tables.ours();
    return String.join("\n", tables.lines) + "\n";
  }

  private void limits() {
    lines.add("### The machine's limits\n");
    lines.add("| limit | ns CPU | Mops/s, 2 threads |");
    lines.add("|---|--:|--:|");
    for (Case limit : of(LIMITS)) {
      row(limit.algorithm(), figure(Figure.CPU_NANOS, limit), figure(Figure.MOPS_2, limit));
    }
  }

  private void selections() {
    lines.add("\n### One selection\n");
    lines.add(
        "| load balancer | algorithm | ns CPU, n=10 | n=1000 | Mops/s of 2 threads, n=10 | n=1000"
            + " | B/op, n=10 | n=1000 |");
    lines.add("|---|---|--:|--:|--:|--:|--:|--:|");
    for (Case few : results.cases()) {
      if (few.n() == FEW && !few.balancer().equals(OURS_AGAIN)) {
        Case many = few.over(MANY);
        row(
            few.balancer(),
            few.algorithm(),
            figure(Figure.CPU_NANOS, few),
            figure(Figure.CPU_NANOS, many),
            figure(Figure.MOPS_2, few),
            figure(Figure.MOPS_2, many),
            bytes(few),
            bytes(many));
      }
    }
  }

  private void ratios() {
    lines.add("\n### Ours beside its counterpart\n");
    lines.add(
        "| ours | counterpart | n | ns CPU, ours | theirs | ratio | aim | Mops/s of 2 threads, ours"
            + " | theirs | ratio | aim |");
    lines.add("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (Pair pair : PAIRS) {
      for (Case ours : of(OURS)) {
        if (ours.algorithm().equals(pair.ours)) {
          of(pair.balancer).stream()
              .filter(theirs -> theirs.algorithm().equals(pair.theirs) && theirs.n() == ours.n())
              .forEach(theirs -> ratio(pair, ours, theirs));
        }
      }
    }
  }

  private void ratio(Pair pair, Case ours, Case theirs) {
    double ourNanos = meanNanos(ours);
    double theirNanos = results.get(Figure.CPU_NANOS, theirs);
    double ourMops = results.get(Figure.MOPS_2, ours);
    double theirMops = results.get(Figure.MOPS_2, theirs);
    row(
        ours.algorithm(),
        theirs.balancer() + " " + theirs.algorithm(),
        String.valueOf(ours.n()),
        number(ourNanos),
        number(theirNanos),
        ratio(ourNanos / theirNanos),
        pair.mostNanos == 0
            ? ""
            : aim("<= ", pair.mostNanos, ourNanos / theirNanos <= pair.mostNanos),
        number(ourMops),
        number(theirMops),
        ratio(ourMops / theirMops),
        pair.leastMops == 0
            ? ""
            : aim(">= ", pair.leastMops, ourMops / theirMops >= pair.leastMops));
  }

  private static String aim(String sign, double bound, boolean met) {
    return sign + ratio(bound) + (met ? " met" : " **missed**");
  }

  private void ours() {
    lines.add("\n### Ours: drift, growth and scaling\n");
    lines.add(
        "| algorithm | n | ns CPU, first | last | last / first | n=1000 / n=10"
            + " | Mops/s, 1 thread | 2 threads | 2 / 1 |");
    lines.add("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (Case first : of(OURS)) {
      Case last = first.of(OURS_AGAIN);
      double growth = meanNanos(first) / meanNanos(first.over(FEW));
      double scaling = results.get(Figure.MOPS_2, first) / results.get(Figure.MOPS_1, first);
      row(
          first.algorithm(),
          String.valueOf(first.n()),
          figure(Figure.CPU_NANOS, first),
          figure(Figure.CPU_NANOS, last),
          ratio(results.get(Figure.CPU_NANOS, last) / results.get(Figure.CPU_NANOS, first)),
          first.n() == MANY ? ratio(growth) : "",
          figure(Figure.MOPS_1, first),
          figure(Figure.MOPS_2, first),
          ratio(scaling));
    }
  }

  /** Returns the mean of our two runs, between which the peers' were. */
  private double meanNanos(Case ours) {
    double first = results.get(Figure.CPU_NANOS, ours);
    double last = results.get(Figure.CPU_NANOS, ours.of(OURS_AGAIN));
    return Double.isNaN(last) ? first : (first + last) / 2;
  }

  /** Returns the cases of a load balancer, whatever its version. */
  private List<Case> of(String balancer) {
    return results.cases().stream()
        .filter(
            measured ->
                measured.balancer().equals(balancer)
                    || (!balancer.equals(OURS) && measured.balancer().startsWith(balancer + " ")))
        .toList();
  }

  private void row(String... cells) {
    lines.add("| " + String.join(" | ", cells) + " |");
  }

  private String figure(Figure figure, Case measured) {
    return number(results.get(figure, measured));
  }

  private String bytes(Case measured) {
    double bytes = results.get(Figure.BYTES, measured);
    return Double.isNaN(bytes) ? "-" : String.format(Locale.ROOT, "%,.0f", bytes);
  }

  private static String number(double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    String format = value >= 100 ? "%,.0f" : value >= 1 ? "%.1f" : "%.3f";
    return String.format(Locale.ROOT, format, value);
  }

  private static String ratio(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.2f", value);
  }

  /**
   * One of our algorithms, what it is to be compared with, and what the project wants: at most so
   * much of the other's processor time, at least so many times its throughput (0: not asked for).
   */
  private record Pair(
      String ours, String balancer, String theirs, double mostNanos, double leastMops) {}
}
