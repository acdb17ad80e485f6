package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Chooser;
import io.evenload.LoadBalancer;
import io.evenload.chooser.Choosers;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A thousand clients in step burden no server more than others. */
@Tag("simulation")
final class FleetTest {

  private static final int CLIENTS = 1_000;
  private static final boolean ALL = "all".equals(System.getProperty("fleet"));
  private static final double FAIR_LOAD = 1.3;
  private static final double FAIR_CONNECTIONS = 1.5;

  /** What the clients choose by. */
  enum By {
    POWER_OF_TWO,
    ROUND_ROBIN,
    LEAST_LOADED,
    PEAK_EWMA;

    Chooser chooser() {
      return switch (this) {
        case POWER_OF_TWO -> Choosers.powerOfTwoChoices();
        case ROUND_ROBIN -> Choosers.roundRobin();
        case LEAST_LOADED -> Choosers.leastLoaded();
        case PEAK_EWMA -> Choosers.peakEwma();
      };
    }
  }

  /** Those that care for load and those that do not, or all. */
  static List<By> some() {
    return ALL ? List.of(By.values()) : List.of(By.POWER_OF_TWO, By.ROUND_ROBIN);
  }

  /** The default, or all. */
  static List<By> few() {
    return ALL ? List.of(By.values()) : List.of(By.POWER_OF_TWO);
  }

  @ParameterizedTest
  @MethodSource("some")
  void start_allAtOnce_isFairFromTheFirstSecondOn(By by) {
    try (Fleet fleet = fleet(by, 10, 10)) {
      fleet.call(5);
      fleet.run(1);
      assertThat(fleet.connections()).isLessThan(FAIR_CONNECTIONS);
      fleet.run(9);
      assertThat(fleet.peak(0, 10, 10)).isLessThan(FAIR_LOAD);
      assertThat(fleet.connections()).isLessThan(FAIR_CONNECTIONS);
    }
  }

  @ParameterizedTest
  @MethodSource("some")
  void list_withMoreServers_drownsNeitherTheNewNorTheOld(By by) {
    assertThatAllAreFair(by, 10, 12);
  }

  @ParameterizedTest
  @MethodSource("some")
  void list_withFewerServers_sharesWhatTheOthersHad(By by) {
    assertThatAllAreFair(by, 12, 8);
  }

  /** Of so many servers before, and from the fifth second on so many. */
  private static void assertThatAllAreFair(By by, int before, int after) {
    try (Fleet fleet = fleet(by, before, Math.max(before, after))) {
      fleet.call(5);
      fleet.run(5);
      fleet.list(after);
      fleet.run(10);
      assertThat(fleet.peak(5, 15, after)).isLessThan(FAIR_LOAD);
      assertThat(fleet.connections()).isLessThan(FAIR_CONNECTIONS);
    }
  }

  @ParameterizedTest
  @MethodSource("few")
  void outage_ofOne_endsWithoutARush(By by) {
    try (Fleet fleet = outage(by, 1)) {
      assertThat(fleet.peak(40, 65, 10)).isLessThan(FAIR_LOAD);
      assertThat(fleet.connections()).isLessThan(FAIR_CONNECTIONS);
    }
  }

  @ParameterizedTest
  @MethodSource("few")
  void outage_ofAll_endsWithoutARush(By by) {
    try (Fleet fleet = outage(by, 10)) {
      assertThat(fleet.peak(40, 65, 10)).isLessThan(FAIR_LOAD);
      assertThat(fleet.connections()).isLessThan(FAIR_CONNECTIONS);
    }
  }

  /** Those that were well have twice their share until the others are back, and never more. */
  @ParameterizedTest
  @MethodSource("few")
  void outage_ofHalf_endsWithoutARush(By by) {
    try (Fleet fleet = outage(by, 5)) {
      assertThat(fleet.peak(40, 60, 5)).as("relative to a half of all").isLessThan(1.1);
      assertThat(fleet.peak(60, 65, 10)).as("20 s later").isLessThan(FAIR_LOAD);
      assertThat(fleet.connections()).isLessThan(FAIR_CONNECTIONS);
    }
  }

  @Test
  void probes_ofAllClients_spreadOverTheirInterval() {
    UnaryOperator<LoadBalancer.Builder> probing = options -> options;
    try (Fleet fleet = new Fleet(CLIENTS, 10, 10, true, probing)) {
      fleet.run(40);
      assertThat(fleet.probes(0)).as("the first of each is at once").isLessThan(11 * CLIENTS);
      assertThat(fleet.probePeak(0)).isLessThan(FAIR_LOAD + 0.1);
      assertThat(fleet.probeRush(10)).isLessThan(FAIR_LOAD);
    }
  }

  /** Ten servers, of which so many are down from the tenth second to the fortieth; 65 s. */
  private static Fleet outage(By by, int down) {
    Fleet fleet = fleet(by, 10, 10);
    fleet.call(5);
    fleet.run(10);
    fleet.down(down);
    fleet.run(30);
    fleet.down(0);
    fleet.run(25);
    return fleet;
  }

  private static Fleet fleet(By by, int servers, int most) {
    return new Fleet(CLIENTS, servers, most, false, options -> options.chooser(by.chooser()));
  }
}
