package io.evenload.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CustomChooserTest {

  private final PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());

  @Test
  void run_asManyCallersAsRoom_onlyTheFirstIsUsed() throws Exception {
    assertThat(CustomChooser.run(2, nowhere)).isEqualTo(List.of(300, 0, 0));
  }

  @Test
  void run_moreCallersThanRoom_theOthersTakeTheRest() throws Exception {
    List<Integer> requests = CustomChooser.run(6, nowhere);

    assertThat(requests).allSatisfy(count -> assertThat(count).isPositive());
    assertThat(requests.stream().mapToInt(Integer::intValue).sum()).isEqualTo(300);
  }
}
