package io.evenload;

import io.evenload.health.OutlierDetection;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;

/**
 * Which endpoints are worse than they should be, and for how long to do without: pure functions.
 */
final class OutlierRule {

  /*
   * After Envoy's outlier detection and gRPC's A50. With k of n endpoints equally bad, a bad one is sqrt((n - k) / k)
   * standard deviations below the mean, which is less than 1.9 once k/n is 21.7 % or more: then the comparison finds
   * none of them, and the rules for failures in a row and for the share of failures have to.
   *
   * Whatever rule finds a server, it is no outlier if the others fail too and chance explains the rest: what fails
   * everywhere is the request's fault. The two questions of chance are asked for each attempt and each interval, so the
   * answer has to be wrong hardly ever: CHANCE and DEVIATIONS are both about once in a thousand million.
   */

  private static final double LOG_CHANCE = Math.log(1e-9);
  private static final double DEVIATIONS = 5;

  private OutlierRule() {}

  /**
   * Whether so many bad outcomes in a row may be chance.
   *
   * @param share the part of outcomes that is bad elsewhere; if none is, nothing is put down to it
   */
  static boolean mayBeChance(int inARow, double share) {
    return share > 0 && inARow * Math.log(share) > LOG_CHANCE;
  }

  /**
   * Whether failing more often than the others may be chance, by the difference of two shares; if
   * they do not fail at all, nothing is put down to it.
   */
  static boolean mayBeChance(
      double failed, double attempts, double othersFailed, double othersAttempts) {
    if (othersFailed == 0) {
      return false;
    }
    double share = (failed + othersFailed) / (attempts + othersAttempts);
    double deviation = Math.sqrt(share * (1 - share) * (1 / attempts + 1 / othersAttempts));
    return failed / attempts - othersFailed / othersAttempts <= DEVIATIONS * deviation;
  }

  /** Whether so many attempts without any answer, for so long, are too many. */
  static boolean silent(int unanswered, double seconds) {
    return unanswered >= OutlierDetection.SILENT_ATTEMPTS
        && seconds >= OutlierDetection.SILENT_TIME.toNanos() / 1e9;
  }

  /**
   * Returns the outliers of one interval, the worst first.
   *
   * @param tallies one {@link Tally} of each endpoint of a priority
   */
  static List<Outlier> find(long[] tallies, OutlierDetection options) {
    double threshold = successRateThreshold(tallies, options);
    double failed = LongStream.of(tallies).mapToDouble(Tally::failures).sum();
    double total = LongStream.of(tallies).mapToDouble(Tally::total).sum();
    List<Outlier> outliers = new ArrayList<>();
    for (int i = 0; i < tallies.length; i++) {
      String reason = reason(tallies[i], threshold, options);
      int own = Tally.failures(tallies[i]);
      int attempts = Tally.total(tallies[i]);
      if (!reason.isEmpty() && !mayBeChance(own, attempts, failed - own, total - attempts)) {
        outliers.add(new Outlier(i, Tally.successRate(tallies[i]), reason));
      }
    }
    outliers.sort(Comparator.comparingDouble(Outlier::successRate));
    return outliers;
  }

  private static String reason(long tally, double threshold, OutlierDetection options) {
    int total = Tally.total(tally);
    double failed = 100.0 * Tally.failures(tally) / total;
    if (options.failurePercent() > 0
        && total >= options.failurePercentAttempts()
        && failed > options.failurePercent()) {
      return Math.round(failed) + " % of " + total + " failed";
    }
    double rate = Tally.successRate(tally);
    if (total >= options.successRateAttempts()
        && rate < threshold
        && rate < options.successRateFloor()) {
      return String.format(Locale.ROOT, "success rate %.2f below %.2f", rate, threshold);
    }
    return "";
  }

  /** Returns 0, below which nothing is, if the rule is off or there is too little to compare. */
  private static double successRateThreshold(long[] tallies, OutlierDetection options) {
    double[] rates = new double[tallies.length];
    int count = 0;
    for (long tally : tallies) {
      if (Tally.total(tally) >= options.successRateAttempts()) {
        rates[count++] = Tally.successRate(tally);
      }
    }
    boolean comparable =
        options.successRateDeviations() > 0 && count >= options.successRateServers();
    return comparable ? threshold(rates, count, options.successRateDeviations()) : 0;
  }

  /**
   * Returns the mean of the first {@code count} rates, less so many standard deviations of the
   * population.
   */
  static double threshold(double[] rates, int count, double deviations) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += rates[i];
    }
    double mean = sum / count;
    double squares = 0;
    for (int i = 0; i < count; i++) {
      squares += (rates[i] - mean) * (rates[i] - mean);
    }
    return mean - deviations * Math.sqrt(squares / count);
  }

  /** Returns how many of so many endpoints may be ejected at once. */
  static int cap(int known, int percent) {
    return percent == 0 ? 0 : Math.max(1, (int) ((long) known * percent / 100));
  }

  /**
   * Returns what the next ejection is multiplied by, one more than the former; not more than makes
   * a difference, so that a server which was out for long has not all the more to live down.
   */
  static int times(int former, OutlierDetection options) {
    long base = options.baseEjectionTime().toNanos();
    long enough = (options.maxEjectionTime().toNanos() + base - 1) / base;
    return (int) Math.min(former + 1, enough);
  }

  /**
   * Returns how long an ejection lasts.
   *
   * @param random 0 to 1
   */
  static long ejectionNanos(int times, double random, OutlierDetection options) {
    long nanos = options.baseEjectionTime().multipliedBy(times).toNanos();
    long capped = Math.min(nanos, options.maxEjectionTime().toNanos());
    return Math.round(capped * (1 - options.jitter() * random));
  }

  /**
   * An endpoint that is worse than it should be.
   *
   * @param index its place in the array given
   * @param successRate the share of its attempts that succeeded
   * @param reason in words
   */
  record Outlier(int index, double successRate, String reason) {}
}
