package io.evenload;

import io.evenload.health.HealthCheck;

/**
 * What the probes of one endpoint have said, and what follows from it; immutable.
 *
 * @param report what holds
 * @param held whether the endpoint is held back until its first good answer
 * @param answers how many there have been, up to 2: whether there was any, and more than one
 * @param streak how many of the last answers were of the same kind
 * @param lastWasGood the kind of the last answer
 */
record Verdict(HealthReport report, boolean held, int answers, int streak, boolean lastWasGood) {

  private static final int SEVERAL = 2;

  /** Returns what holds before the first answer. */
  static Verdict before(boolean healthy) {
    HealthReport report =
        healthy ? HealthReport.healthy() : HealthReport.unhealthy("not yet probed");
    return new Verdict(report, !healthy, 0, 0, false);
  }

  /** Returns what holds after one more answer: a pure function of it and the thresholds. */
  Verdict after(HealthReport answer, HealthCheck check) {
    boolean good = answer.state() == HealthReport.State.HEALTHY;
    int row = answered() && good == lastWasGood ? streak + 1 : 1;
    return new Verdict(
        judged(answer, row, check), held && !good, Math.min(answers + 1, SEVERAL), row, good);
  }

  /** The report changes when the answers in a row reach the threshold. */
  private HealthReport judged(HealthReport answer, int row, HealthCheck check) {
    return switch (answer.state()) {
      case DRAINING -> answer;
      case HEALTHY -> row >= (held ? 1 : check.healthyThreshold()) ? answer : report;
      case UNHEALTHY -> failed(answer.reason(), row, check);
    };
  }

  private HealthReport failed(String reason, int row, HealthCheck check) {
    if (held) {
      return HealthReport.unhealthy("no probe has passed yet, the last: " + reason);
    }
    boolean well = report.state() == HealthReport.State.HEALTHY; // who drains may stop to answer
    return well && row >= check.unhealthyThreshold()
        ? HealthReport.unhealthy(row + " probes failed, the last: " + reason)
        : report;
  }

  boolean answered() {
    return answers > 0;
  }

  /** Whether the last answer was the first one. */
  boolean first() {
    return answers == 1;
  }

  /** Whether nothing is wrong, nor seems to be: such an endpoint is asked less often. */
  boolean calm() {
    return lastWasGood && report.state() == HealthReport.State.HEALTHY;
  }
}
