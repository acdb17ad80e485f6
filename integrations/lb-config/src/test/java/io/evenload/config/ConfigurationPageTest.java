package io.evenload.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The tables in {@code docs/configuration.md} and {@code configuration-expert.md} are the code's.
 */
class ConfigurationPageTest {

  private static final Path TEAM = Path.of("../../docs/configuration.md");
  private static final Path EXPERT = Path.of("../../docs/configuration-expert.md");

  /** What a team can be asked to know. */
  private static final int MOST_KEYS_OF_A_TEAM = 40;

  @Test
  void tables_ofBothPages_haveTheKeysOfTheCodeInItsOrder() throws IOException {
    List<String> rows = Reading.keys().stream().map(ConfigurationPageTest::row).toList();
    List<String> team = rows(TEAM);
    List<String> expert = rows(EXPERT);
    List<String> both = Stream.concat(team.stream(), expert.stream()).toList();
    assertThat(both)
        .as("The tables together should be\n" + String.join("\n", rows))
        .containsExactlyInAnyOrderElementsOf(rows);
    assertThat(team).isEqualTo(rows.stream().filter(team::contains).toList());
    assertThat(expert).isEqualTo(rows.stream().filter(expert::contains).toList());
  }

  @Test
  void table_ofATeam_isShort() throws IOException {
    assertThat(rows(TEAM)).hasSizeLessThanOrEqualTo(MOST_KEYS_OF_A_TEAM);
  }

  private static List<String> rows(Path page) throws IOException {
    return Files.readAllLines(page).stream().filter(line -> line.startsWith("| `")).toList();
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
