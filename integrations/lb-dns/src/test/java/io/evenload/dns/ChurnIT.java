package io.evenload.dns;

import io.evenload.testing.Churn;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * 5,000 addresses in BIND that change all the time. An answer has room for some 4,000 A records, so
 * a part is AAAA.
 */
@Timeout(600)
class ChurnIT {

  private static final int MOST_IN_ONE = 500;

  @TempDir Path directory;

  @Test
  void addresses_changeAllTheTime_noneIsMissed() throws Exception {
    try (Bind bind = new Bind(directory)) {
      DnsLookup list =
          DnsLookup.addresses("big.shop.test.", 80).nameServers(bind.address()).build();

      Churn.run(
          "DNS with a TTL of 1 s, BIND 9.18",
          list,
          (gone, come) -> replace(bind, gone, come),
          number -> isSix(number) ? "fd00:0:0:0:0:0:0:" + hex(number) : Churn.address(number),
          Duration.ofSeconds(5));
    }
  }

  private static void replace(Bind bind, List<Integer> gone, List<Integer> come) throws Exception {
    for (int i = 0; i < come.size(); i += MOST_IN_ONE) {
      List<Integer> some = come.subList(i, Math.min(come.size(), i + MOST_IN_ONE));
      bind.replace(records(i == 0 ? gone.stream() : Stream.of()), records(some.stream()));
    }
  }

  private static List<String> records(Stream<Integer> numbers) {
    return numbers
        .map(
            number ->
                isSix(number)
                    ? "big 1 AAAA fd00::" + hex(number)
                    : "big 1 A " + Churn.address(number))
        .toList();
  }

  private static boolean isSix(int number) {
    return number % 10 < 3;
  }

  private static String hex(int number) {
    return Integer.toHexString(number);
  }
}
