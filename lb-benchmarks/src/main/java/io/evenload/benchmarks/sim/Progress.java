package io.evenload.benchmarks.sim;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.LongSupplier;

/** A bar that grows, in the last line of a terminal. */
final class Progress {

  private static final int WIDTH = 30;
  private static final int LINE = 110;

  private final PrintStream out;
  private final LongSupplier nanoTime;
  private final int steps;
  private final long began;
  private int done = -1;

  /**
   * Begins.
   *
   * @param steps how often {@link #next} will be called
   */
  Progress(PrintStream out, LongSupplier nanoTime, int steps) {
    this.out = out;
    this.nanoTime = nanoTime;
    this.steps = steps;
    this.began = nanoTime.getAsLong();
  }

  /** The step before is done, and this one begins. */
  void next(String step) {
    done++;
    int full = WIDTH * done / steps;
    long seconds = (nanoTime.getAsLong() - began) / 1_000_000_000;
    String left = done == 0 ? "" : ", " + time(seconds * (steps - done) / done) + " left";
    show(
        "#".repeat(full) + ".".repeat(WIDTH - full),
        100 * done / steps + " %" + left + ": " + step);
  }

  /** All steps are done. */
  void end() {
    show("#".repeat(WIDTH), "100 % in " + time((nanoTime.getAsLong() - began) / 1_000_000_000));
    out.println();
  }

  private void show(String bar, String text) {
    String line = "[" + bar + "] " + text;
    String cut = line.length() > LINE ? line.substring(0, LINE) : line;
    out.printf(Locale.ROOT, "\r%-" + LINE + "s", cut);
    out.flush();
  }

  private static String time(long seconds) {
    return seconds / 60 + " min " + seconds % 60 + " s";
  }
}
