package io.evenload.benchmarks.sim;

import java.util.Arrays;
import java.util.Locale;

/**
 * The mean of independent runs, and how far the true one may be from it.
 *
 * @param mean the mean
 * @param halfWidth half of the interval that covers the true mean in 95 % of such estimates; NaN if
 *     there was one run only
 */
public record Estimate(double mean, double halfWidth) {

  /** Student's t for 95 % with 1, 2, 3 and more degrees of freedom; the last serves all above. */
  private static final double[] STUDENT = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262
  };

  /** Estimates from one value of each run. */
  public static Estimate of(double... runs) {
    double mean = Arrays.stream(runs).average().orElse(Double.NaN);
    double squares = Arrays.stream(runs).map(run -> (run - mean) * (run - mean)).sum();
    int freedom = runs.length - 1;
    double student = freedom < 1 ? Double.NaN : STUDENT[Math.min(freedom, STUDENT.length) - 1];
    return new Estimate(mean, student * Math.sqrt(squares / freedom / runs.length));
  }

  /** Both, with so many digits after the point. */
  String toString(int digits) {
    String number = "%." + digits + "f";
    return String.format(Locale.ROOT, number, mean)
        + (Double.isNaN(halfWidth) ? "" : " ±" + String.format(Locale.ROOT, number, halfWidth));
  }

  /** Both, rounded: {@code 74 ±2}, with one digit after the point below ten. */
  @Override
  public String toString() {
    String digits = mean < 10 ? "%.1f" : "%.0f";
    String interval = halfWidth < 1 ? "%.1f" : "%.0f";
    return String.format(Locale.ROOT, digits, mean)
        + (Double.isNaN(halfWidth) ? "" : " ±" + String.format(Locale.ROOT, interval, halfWidth));
  }
}
