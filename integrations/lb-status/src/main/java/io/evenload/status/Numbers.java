package io.evenload.status;

import java.util.Locale;

/** Numbers in as few digits as say something. */
final class Numbers {

  /** Stands where there is nothing to show. */
  static final String NONE = "–";

  private Numbers() {}

  /** A count, such as {@code 12,345}. */
  static String count(long number) {
    return number < 1_000 ? Long.toString(number) : String.format(Locale.ROOT, "%,d", number);
  }

  /** A rate or a weight, such as {@code 0.25}, {@code 3.5} or {@code 1,200}. */
  static String decimal(double number) {
    if (number == Math.rint(number) || number >= 100) {
      return count(Math.round(number));
    }
    return String.format(Locale.ROOT, number >= 10 ? "%.1f" : "%.2f", number);
  }

  /** A part of 1, such as {@code 12.5 %}; what is above 0 does not read as 0. */
  static String percent(double part) {
    if (part == 0) {
      return "0 %";
    }
    double percent = part * 100;
    if (percent > 0 && percent < 0.1) {
      return "< 0.1 %";
    }
    return String.format(Locale.ROOT, percent >= 99.95 ? "%.0f %%" : "%.1f %%", percent);
  }

  /** A latency, such as {@code 850 µs}, {@code 12.3 ms} or {@code 1.20 s}. */
  static String latency(double nanos) {
    if (Double.isNaN(nanos)) {
      return NONE;
    }
    if (nanos < 1e6) {
      return String.format(Locale.ROOT, "%.0f µs", nanos / 1e3);
    }
    if (nanos < 1e9) {
      return String.format(Locale.ROOT, nanos < 1e8 ? "%.1f ms" : "%.0f ms", nanos / 1e6);
    }
    return String.format(Locale.ROOT, "%.2f s", nanos / 1e9);
  }
}
