package io.evenload.benchmarks.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * Headless Chromium, which shows a page in a frame of a given width: its own windows are at least
 * 500 pixels wide.
 *
 * @param directory where it keeps its files
 */
record Browser(Path directory, boolean dark) {

  private static final String FRAME =
      "<!doctype html><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">"
          + "<title>nothing was said</title><style>body{margin:0}iframe{border:0;display:block}</style>"
          + "<script>addEventListener('message',(said)=>{document.title=said.data})</script>"
          + "<iframe src=\"%s\" width=\"%d\" height=\"%d\"></iframe>";

  /**
   * What came of it.
   *
   * @param said what the page has posted to its parent
   * @param console what it wrote to its console: complaints
   */
  record Visit(String said, List<String> console) {}

  /** Opens a page for some seconds of its own time. */
  Visit visit(Path page, int width) throws IOException, InterruptedException {
    Path output = run(frame(page, width, 3000), "--dump-dom", "--virtual-time-budget=20000");
    String title = Files.readString(output).replaceAll("(?s).*<title>(.*?)</title>.*", "$1");
    try (Stream<String> lines = Files.lines(directory.resolve("errors"))) {
      return new Visit(
          title.replace("&amp;", "&"), lines.filter(line -> line.contains("CONSOLE")).toList());
    }
  }

  /**
   * Writes what one sees of the upper part of a page.
   *
   * <p>Chromium paints less than the height of its window, so it gets a taller one.
   */
  void picture(Path page, int width, int height, Path picture)
      throws IOException, InterruptedException {
    run(
        frame(page, width, height),
        "--screenshot=" + picture.toAbsolutePath(),
        "--window-size=" + width + "," + 2 * height,
        "--virtual-time-budget=3000");
    BufferedImage all = ImageIO.read(picture.toFile());
    ImageIO.write(all.getSubimage(0, 0, width, height), "png", picture.toFile());
  }

  private URI frame(Path page, int width, int height) throws IOException {
    Path frame = directory.resolve("frame.html");
    Files.writeString(frame, FRAME.formatted(page.toUri(), width, height));
    return frame.toUri();
  }

  private Path run(URI uri, String... options) throws IOException, InterruptedException {
    List<String> command =
        Stream.of(
                Stream.of(
                    "chromium",
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--hide-scrollbars",
                    "--no-first-run",
                    "--disable-dev-shm-usage",
                    "--enable-logging=stderr",
                    "--user-data-dir=" + Files.createTempDirectory(directory, "profile"),
                    "--blink-settings=preferredColorScheme=" + (dark ? 0 : 1)),
                Stream.of(options),
                Stream.of(uri.toString()))
            .flatMap(part -> part)
            .toList();
    Path output = directory.resolve("output");
    Path errors = directory.resolve("errors");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile())
            .start();
    try {
      assertThat(process.waitFor(90, TimeUnit.SECONDS)).as("Chromium ends").isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
    return output;
  }
}
