package io.evenload.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DiscoveryExamplesTest {

  private final PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());

  @Test
  void dns_recordsWithWeights_areSharesAndAServerWithoutARecordGetsNothing() throws Exception {
    assertShares(DnsDiscovery.run(200, nowhere));
  }

  @Test
  void consul_instancesWithWeights_areSharesAndOneThatIsDeregisteredGetsNothing() throws Exception {
    assertShares(ConsulDiscovery.run(200, nowhere));
  }

  private static void assertShares(List<List<Integer>> requests) {
    List<Integer> before = requests.get(0);
    assertThat(before.get(0)).isBetween(115, 125);
    assertThat(before.get(1)).isBetween(55, 65);
    assertThat(before.get(2)).isBetween(15, 25);
    assertThat(requests.get(1).get(1)).isZero();
  }
}
