package io.evenload.benchmarks.live;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What came of a trial.
 *
 * @param p50 the median of the calls' latencies, in milliseconds
 * @param p99 what 99 % of them keep within
 * @param p999 what 99.9 % of them keep within
 * @param errorPercent the part of the calls that failed or took until the timeout
 * @param calls how many were measured
 * @param lateMillis by how much 99 % of the calls at most began too late: what the machine was to
 *     blame for
 */
record Results(
    double p50, double p99, double p999, double errorPercent, int calls, double lateMillis) {

  /**
   * Counts.
   *
   * @param nanos what each call took, from when it should have begun; negative if it failed before
   *     the timeout
   */
  static Results of(long[] nanos, long[] lateNanos, long timeoutNanos) {
    long[] sorted = Arrays.stream(nanos).filter(each -> each >= 0).sorted().toArray();
    int failed = nanos.length - sorted.length;
    long timedOut = Arrays.stream(sorted).filter(each -> each >= timeoutNanos).count();
    long[] late = Arrays.stream(lateNanos).sorted().toArray();
    return new Results(
        millis(sorted, 0.5),
        millis(sorted, 0.99),
        millis(sorted, 0.999),
        100.0 * (failed + timedOut) / nanos.length,
        nanos.length,
        millis(late, 0.99));
  }

  private static double millis(long[] sorted, double part) {
    return sorted.length == 0 ? Double.NaN : sorted[(int) (part * sorted.length)] / 1e6;
  }

  /** As one line, for {@link #parse}. */
  String line() {
    return String.format(
        Locale.ROOT,
        "%.3f %.3f %.3f %.5f %d %.3f",
        p50,
        p99,
        p999,
        errorPercent,
        calls,
        lateMillis);
  }

  static Results parse(String line) {
    List<Double> fields = Stream.of(line.split(" ", -1)).map(Double::valueOf).toList();
    return new Results(
        fields.get(0),
        fields.get(1),
        fields.get(2),
        fields.get(3),
        fields.get(4).intValue(),
        fields.get(5));
  }
}
