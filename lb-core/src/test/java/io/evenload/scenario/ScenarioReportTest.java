package io.evenload.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class ScenarioReportTest {

  @Test
  void report_sections_areTheScenariosInOrder() throws IOException {
    assertThat(ScenarioReport.read().keySet())
        .containsExactlyElementsOf(
            Arrays.stream(Scenario.values()).map(scenario -> scenario.title).toList());
  }
}
