package io.evenload.health;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.Attempt;
import io.evenload.EndpointState;
import io.evenload.Server;
import io.evenload.testing.World;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What takes a server out: the rules of outlier detection in a whole balancer. */
final class OutlierRulesTest {

  private final Fleet fleet = new Fleet("a", "b", "c");

  @AfterEach
  void close() {
    fleet.close();
  }

  @Test
  void failuresInARow_five_ejectByDefault() throws Exception {
    fleet.start(fleet.builder());
    fleet.fail("b", 5);
    fleet.time.runDue();

    assertThat(fleet.status("b").state()).isEqualTo(EndpointState.EJECTED);
    assertThat(fleet.status("b").reason()).matches("5 failures in a row, for (27|28|29|30) s");
    assertThat(fleet.chosen()).containsExactlyInAnyOrder("a", "c");
  }

  @Test
  void failuresInARow_interruptedByASuccess_doNotEject() throws Exception {
    fleet.start(Fleet.calm());
    fleet.fail("b", 4);
    fleet.succeed("b", 1);
    fleet.fail("b", 4);
    fleet.time.advance(ofSeconds(5));

    assertThat(fleet.events.states).isEmpty();
  }

  @Test
  void failuresInARow_cancelledOnesBetween_countNeitherWay() throws Exception {
    fleet.start(Fleet.calm());
    fleet.fail("b", 4);
    fleet.at("b").cancel();
    fleet.at("b").close();
    fleet.time.runDue();
    assertThat(fleet.events.states).isEmpty();
    fleet.fail("b", 1);
    fleet.time.runDue();

    assertThat(fleet.events.states)
        .containsExactly("b: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)");
  }

  @Test
  void failuresInARow_areLookedAtOnTheControlPathOnly() throws Exception {
    fleet.start(Fleet.calm());
    fleet.fail("b", 5);

    assertThat(fleet.status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
    fleet.time.runDue();
    assertThat(fleet.status("b").state()).isEqualTo(EndpointState.EJECTED);
  }

  @Test
  void failuresInARow_stormOfFailures_asksOnceForEachEjectionAndTick() throws Exception {
    fleet.list.update(World.servers(20)); // two may be ejected
    fleet.start(Fleet.calm());
    int idle = fleet.time.pending();
    storm();
    assertThat(fleet.time.pending() - idle).as("asked").isEqualTo(1);
    fleet.time.runDue();
    assertThat(fleet.ejected()).hasSize(2);
    fleet.succeedAll(20, 1);
    storm();
    assertThat(fleet.time.pending() - idle).as("asked after ejections").isEqualTo(1);
    fleet.time.runDue();
    fleet.succeedAll(20, 1);
    storm();
    assertThat(fleet.time.pending() - idle).as("asked although there is no room").isZero();
    fleet.time.advance(ofSeconds(1));
    fleet.succeedAll(20, 1);
    storm();

    assertThat(fleet.time.pending() - idle).as("asked after the tick").isEqualTo(1);
    assertThat(fleet.ejected()).hasSize(2);
  }

  /** Half of 20 servers fail, and go on to. */
  private void storm() throws Exception {
    for (int i = 0; i < 100; i++) {
      fleet.failAll(10, 1);
      for (Server well : World.servers(20).subList(10, 20)) {
        fleet.succeed(well.id(), 1);
      }
    }
  }

  @Test
  void failuresInARow_refusedAtFirst_ejectWithinASecondOfThereBeingRoom() throws Exception {
    fleet.start(Fleet.calm());
    fleet.fail("a", 5);
    fleet.time.runDue();
    fleet.fail("b", 7);
    fleet.time.advance(ofSeconds(29));
    assertThat(fleet.ejected()).containsExactly("a");
    fleet.time.advance(ofSeconds(1));

    assertThat(fleet.events.states)
        .containsExactly(
            "a: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)",
            "a: EJECTED to ELIGIBLE ()",
            "b: ELIGIBLE to EJECTED (7 failures in a row, for 30 s)");
  }

  @Test
  void failuresInARow_ofATimeInWhichAGateWasClosed_areForgotten() throws Exception {
    fleet.start(Fleet.calm());
    fleet.fail("a", 5);
    fleet.time.runDue();
    fleet.fail("b", 9);
    fleet.gates.of("b").change(false);
    fleet.time.advance(ofSeconds(31));
    fleet.gates.of("b").change(true);
    fleet.time.advance(ofSeconds(31));

    assertThat(fleet.status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
    assertThat(fleet.ejected()).isEmpty();
  }

  @Test
  void hungServer_attemptsEndByTimeout_isEjected() throws Exception {
    fleet.start(Fleet.calm());
    List<Attempt> hanging =
        List.of(fleet.at("b"), fleet.at("b"), fleet.at("b"), fleet.at("b"), fleet.at("b"));
    fleet.time.advance(ofSeconds(10));
    assertThat(fleet.ejected()).isEmpty();
    hanging.forEach(attempt -> attempt.fail(new SocketTimeoutException("timeout")));
    fleet.time.runDue();

    assertThat(fleet.ejected()).containsExactly("b");
  }

  @Test
  void successRate_farBelowTheMean_ejects() throws Exception {
    fleet.list.update(World.servers(5));
    fleet.start(OutlierDetection.builder().consecutiveFailures(0).jitter(0).build());
    fleet.succeedAll(4, 100);
    fleet.fail("s4", 50);
    fleet.succeed("s4", 50);
    fleet.time.advance(ofSeconds(9));
    assertThat(fleet.ejected()).isEmpty();
    fleet.time.advance(ofSeconds(1));

    assertThat(fleet.events.states)
        .containsExactly("s4: ELIGIBLE to EJECTED (success rate 0.50 below 0.52, for 30 s)");
  }

  @Test
  void failurePercent_above_ejects() throws Exception {
    fleet.start(OutlierDetection.builder().consecutiveFailures(0).jitter(0).build());
    fleet.fail("b", 109);
    fleet.succeed("b", 11);
    fleet.time.advance(ofSeconds(10));

    assertThat(fleet.events.states)
        .containsExactly("b: ELIGIBLE to EJECTED (91 % of 120 failed, for 30 s)");
  }

  @Test
  void interval_countsOfTheLastOne_areNotAdded() throws Exception {
    fleet.start(OutlierDetection.builder().consecutiveFailures(0).build());
    for (int i = 0; i < 5; i++) {
      fleet.fail("b", 49);
      fleet.time.advance(ofSeconds(10));
    }

    assertThat(fleet.events.states).isEmpty();
  }

  @Test
  void interval_configured_isKept() throws Exception {
    fleet.start(OutlierDetection.builder().consecutiveFailures(0).interval(ofMinutes(1)).build());
    fleet.fail("b", 50);
    fleet.time.advance(ofSeconds(59));
    assertThat(fleet.ejected()).isEmpty();
    fleet.time.advance(ofSeconds(1));

    assertThat(fleet.ejected()).containsExactly("b");
  }

  @Test
  void successRate_otherPriorities_areNoPeers() throws Exception {
    fleet.list.update(
        List.of(
            World.inPriority(0, "a"),
            World.inPriority(0, "b"),
            World.inPriority(0, "c"),
            World.inPriority(0, "d"),
            World.inPriority(1, "e")));
    fleet.start(OutlierDetection.builder().consecutiveFailures(0).build());
    for (String id : List.of("a", "b", "c", "d")) {
      fleet.succeed(id, 100);
    }
    fleet.fail("e", 50);
    fleet.succeed("e", 50);
    fleet.time.advance(ofSeconds(10));

    assertThat(fleet.ejected()).isEmpty();
  }

  @Test
  void off_nothingIsEjected() throws Exception {
    fleet.start(fleet.builder().withoutOutlierDetection());
    fleet.fail("b", 1_000);
    fleet.balancer.admin().eject("b", ofSeconds(30), "on request");
    fleet.time.advance(ofSeconds(20));

    assertThat(fleet.events.states).isEmpty();
  }

  @Test
  void off_eachRule_leavesTheOthers() throws Exception {
    fleet.start(OutlierDetection.builder().consecutiveFailures(0).failurePercent(0).build());
    fleet.fail("b", 1_000);
    fleet.time.advance(ofSeconds(20));

    assertThat(fleet.events.states).isEmpty();
  }

  @Test
  void builder_badValues_areNamed() {
    OutlierDetection.Builder builder = OutlierDetection.builder();
    Map<Runnable, String> bad = new HashMap<>();
    bad.put(
        () -> builder.consecutiveFailures(1_001),
        "consecutiveFailures: 1001 (expected: 0 to 1000)");
    bad.put(
        () -> builder.successRateDeviations(Double.NaN),
        "successRateDeviations: NaN (expected: 0 to 10)");
    bad.put(() -> builder.successRateFloor(1.1), "successRateFloor: 1.1 (expected: 0 to 1)");
    bad.put(() -> builder.successRateServers(0), "successRateServers: 0 (expected: 1 or more)");
    bad.put(() -> builder.successRateAttempts(0), "successRateAttempts: 0 (expected: 1 or more)");
    bad.put(() -> builder.failurePercent(100), "failurePercent: 100 (expected: 0 to 99)");
    bad.put(
        () -> builder.failurePercentAttempts(-5),
        "failurePercentAttempts: -5 (expected: 1 or more)");
    bad.put(() -> builder.interval(ofMillis(999)), "interval: PT0.999S (expected: PT1S to PT24H)");
    bad.put(
        () -> builder.baseEjectionTime(Duration.ZERO),
        "baseEjectionTime: PT0S (expected: PT1S to PT24H)");
    bad.put(
        () -> builder.maxEjectionTime(ofHours(25)),
        "maxEjectionTime: PT25H (expected: PT1S to PT24H)");
    bad.put(() -> builder.jitter(-0.1), "jitter: -0.1 (expected: 0 to 0.5)");
    bad.put(() -> builder.maxEjectionPercent(140), "maxEjectionPercent: 140 (expected: 0 to 100)");
    bad.put(
        () -> OutlierDetection.builder().baseEjectionTime(ofMinutes(6)).build(),
        "baseEjectionTime: PT6M (expected: <= maxEjectionTime, PT5M)");
    bad.forEach(
        (call, message) ->
            assertThatIllegalArgumentException().isThrownBy(call::run).withMessage(message));
  }

  @Test
  void defaults_areThoseOfEnvoy() {
    OutlierDetection defaults = OutlierDetection.defaults();

    assertThat(defaults.consecutiveFailures()).isEqualTo(5);
    assertThat(defaults.successRateDeviations()).isEqualTo(1.9);
    assertThat(defaults.successRateFloor()).isEqualTo(0.9);
    assertThat(defaults.successRateServers()).isEqualTo(5);
    assertThat(defaults.successRateAttempts()).isEqualTo(100);
    assertThat(defaults.failurePercent()).isEqualTo(85);
    assertThat(defaults.failurePercentAttempts()).isEqualTo(50);
    assertThat(defaults.interval()).isEqualTo(ofSeconds(10));
    assertThat(defaults.baseEjectionTime()).isEqualTo(ofSeconds(30));
    assertThat(defaults.maxEjectionTime()).isEqualTo(ofMinutes(5));
    assertThat(defaults.jitter()).isEqualTo(0.1);
    assertThat(defaults.maxEjectionPercent()).isEqualTo(10);
  }
}
