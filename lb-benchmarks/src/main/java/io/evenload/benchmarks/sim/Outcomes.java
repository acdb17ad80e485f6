package io.evenload.benchmarks.sim;

import java.util.Arrays;

/** What came of the calls that began while it was measured. */
final class Outcomes {

  private final long[] perServer;
  private double[] millis = new double[1024];
  private int answered;
  private long failed;
  private long timedOut;
  private boolean sorted;

  Outcomes(int servers) {
    this.perServer = new long[servers];
  }

  void sent(int server) {
    perServer[server]++;
  }

  /** A call got its answer. */
  void answered(long nanos) {
    if (answered == millis.length) {
      millis = Arrays.copyOf(millis, 2 * answered);
    }
    millis[answered++] = nanos / 1e6;
    sorted = false;
  }

  /** A call was given up, for its time was over: it counts as one that took so long. */
  void timedOut(long nanos) {
    timedOut++;
    answered(nanos);
  }

  /** A call failed before its timeout: that says nothing of how long answers take. */
  void failed() {
    failed++;
  }

  /** The latency in milliseconds that this part of the calls keeps within. */
  double quantile(double part) {
    if (answered == 0) {
      return Double.NaN;
    }
    if (!sorted) {
      Arrays.sort(millis, 0, answered);
      sorted = true;
    }
    return millis[Math.min(answered - 1, (int) (part * answered))];
  }

  double meanMillis() {
    return Arrays.stream(millis, 0, answered).average().orElse(Double.NaN);
  }

  long calls() {
    return answered + failed;
  }

  /** The part of the calls, in percent, that failed or timed out. */
  double errorPercent() {
    return 100.0 * (failed + timedOut) / calls();
  }

  /** What the server with the most calls had, relative to the mean. */
  double imbalance() {
    double most = Arrays.stream(perServer).max().orElse(0);
    return most / Arrays.stream(perServer).average().orElse(0);
  }

  /** What the server with the fewest calls had, relative to the mean. */
  double leastShare() {
    double least = Arrays.stream(perServer).min().orElse(0);
    return least / Arrays.stream(perServer).average().orElse(0);
  }

  /** How many requests were sent for each call. */
  double attemptsPerCall() {
    return (double) Arrays.stream(perServer).sum() / calls();
  }

  /** The part of the calls that a server had. */
  double share(int server) {
    return (double) perServer[server] / Arrays.stream(perServer).sum();
  }
}
