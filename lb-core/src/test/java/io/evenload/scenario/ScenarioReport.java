package io.evenload.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The checked-in report of all scenarios, one section for each. With {@code -Dscenarios=write} it
 * is written instead of compared.
 */
final class ScenarioReport {

  static final Path FILE = Path.of("../docs/scenarios.md");
  private static final String HEADING = "\n## ";
  private static final boolean WRITE = "write".equals(System.getProperty("scenarios"));

  private ScenarioReport() {}

  /** Compares a section with the one that is checked in, or writes it. */
  static void check(Scenario scenario, String text) {
    String section = scenario.title + "\n\n" + scenario.setting + "\n```\n" + text + "```\n";
    try {
      if (WRITE) {
        write(scenario, section);
      }
      assertThat(read().get(scenario.title))
          .as("the section of %s; -Dscenarios=write writes it, if the change is meant", FILE)
          .isEqualTo(section);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(Scenario scenario, String section) throws IOException {
    Map<String, String> sections = read();
    sections.put(scenario.title, section);
    StringBuilder file = new StringBuilder(Files.readString(FILE).split(HEADING, 2)[0]);
    for (Scenario next : Scenario.values()) {
      String known = sections.get(next.title);
      file.append(known == null ? "" : HEADING + known);
    }
    Files.writeString(FILE, file);
  }

  /** The sections in the file, by their titles. */
  static Map<String, String> read() throws IOException {
    Map<String, String> sections = new LinkedHashMap<>();
    for (String section : Files.readString(FILE).split(HEADING, -1)) {
      sections.put(section.lines().findFirst().orElse(""), section);
    }
    sections.remove("# Scenarios");
    return sections;
  }
}
