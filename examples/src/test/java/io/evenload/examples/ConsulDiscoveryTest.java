package io.evenload.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ConsulDiscoveryTest {

  @Test
  void run_instancesWithWeights_areSharesAndOneThatIsDeregisteredGetsNothing() throws Exception {
    List<List<Integer>> requests =
        ConsulDiscovery.run(200, new PrintStream(OutputStream.nullOutputStream()));

    List<Integer> before = requests.get(0);
    assertThat(before.get(0)).isBetween(115, 125);
    assertThat(before.get(1)).isBetween(55, 65);
    assertThat(before.get(2)).isBetween(15, 25);
    assertThat(requests.get(1).get(1)).isZero();
  }
}
