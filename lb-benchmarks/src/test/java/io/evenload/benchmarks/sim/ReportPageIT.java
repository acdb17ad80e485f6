package io.evenload.benchmarks.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The page in a real browser. With {@code -Dscreenshot=write} the picture in {@code docs} is made
 * anew.
 */
final class ReportPageIT {

  private static final long LARGEST_PICTURE = 300_000;

  @TempDir static Path directory;

  private static Path page;

  @BeforeAll
  static void makePage() throws IOException {
    page = Files.writeString(directory.resolve("page.html"), ReportPageTest.page());
  }

  @ParameterizedTest
  @CsvSource({"1280, false", "1280, true", "400, false", "400, true"})
  void page_anyWidthAndScheme_canBeUsed(int width, boolean dark) throws Exception {
    Path probed = directory.resolve("probed.html");
    try (InputStream probe = ReportPageIT.class.getResourceAsStream("probe.js")) {
      String script = new String(probe.readAllBytes(), StandardCharsets.UTF_8);
      String html = Files.readString(page);
      Files.writeString(probed, html.replace("<style>", "<script>" + script + "</script><style>"));
    }

    Browser.Visit visit = new Browser(directory, dark).visit(probed, width);

    assertThat(visit.console()).isEmpty();
    assertThat(visit.said())
        .contains("width: " + width + ";")
        .contains("ground: " + (dark ? "rgb(14, 17, 22)" : "rgb(245, 246, 248)"))
        .contains("fits: true; scenarios: 3; rows: 12; charts: 2")
        .contains("plays: true; pauses: true; scrubbed: 0.5 s; space: Pause; chooses: true")
        .contains("right: servers and their requests, with leastLoaded")
        .contains("fitsOpen: true");
  }

  @Test
  void screenshot_ofAReplay_isMade() throws Exception {
    boolean write = "write".equals(System.getProperty("screenshot"));
    Path picture =
        write ? Path.of("../docs/simulation-replay.png") : directory.resolve("replay.png");

    new Browser(directory, false).picture(page, 1280, 980, picture);

    assertThat(Files.size(picture)).isBetween(20_000L, LARGEST_PICTURE);
  }
}
