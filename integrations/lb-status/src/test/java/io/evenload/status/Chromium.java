package io.evenload.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs headless Chromium, with a profile of its own for each run. */
final class Chromium {

  private final Path directory;
  private int runs;

  Chromium(Path directory) {
    this.directory = directory;
  }

  /** Returns the document after so many milliseconds of the page's own time. */
  String dom(URI uri, int millis) throws IOException, InterruptedException {
    return run(uri, "--dump-dom", "--virtual-time-budget=" + millis);
  }

  /** Writes what one sees in a window of this size, with a light theme. */
  void screenshot(URI uri, Path picture, int width, int height)
      throws IOException, InterruptedException {
    run(
        uri,
        "--screenshot=" + picture.toAbsolutePath(),
        "--window-size=" + width + "," + height,
        "--blink-settings=preferredColorScheme=1");
  }

  private String run(URI uri, String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("chromium", "--headless=new", "--no-sandbox"));
    command.addAll(List.of("--disable-gpu", "--hide-scrollbars", "--no-first-run"));
    command.add("--disable-dev-shm-usage");
    command.add("--user-data-dir=" + directory.resolve("profile" + runs++));
    command.addAll(List.of(options));
    command.add(uri.toString());
    Path output = directory.resolve("output" + runs);
    Path errors = directory.resolve("errors" + runs);
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile())
            .start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("Chromium ends").isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
    return Files.readString(output);
  }
}
