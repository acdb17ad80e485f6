package io.evenload.scenario;

import java.util.Arrays;

/** What became of calls: counts, and the latencies of those that succeeded. */
final class Measurements {

  long calls;
  long failed;
  long retries;
  private long[] latencies = new long[1 << 10];
  private int succeeded;

  void succeeded(long latencyNanos) {
    if (succeeded == latencies.length) {
      latencies = Arrays.copyOf(latencies, 2 * succeeded);
    }
    latencies[succeeded++] = latencyNanos;
  }

  /** The latency in whole milliseconds that this share of the successful calls did not exceed. */
  long percentileMillis(double share) {
    if (succeeded == 0) {
      return 0;
    }
    Arrays.sort(latencies, 0, succeeded);
    int index = (int) Math.min(succeeded - 1, Math.round(share * succeeded));
    return Math.round(latencies[index] / 1e6);
  }

  /** Returns these and begins anew. */
  Measurements take() {
    Measurements taken = new Measurements();
    taken.calls = calls;
    taken.failed = failed;
    taken.retries = retries;
    taken.latencies = latencies;
    taken.succeeded = succeeded;
    calls = 0;
    failed = 0;
    retries = 0;
    succeeded = 0;
    latencies = new long[1 << 10];
    return taken;
  }
}
