package io.evenload.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

final class RetrofitExampleTest {

  @Test
  void run_oneServerFails_everyCallIsAnsweredByAnother() throws IOException {
    ByteArrayOutputStream output = new ByteArrayOutputStream();

    int successes = RetrofitExample.run(9, new PrintStream(output, true, UTF_8));

    assertThat(successes).isEqualTo(9);
    assertThat(output.toString(UTF_8))
        .contains("200 one answers /v1/items/", "200 three answers /v1/items/")
        .doesNotContain("200 two");
  }
}
