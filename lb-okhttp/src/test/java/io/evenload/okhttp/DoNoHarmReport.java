package io.evenload.okhttp;

import io.evenload.okhttp.Episode.Kind;
import io.evenload.okhttp.TroubledCalls.Client;
import io.evenload.okhttp.TroubledCalls.Results;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;

/** Compares callers with a balancer and without one, in many kinds of trouble. */
final class DoNoHarmReport {

  private DoNoHarmReport() {}

  /** Both sides of one schedule. */
  record Pair(Schedule schedule, Results ours, Results plain) {

    static Pair of(Schedule schedule, long seed, Client ours) {
      return new Pair(
          schedule,
          TroubledCalls.run(schedule, seed, ours),
          TroubledCalls.run(schedule, seed, Client.PLAIN));
    }

    Pair and(Pair other) {
      return new Pair(schedule, ours.and(other.ours), plain.and(other.plain));
    }

    double gain() {
      return ours.success() - plain.success();
    }

    /** Within what time 99 % of the good answers of the plain side came. */
    double plainP99() {
      return plain.millisFor(0.99 * plain.success());
    }

    /** Within what time as many good answers came, or 99 % of those that did. */
    double oursP99() {
      return ours.millisFor(0.99 * Math.min(ours.success(), plain.success()));
    }

    double p99Ratio() {
      return plain.anyGood() && ours.anyGood() ? oursP99() / plainP99() : 1;
    }

    boolean only(Kind kind) {
      return schedule.episodes().stream().allMatch(episode -> episode.kind() == kind);
    }

    boolean harms() {
      return gain() < -0.01 || p99Ratio() > 1.1;
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "gain %.4f (%.4f, plain %.4f), p99 %.1f ms, plain %.1f ms (%.2f), %d calls; %s",
          gain(),
          ours.success(),
          plain.success(),
          oursP99(),
          plainP99(),
          p99Ratio(),
          ours.calls(),
          schedule);
    }
  }

  /** Looks again, by other chances, at what looked like harm. */
  static Pair confirmed(Schedule schedule, int looks, Client ours) {
    Pair pair = Pair.of(schedule, 1, ours);
    for (int i = 2; i <= looks && pair.harms(); i++) {
      pair = pair.and(Pair.of(schedule, i, ours));
    }
    return pair;
  }

  /** Both sides of so many schedules, all in zones or none. */
  static List<Pair> pairs(long schedules, boolean zoned, int looks, Client ours) {
    return LongStream.rangeClosed(1, schedules)
        .parallel()
        .mapToObj(seed -> confirmed(Schedule.generated(seed, zoned), looks, ours))
        .toList();
  }

  /** Says in Markdown what came of them, by kind of trouble, and which of them do harm. */
  static String of(List<Pair> pairs) {
    List<String> lines = new ArrayList<>();
    lines.add("| trouble | schedules | gain, mean | worst | best | p99 ratio, median |");
    lines.add("|---|--:|--:|--:|--:|--:|");
    for (Kind kind : Kind.values()) {
      List<Pair> alone = pairs.stream().filter(pair -> pair.only(kind)).toList();
      lines.add(row("only " + kind.toString().toLowerCase(Locale.ROOT).replace('_', ' '), alone));
    }
    lines.add(row("all, up to three at once", pairs));
    lines.add("");
    pairs.stream()
        .filter(Pair::harms)
        .sorted(Comparator.comparingDouble(Pair::gain))
        .forEach(pair -> lines.add("- " + pair));
    return String.join("\n", lines) + "\n";
  }

  private static String row(String name, List<Pair> pairs) {
    DoubleSummaryStatistics gains = pairs.stream().mapToDouble(Pair::gain).summaryStatistics();
    double[] ratios = pairs.stream().mapToDouble(Pair::p99Ratio).sorted().toArray();
    return String.format(
        Locale.ROOT,
        "| %s | %d | %.4f | %.4f | %.4f | %.2f |",
        name,
        pairs.size(),
        gains.getAverage(),
        gains.getMin(),
        gains.getMax(),
        ratios.length == 0 ? Double.NaN : ratios[ratios.length / 2]);
  }
}
