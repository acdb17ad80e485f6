package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenload.testing.SeededRandom;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** How the requests of a client spread over zones. */
final class ZoneSharesTest {

  private static final double ROUNDING = 1e-9;

  @Test
  void of_ownZoneHasItsPart_everyRequestStays() {
    assertShares(ZoneShares.of(numbers(2, 2), numbers(1, 1), 0, false), 1, 0);
    assertShares(ZoneShares.of(numbers(3, 1), numbers(1, 1), 0, false), 1, 0);
  }

  @Test
  void of_ownZoneIsHalfAsLargeAsItsDemand_halfStays() {
    // A quarter of the capacity, half of the clients: .25/.5 stay, the rest goes to the only other.
    assertShares(ZoneShares.of(numbers(1, 3), numbers(1, 1), 0, false), 0.5, 0.5);
  }

  @Test
  void of_twoZonesHaveToSpare_restSpreadsInProportionToThat() {
    // Capacity .2 .3 .5, demand a third each: spare 0 and 1/6; then .1 .4 .5: both spare.
    assertShares(ZoneShares.of(numbers(2, 3, 5), numbers(1, 1, 1), 0, false), 0.6, 0, 0.4);
    assertShares(
        ZoneShares.of(numbers(1, 4, 5), numbers(1, 1, 1), 0, false),
        0.3,
        0.7 * (4 - 10 / 3.0) / (9 - 20 / 3.0),
        0.7 * (5 - 10 / 3.0) / (9 - 20 / 3.0));
  }

  @Test
  void of_serversWithoutAZone_takeOnlyWhatOthersLeave() {
    assertShares(ZoneShares.of(numbers(2, 1, 1), numbers(2, 2, 0), 0, false), 1, 0, 0);
    assertShares(ZoneShares.of(numbers(1, 1, 1), numbers(1, 1, 0), 0, false), 2 / 3.0, 0, 1 / 3.0);
  }

  @Test
  void of_ownZoneHasNoCapacity_spreadsOverWhatIsSpare() {
    assertShares(ZoneShares.of(numbers(0, 2, 1), numbers(1, 1, 1), 0, false), 0, 1, 0);
    assertShares(ZoneShares.of(numbers(0, 3, 2), numbers(3, 3, 3), 0, false), 0, 0.8, 0.2);
  }

  @Test
  void of_ownZoneIsNotCounted_spreadsByCapacity() {
    assertShares(ZoneShares.of(numbers(0, 3, 1), numbers(0, 1, 1), 0, false), 0, 0.75, 0.25);
    assertShares(ZoneShares.of(numbers(0, 3, 1), numbers(1e-15, 1, 1), 0, false), 0, 0.75, 0.25);
  }

  @Test
  void of_strict_staysWhateverTheCapacityAndElseSpreadsByIt() {
    assertShares(ZoneShares.of(numbers(1, 99), numbers(1, 1), 0, true), 1, 0);
    assertShares(ZoneShares.of(numbers(0, 3, 1), numbers(8, 1, 1), 0, true), 0, 0.75, 0.25);
  }

  /** The heart of it: if every client follows the rule, no zone gets more than its capacity. */
  @Test
  void of_everyClientFollows_eachZoneGetsItsCapacityAndNoMore() {
    SeededRandom random = new SeededRandom(91);
    for (int round = 0; round < 20_000; round++) {
      int zones = 1 + random.nextInt(8);
      double[] capacity = random.doubles(zones).map(x -> x < 0.2 ? 0 : Math.pow(x, 6)).toArray();
      double[] clients = random.doubles(zones).map(x -> x < 0.2 ? 0 : x * x).toArray();
      capacity[random.nextInt(zones)] = 0.5;
      clients[random.nextInt(zones)] = 0.5;
      double allCapacity = Arrays.stream(capacity).sum();
      double allClients = Arrays.stream(clients).sum();
      double[] load = new double[zones];
      for (int own = 0; own < zones; own++) {
        double[] shares = ZoneShares.of(capacity, clients, own, false);
        assertThat(Arrays.stream(shares).sum()).isCloseTo(1, within(ROUNDING));
        for (int zone = 0; zone < zones; zone++) {
          assertThat(shares[zone]).isNotNegative();
          load[zone] += clients[own] / allClients * shares[zone];
        }
        assertThat(shares[own])
            .as("as much stays as the capacity allows")
            .isCloseTo(
                staying(capacity[own] / allCapacity, clients[own] / allClients), within(ROUNDING));
      }
      for (int zone = 0; zone < zones; zone++) {
        assertThat(load[zone]).isCloseTo(capacity[zone] / allCapacity, within(ROUNDING));
      }
    }
  }

  private static double staying(double capacity, double demand) {
    return capacity == 0 ? 0 : demand == 0 ? 1 : Math.min(1, capacity / demand);
  }

  private static void assertShares(double[] shares, double... expected) {
    assertThat(shares).hasSameSizeAs(expected);
    for (int zone = 0; zone < expected.length; zone++) {
      assertThat(shares[zone]).isCloseTo(expected[zone], within(ROUNDING));
    }
  }

  private static double[] numbers(double... numbers) {
    return numbers;
  }
}
