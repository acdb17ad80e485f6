package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.okhttp.OverloadedChain.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A chain of services whose last one is overloaded; {@code docs/overload.md} has the tables. */
@Tag("simulation")
final class OverloadTest {

  private static final long SEED = 1;

  /** All loads and windows are for the page; the build does with few. */
  private static final boolean ALL = Boolean.getBoolean("overload.all");

  @Test
  void lastServiceOverloaded_withThrottling_servesWhatItCanAndIsSoonWellAgain() throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add(
        "| load | throttling | goodput | attempts for each call | amplification | well after |");
    lines.add("|--:|---|--:|--:|--:|--:|");
    for (double load : ALL ? new double[] {1.2, 2, 4, 10, 20} : new double[] {2, 4}) {
      Result without = OverloadedChain.run(load, null, SEED);
      Result with = OverloadedChain.run(load, Throttling.defaults(), SEED);
      lines.add(row(load, "off", without));
      lines.add(row(load, "on", with));
      assertThat(with.goodput()).as("%s: %s", load, with).isGreaterThan(0.9);
      assertThat(with.amplification()).as("%s: %s", load, with).isLessThan(1.1);
      assertThat(with.recoverySeconds()).as("%s: %s", load, with).isLessThanOrEqualTo(5);
      assertThat(with.goodput()).as("%s: %s", load, with).isGreaterThan(without.goodput());
    }
    if (ALL) {
      lines.add("");
      windows(lines);
    }
    Files.write(Path.of("target", "overload.md"), lines);
  }

  /** Other chances than those of the page. */
  @Test
  void lastServiceAtTwiceItsCapacity_anySeed_keepsTheSameBounds() {
    for (long seed = 2; seed <= (ALL ? 20 : 3); seed++) {
      Result result = OverloadedChain.run(2, Throttling.defaults(), seed);
      assertThat(result.goodput()).as("%s: %s", seed, result).isGreaterThan(0.9);
      assertThat(result.amplification()).as("%s: %s", seed, result).isLessThan(1.1);
      assertThat(result.recoverySeconds()).as("%s: %s", seed, result).isLessThanOrEqualTo(5);
    }
  }

  private static void windows(List<String> lines) {
    lines.add(
        "| load | throttling | goodput | attempts for each call | amplification | well after |");
    lines.add("|--:|---|--:|--:|--:|--:|");
    for (int seconds : new int[] {2, 5, 10, 30, 120}) {
      for (double load : new double[] {2, 10}) {
        Throttling throttling = Throttling.builder().window(Duration.ofSeconds(seconds)).build();
        lines.add(
            row(load, "window " + seconds + " s", OverloadedChain.run(load, throttling, SEED)));
      }
    }
    for (double ratio : new double[] {1.1, 1.5, 3}) {
      for (double load : new double[] {2, 10}) {
        Throttling throttling = Throttling.builder().ratio(ratio).build();
        lines.add(row(load, "ratio " + ratio, OverloadedChain.run(load, throttling, SEED)));
      }
    }
  }

  private static String row(double load, String throttling, @Nullable Result result) {
    return String.format(
        Locale.ROOT,
        "| %s | %s | %.3f | %.2f | %.2f | %.0f s |",
        load == Math.rint(load) ? Long.toString((long) load) : Double.toString(load),
        throttling,
        result.goodput(),
        result.attemptsPerCall(),
        result.amplification(),
        result.recoverySeconds());
  }
}
