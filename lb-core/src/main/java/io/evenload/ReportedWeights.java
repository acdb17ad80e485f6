package io.evenload;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/** The weights that servers report of themselves, as shares of what is usual. */
final class ReportedWeights {

  /*
   * Reports come with responses, on any thread, and are only noted; two volatile writes if the id is known. Once a second
   * the control path makes shares of them: a weight over the median of all that count, so that what one server says of
   * itself makes no difference to the others. A server of which no report counts has the share 1, so it is taken for an
   * ordinary one. A report counts once its server has reported for the blackout time, since what a cold server says of its
   * first requests is not what it can do; and until it expires. A server that was out for its own sake may have been
   * restarted meanwhile, so its blackout begins anew when it comes back.
   *
   * The share is bounded as in gRPC, and once more by ReportCaps, and changes only by a percent or more, so that choosers do not build new tables for
   * noise.
   */

  static final long BLACKOUT_NANOS = 10_000_000_000L;
  static final double LEAST_SHARE = 0.1;
  static final double MOST_SHARE = 10;

  private static final double NOTICEABLE = 0.01;

  private final Map<String, Report> reports = new ConcurrentHashMap<>();
  private Map<String, Double> shares = Map.of(); // control path only

  /** Notes a report; from any thread. */
  void report(String id, double weight, long validNanos, long now) {
    Report report = reports.get(id);
    if (report == null) {
      report = reports.computeIfAbsent(id, unknown -> new Report(now));
    }
    report.weight = weight;
    report.untilNanos = now + validNanos;
  }

  /**
   * Makes shares of the reports; tells whether one changed.
   *
   * @param listed whether there is such a server
   */
  boolean update(Predicate<String> listed, long now) {
    if (reports.isEmpty() && shares.isEmpty()) {
      return false;
    }
    reports
        .entrySet()
        .removeIf(entry -> entry.getValue().over(now) || !listed.test(entry.getKey()));
    Map<String, Double> weights = new HashMap<>();
    reports.forEach(
        (id, report) -> {
          if (now - report.sinceNanos >= BLACKOUT_NANOS) {
            weights.put(id, report.weight);
          }
        });
    double usual = median(weights.values());
    weights.replaceAll((id, weight) -> Math.max(LEAST_SHARE, Math.min(MOST_SHARE, weight / usual)));
    boolean changed =
        !weights.keySet().equals(shares.keySet())
            || weights.entrySet().stream()
                .anyMatch(
                    entry -> {
                      double share = share(entry.getKey());
                      return Math.abs(entry.getValue() - share) > NOTICEABLE * share;
                    });
    if (changed) {
      shares = weights;
    }
    return changed;
  }

  /** Begins the blackout of a server anew, if it has reported: it comes back. Control path only. */
  void restart(String id, long now) {
    Report report = reports.get(id);
    if (report != null) {
      report.sinceNanos = now;
    }
    drop(id);
  }

  /** Forgets a server, since another one has its id from now on. Control path only. */
  void forget(String id) {
    reports.remove(id);
    drop(id);
  }

  private void drop(String id) {
    if (shares.containsKey(id)) {
      Map<String, Double> others = new HashMap<>(shares);
      others.remove(id);
      shares = others;
    }
  }

  /**
   * The middle one; of two the mean, unless they differ so much that they cannot both be usual:
   * then the lower one. 1 if there is none.
   */
  private static double median(Collection<Double> weights) {
    double[] sorted = weights.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int n = sorted.length;
    if (n == 0) {
      return 1;
    }
    double low = sorted[(n - 1) / 2];
    double high = sorted[n / 2];
    return high > MOST_SHARE * low ? low : low + (high - low) / 2;
  }

  /** Whether any server's share may be another than 1. */
  boolean anyShare() {
    return !shares.isEmpty();
  }

  /** Returns the share of its configured weight that a server should have; 1 if none is known. */
  double share(String id) {
    return shares.getOrDefault(id, 1.0);
  }

  private static final class Report {
    volatile long sinceNanos;
    volatile double weight;
    volatile long untilNanos;

    Report(long sinceNanos) {
      this.sinceNanos = sinceNanos;
      this.untilNanos = sinceNanos;
    }

    boolean over(long now) {
      return now - untilNanos > 0;
    }
  }
}
