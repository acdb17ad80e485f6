package io.evenload.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The table in {@code docs/configuration.md} is that of the code. */
class ConfigurationPageTest {

  private static final Path PAGE = Path.of("../../docs/configuration.md");

  @Test
  void table_ofThePage_hasTheKeysOfTheCode() throws IOException {
    List<String> rows = Reading.keys().stream().map(ConfigurationPageTest::row).toList();
    List<String> page =
        Files.readAllLines(PAGE).stream().filter(line -> line.startsWith("| `")).toList();
    assertThat(page).as("The table should be\n" + String.join("\n", rows)).isEqualTo(rows);
  }

  private static String row(Key<?> key) {
    return "| `"
        + key.name()
        + "` | "
        + key.form().words().replaceAll(", such as .*", "")
        + " | "
        + key.usual()
        + " | `"
        + key.sets()
        + "` |";
  }
}
