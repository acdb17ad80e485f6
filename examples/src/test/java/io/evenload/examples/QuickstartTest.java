package io.evenload.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

final class QuickstartTest {

  @Test
  void run_serversFailAndLeave_noCallFails() throws Exception {
    ByteArrayOutputStream output = new ByteArrayOutputStream();

    int failed = Quickstart.run(150, new PrintStream(output, true, UTF_8));

    String text = output.toString(UTF_8);
    assertThat(failed).as(text).isZero();
    assertThat(text.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    assertThat(text.lines().filter(line -> line.matches("(steady|slow|flaky|moving) +\\d.*")))
        .as(text)
        .hasSize(4)
        .allSatisfy(QuickstartTest::seenAlikeByServerAndClient);
  }

  /** The columns are: requests, share, failed; attempts, median, 99th percentile, failed. */
  private static void seenAlikeByServerAndClient(String row) {
    String[] columns = row.trim().split(" +");
    assertThat(columns).hasSize(8);
    assertThat(columns[4]).isEqualTo(columns[1]);
    assertThat(columns[7]).isEqualTo(columns[3]);
  }
}
