package io.evenload.health;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.Attempt;
import io.evenload.EndpointState;
import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.testing.FakeGates;
import io.evenload.testing.World;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ejections by a whole balancer, on virtual time. */
class OutlierDetectionTest {

  private final World world = new World(121);
  private final FakeGates gates = new FakeGates();
  private final UpdatableServerList list = new UpdatableServerList(World.servers("a", "b", "c"));
  private LoadBalancer balancer = LoadBalancer.of("unused");

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void failuresInARow_five_ejectByDefault() throws Exception {
    balancer = world.balancer(list).build();
    fail("b", 5);
    world.time.runDue();

    assertThat(status("b").state()).isEqualTo(EndpointState.EJECTED);
    assertThat(status("b").reason()).matches("5 failures in a row, for (27|28|29|30) s");
    assertThat(chosen()).containsExactlyInAnyOrder("a", "c");
  }

  @Test
  void failuresInARow_interruptedByASuccess_doNotEject() throws Exception {
    start(calm());
    fail("b", 4);
    succeed("b", 1);
    fail("b", 4);
    world.time.advance(ofSeconds(5));

    assertThat(world.events.states).isEmpty();
  }

  @Test
  void failuresInARow_cancelledOnesBetween_countNeitherWay() throws Exception {
    start(calm());
    fail("b", 4);
    at("b").cancel();
    at("b").close();
    world.time.runDue();
    assertThat(world.events.states).isEmpty();
    fail("b", 1);
    world.time.runDue();

    assertThat(world.events.states)
        .containsExactly("b: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)");
  }

  @Test
  void failuresInARow_areLookedAtOnTheControlPathOnly() throws Exception {
    start(calm());
    fail("b", 5);

    assertThat(status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
    world.time.runDue();
    assertThat(status("b").state()).isEqualTo(EndpointState.EJECTED);
  }

  @Test
  void failuresInARow_stormOfFailures_asksOnceForEachEjectionAndTick() throws Exception {
    list.update(World.servers(20)); // two may be ejected
    start(calm());
    int idle = world.time.pending();
    failAll(20, 100);
    assertThat(world.time.pending() - idle).as("asked").isEqualTo(1);
    world.time.runDue();
    assertThat(ejected()).hasSize(2);
    succeedAll(20, 1);
    failAll(20, 100);
    assertThat(world.time.pending() - idle).as("asked after ejections").isEqualTo(1);
    world.time.runDue();
    succeedAll(20, 1);
    failAll(20, 100);
    assertThat(world.time.pending() - idle).as("asked although there is no room").isZero();
    world.time.advance(ofSeconds(1));
    succeedAll(20, 1);
    failAll(20, 100);

    assertThat(world.time.pending() - idle).as("asked after the tick").isEqualTo(1);
    assertThat(ejected()).hasSize(2);
  }

  @Test
  void failuresInARow_refusedAtFirst_ejectWithinASecondOfThereBeingRoom() throws Exception {
    start(calm());
    fail("a", 5);
    world.time.runDue();
    fail("b", 7);
    world.time.advance(ofSeconds(29));
    assertThat(ejected()).containsExactly("a");
    world.time.advance(ofSeconds(1));

    assertThat(world.events.states)
        .containsExactly(
            "a: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)",
            "a: EJECTED to ELIGIBLE ()",
            "b: ELIGIBLE to EJECTED (7 failures in a row, for 30 s)");
  }

  @Test
  void failuresInARow_ofATimeInWhichAGateWasClosed_areForgotten() throws Exception {
    start(calm());
    fail("a", 5);
    world.time.runDue();
    fail("b", 9);
    gates.of("b").change(false);
    world.time.advance(ofSeconds(31));
    gates.of("b").change(true);
    world.time.advance(ofSeconds(31));

    assertThat(status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
    assertThat(ejected()).isEmpty();
  }

  @Test
  void hungServer_attemptsEndByTimeout_isEjected() throws Exception {
    start(calm());
    List<Attempt> hanging = List.of(at("b"), at("b"), at("b"), at("b"), at("b"));
    world.time.advance(ofSeconds(10));
    assertThat(ejected()).isEmpty();
    hanging.forEach(attempt -> attempt.fail(new SocketTimeoutException("timeout")));
    world.time.runDue();

    assertThat(ejected()).containsExactly("b");
  }

  @Test
  void ejection_endsWithinASecondOfItsTimeAndRealTrafficDecides() throws Exception {
    start(calm());
    world.time.advance(ofMillis(400));
    fail("b", 5);
    world.time.advance(ofMillis(29_999));
    assertThat(ejected()).containsExactly("b");
    world.time.advance(ofMillis(1_001));
    assertThat(ejected()).isEmpty();
    assertThat(chosen()).contains("b");
    fail("b", 4);
    world.time.runDue();
    assertThat(ejected()).as("counts begin anew").isEmpty();
    fail("b", 1);
    world.time.runDue();

    assertThat(world.events.states)
        .containsExactly(
            "b: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)",
            "b: EJECTED to ELIGIBLE ()",
            "b: ELIGIBLE to EJECTED (5 failures in a row, for 60 s)");
  }

  @Test
  void ejection_failuresOfAttemptsThatWereRunning_areNotHeldAgainstIt() throws Exception {
    start(calm());
    List<Attempt> running = List.of(at("b"), at("b"), at("b"), at("b"), at("b"), at("b"));
    fail("b", 5);
    world.time.runDue();
    running.forEach(attempt -> attempt.fail(null));
    world.time.advance(ofSeconds(40));

    assertThat(ejected()).isEmpty();
  }

  @Test
  void ejection_again_growsToTheMaximumAndIsLivedDownIntervalByInterval() throws Exception {
    start(calm());
    for (int seconds : List.of(30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300)) {
      fail("b", 5);
      world.time.runDue();
      assertThat(status("b").reason()).isEqualTo("5 failures in a row, for " + seconds + " s");
      world.time.advance(ofSeconds(seconds));
      assertThat(ejected()).isEmpty();
    }
    world.time.advance(ofSeconds(50)); // of which the first interval may be a part only
    fail("b", 5);
    world.time.runDue();
    assertThat(status("b").reason()).matches("5 failures in a row, for (180|210) s");
    world.time.advance(ofMinutes(30));
    fail("b", 5);
    world.time.runDue();

    assertThat(status("b").reason()).isEqualTo("5 failures in a row, for 30 s");
  }

  @Test
  void ejection_jitter_spreadsTheEnds() throws Exception {
    list.update(World.servers(40));
    start(
        OutlierDetection.builder()
            .maxEjectionPercent(100)
            .baseEjectionTime(ofMinutes(5))
            .jitter(0.5)
            .build());
    failAll(20, 5);
    world.time.advance(ofSeconds(149));
    assertThat(ejected()).hasSize(20);
    world.time.advance(ofSeconds(75));
    assertThat(ejected()).as("of about 10").hasSizeBetween(2, 18); // missed once in 25,000
    world.time.advance(ofSeconds(77));

    assertThat(ejected()).isEmpty();
  }

  @Test
  void ejection_clockJumpsForward_endsWithTheNextTick() throws Exception {
    start(calm());
    fail("b", 5);
    world.time.runDue();
    world.time.jump(ofHours(100));
    world.time.advance(ofSeconds(1));

    assertThat(ejected()).isEmpty();
    assertThat(chosen()).hasSize(3);
  }

  @Test
  void successRate_farBelowTheMean_ejects() throws Exception {
    list.update(World.servers(5));
    start(OutlierDetection.builder().consecutiveFailures(0).jitter(0).build());
    succeedAll(4, 100);
    fail("s4", 50);
    succeed("s4", 50);
    world.time.advance(ofSeconds(9));
    assertThat(ejected()).isEmpty();
    world.time.advance(ofSeconds(1));

    assertThat(world.events.states)
        .containsExactly("s4: ELIGIBLE to EJECTED (success rate 0.50 below 0.52, for 30 s)");
  }

  @Test
  void failurePercent_above_ejects() throws Exception {
    start(OutlierDetection.builder().consecutiveFailures(0).jitter(0).build());
    fail("b", 109);
    succeed("b", 11);
    world.time.advance(ofSeconds(10));

    assertThat(world.events.states)
        .containsExactly("b: ELIGIBLE to EJECTED (91 % of 120 failed, for 30 s)");
  }

  @Test
  void interval_countsOfTheLastOne_areNotAdded() throws Exception {
    start(OutlierDetection.builder().consecutiveFailures(0).build());
    for (int i = 0; i < 5; i++) {
      fail("b", 49);
      world.time.advance(ofSeconds(10));
    }

    assertThat(world.events.states).isEmpty();
  }

  @Test
  void interval_configured_isKept() throws Exception {
    start(OutlierDetection.builder().consecutiveFailures(0).interval(ofMinutes(1)).build());
    fail("b", 50);
    world.time.advance(ofSeconds(59));
    assertThat(ejected()).isEmpty();
    world.time.advance(ofSeconds(1));

    assertThat(ejected()).containsExactly("b");
  }

  @ParameterizedTest
  @CsvSource({"2, 10, 0", "3, 10, 1", "10, 10, 1", "29, 10, 2", "30, 10, 3", "30, 0, 0"})
  void cap_allFailing_ejectsNoMoreThanThePart(int servers, int percent, int expected)
      throws Exception {
    list.update(World.servers(servers));
    start(OutlierDetection.builder().maxEjectionPercent(percent).build());
    for (int second = 0; second < 25; second++) {
      failAll(servers, 60);
      world.time.advance(ofSeconds(1));
      assertThat(ejected()).hasSize(expected);
    }
    assertThat(balancer.status().panic()).isFalse();
  }

  @Test
  void cap_hundredPercent_leavesTheLastOne() throws Exception {
    list.update(World.servers(6));
    start(OutlierDetection.builder().maxEjectionPercent(100).build());
    failAll(6, 60);
    world.time.advance(ofSeconds(11));

    assertThat(ejected()).hasSize(5);
    assertThat(balancer.status().panic()).isTrue();
    assertThat(chosen()).as("in panic").hasSize(6);
  }

  @Test
  void cap_intervalFindsSeveral_ejectsTheWorst() throws Exception {
    list.update(World.servers(6));
    start(OutlierDetection.builder().consecutiveFailures(0).build());
    fail("s1", 95);
    succeed("s1", 5);
    fail("s4", 100);
    fail("s5", 98);
    succeed("s5", 2);
    world.time.advance(ofSeconds(10));

    assertThat(ejected()).containsExactly("s4");
  }

  @Test
  void cap_listShrinks_ejectedOnesStayAndNoneFollows() throws Exception {
    list.update(World.servers(40));
    start(calm());
    failAll(4, 5);
    world.time.runDue();
    assertThat(ejected()).hasSize(4);
    list.update(World.servers(10));
    assertThat(ejected()).hasSize(4);
    fail("s7", 60);
    world.time.advance(ofSeconds(12));

    assertThat(ejected()).containsExactlyInAnyOrder("s0", "s1", "s2", "s3");
  }

  @Test
  void cap_isThatOfEachPriority() throws Exception {
    list.update(
        List.of(
            World.inPriority(0, "a"),
            World.inPriority(0, "b"),
            World.inPriority(1, "c"),
            World.inPriority(1, "d")));
    start(calm());
    for (String id : List.of("a", "b", "c", "d")) {
      fail(id, 5);
    }
    world.time.advance(ofSeconds(2));

    assertThat(ejected()).containsExactlyInAnyOrder("a", "c");
  }

  @Test
  void cap_onlyServerOfAPriority_isEjectedAndTheNextPriorityServes() throws Exception {
    list.update(
        List.of(World.inPriority(0, "a"), World.inPriority(1, "c"), World.inPriority(1, "d")));
    start(calm());
    assertThat(chosen()).containsExactly("a");
    fail("a", 5);
    world.time.runDue();

    assertThat(chosen()).containsExactlyInAnyOrder("c", "d");
  }

  @Test
  void successRate_otherPriorities_areNoPeers() throws Exception {
    list.update(
        List.of(
            World.inPriority(0, "a"),
            World.inPriority(0, "b"),
            World.inPriority(0, "c"),
            World.inPriority(0, "d"),
            World.inPriority(1, "e")));
    start(OutlierDetection.builder().consecutiveFailures(0).build());
    for (String id : List.of("a", "b", "c", "d")) {
      succeed(id, 100);
    }
    fail("e", 50);
    succeed("e", 50);
    world.time.advance(ofSeconds(10));

    assertThat(ejected()).isEmpty();
  }

  @Test
  void known_drainingAndWeightZero_doNotCount() throws Exception {
    list.update(World.servers("a", "b", "c", "d"));
    start(OutlierDetection.builder().maxEjectionPercent(100).build());
    Attempt running = at("d");
    list.update(List.of(World.server("a", 1), World.server("b", 1), World.server("c", 0)));
    fail("a", 5);
    world.time.advance(ofSeconds(1));
    assertThat(ejected()).isEmpty();
    list.update(World.servers("a", "b", "c"));
    world.time.advance(ofSeconds(1));

    assertThat(ejected()).containsExactly("a");
    running.cancel();
  }

  @Test
  void lastEligible_othersBehindClosedGates_isNotEjected() throws Exception {
    start(OutlierDetection.builder().maxEjectionPercent(100).build());
    gates.of("a").change(false);
    gates.of("b").change(false);
    world.time.runDue();
    fail("c", 60);
    world.time.advance(ofSeconds(1));
    assertThat(status("c").state()).isEqualTo(EndpointState.ELIGIBLE);
    gates.of("a").change(true);
    world.time.advance(ofSeconds(1));

    assertThat(ejected()).containsExactly("c");
  }

  @Test
  void lastEligible_othersFailTheirProbes_isNotEjected() throws Exception {
    Set<String> down = new HashSet<>(List.of("a", "b"));
    balancer =
        world
            .balancer(list)
            .outlierDetection(OutlierDetection.builder().maxEjectionPercent(100).build())
            .healthCheck(HealthCheck.of(failing(down)))
            .build();
    world.time.advance(ofSeconds(10));
    fail("c", 60);
    world.time.advance(ofSeconds(12));
    assertThat(status("c").state()).isEqualTo(EndpointState.ELIGIBLE);
    down.clear();
    world.time.advance(ofSeconds(3));

    assertThat(ejected()).containsExactly("c");
  }

  @Test
  void ejected_failsItsProbesMeanwhile_isUnhealthyAndThenEjectedAgain() throws Exception {
    Set<String> down = new HashSet<>(List.of("b"));
    balancer =
        world
            .balancer(list)
            .outlierDetection(calm())
            .healthCheck(HealthCheck.of(failing(down)))
            .build();
    fail("b", 5);
    world.time.advance(ofSeconds(10));
    down.clear();
    world.time.advance(ofSeconds(25));

    assertThat(world.events.states)
        .containsExactly(
            "b: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)",
            "b: EJECTED to UNHEALTHY (3 probes failed, the last: down)",
            "b: UNHEALTHY to EJECTED (5 failures in a row, for 30 s)",
            "b: EJECTED to ELIGIBLE ()");
  }

  @Test
  void ejected_nothingElseIsLeft_isUsed() throws Exception {
    balancer = world.balancer(list).outlierDetection(calm()).panicThreshold(0).build();
    fail("b", 5);
    world.time.runDue();
    list.update(World.servers("b"));

    assertThat(status("b").state()).isEqualTo(EndpointState.EJECTED);
    assertThat(balancer.status().panic()).isFalse();
    assertThat(chosen()).containsExactly("b");
  }

  @Test
  void ejected_listUpdateKeepsTheId_staysEjectedForItsTime() throws Exception {
    start(calm());
    fail("b", 5);
    world.time.advance(ofSeconds(20));
    list.update(List.of(World.server("a"), World.server("b", 7), World.inPriority(1, "c")));
    world.time.advance(ofSeconds(9));
    assertThat(ejected()).containsExactly("b");
    world.time.advance(ofSeconds(1));

    assertThat(ejected()).isEmpty();
  }

  @Test
  void ejected_leavesAndReturnsWhileItDrains_staysEjectedForItsTime() throws Exception {
    start(calm());
    Attempt running = at("b");
    fail("b", 5);
    world.time.advance(ofSeconds(5));
    list.update(World.servers("a", "c"));
    world.time.advance(ofSeconds(5));
    list.update(World.servers("a", "b", "c"));

    assertThat(world.events.states)
        .containsExactly(
            "b: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)",
            "b: EJECTED to DRAINING (left the list)",
            "b: DRAINING to EJECTED (5 failures in a row, for 30 s)");
    world.time.advance(ofSeconds(20));
    assertThat(ejected()).isEmpty();
    running.cancel();
  }

  @Test
  void ejected_leavesForGood_isNewWhenItReturns() throws Exception {
    start(calm());
    fail("b", 5);
    world.time.advance(ofSeconds(5));
    list.update(World.servers("a", "c"));
    world.time.advance(ofSeconds(1));
    list.update(World.servers("a", "b", "c"));

    assertThat(status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
  }

  @Test
  void off_nothingIsEjected() throws Exception {
    balancer = world.balancer(list).withoutOutlierDetection().build();
    fail("b", 1_000);
    balancer.eject("b", ofSeconds(30), "on request");
    world.time.advance(ofSeconds(20));

    assertThat(world.events.states).isEmpty();
  }

  @Test
  void off_eachRule_leavesTheOthers() throws Exception {
    start(OutlierDetection.builder().consecutiveFailures(0).failurePercent(0).build());
    fail("b", 1_000);
    world.time.advance(ofSeconds(20));

    assertThat(world.events.states).isEmpty();
  }

  @Test
  void eject_asked_lastsAsLongAsAsked() throws Exception {
    start(calm());
    balancer.eject("b", ofSeconds(7), "it answered 503");
    world.time.advance(ofSeconds(6));
    assertThat(ejected()).containsExactly("b");
    world.time.advance(ofSeconds(1));
    fail("b", 5);
    world.time.runDue();

    assertThat(world.events.states)
        .containsExactly(
            "b: ELIGIBLE to EJECTED (it answered 503, for 7 s)",
            "b: EJECTED to ELIGIBLE ()",
            "b: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)");
  }

  @Test
  void eject_longerThanTheMaximum_lastsTheMaximum() {
    start(calm());
    balancer.eject("b", ofHours(1), "maintenance");
    world.time.runDue();

    assertThat(status("b").reason()).isEqualTo("maintenance, for 300 s");
  }

  @Test
  void eject_overTheCapUnknownEjectedOrClosed_doesNothing() throws Exception {
    start(calm());
    balancer.eject("x", ofSeconds(30), "unknown");
    balancer.eject("b", ofSeconds(30), "first");
    balancer.eject("b", ofMinutes(5), "again");
    balancer.eject("c", ofSeconds(30), "one too many");
    world.time.advance(ofSeconds(30));
    assertThat(world.events.states)
        .containsExactly("b: ELIGIBLE to EJECTED (first, for 30 s)", "b: EJECTED to ELIGIBLE ()");

    list.update(World.servers("a", "b"));
    balancer.eject("a", ofSeconds(30), "of two");
    world.time.runDue();
    assertThat(ejected()).isEmpty();
    list.update(World.servers("a", "b", "c"));
    balancer.eject("a", ofSeconds(30), "late");
    balancer.close();
    world.time.runDue();
    assertThat(ejected()).isEmpty();
  }

  @Test
  void eject_lastEligible_isRefused() {
    start(OutlierDetection.builder().maxEjectionPercent(100).build());
    for (String id : List.of("a", "b", "c")) {
      balancer.eject(id, ofSeconds(30), "busy");
    }
    world.time.runDue();

    assertThat(ejected()).containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void eject_badArguments_areNamed() {
    start(calm());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.eject("a", Duration.ZERO, "busy"))
        .withMessage("atMost: PT0S (expected: > PT0S to PT24H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.eject("a", ofHours(25), "busy"))
        .withMessage("atMost: PT25H (expected: > PT0S to PT24H)");
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

  /** The defaults without jitter. */
  private static OutlierDetection calm() {
    return OutlierDetection.builder().jitter(0).build();
  }

  private void start(OutlierDetection detection) {
    balancer = world.balancer(list).gate(gates).outlierDetection(detection).build();
  }

  private static HealthProbe failing(Set<String> down) {
    return (server, timeout) ->
        CompletableFuture.completedFuture(
            down.contains(server.id()) ? HealthReport.unhealthy("down") : HealthReport.healthy());
  }

  private Attempt at(String id) throws NoServerAvailableException {
    return balancer.start(RequestContext.create().only(server -> server.id().equals(id)));
  }

  private void fail(String id, int times) throws NoServerAvailableException {
    for (int i = 0; i < times; i++) {
      at(id).fail(null);
    }
  }

  private void succeed(String id, int times) throws NoServerAvailableException {
    for (int i = 0; i < times; i++) {
      at(id).succeed();
    }
  }

  private void failAll(int servers, int times) throws NoServerAvailableException {
    for (Server server : World.servers(servers)) {
      fail(server.id(), times);
    }
  }

  private void succeedAll(int servers, int times) throws NoServerAvailableException {
    for (Server server : World.servers(servers)) {
      succeed(server.id(), times);
    }
  }

  private EndpointStatus status(String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private List<String> ejected() {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.state() == EndpointState.EJECTED)
        .map(endpoint -> endpoint.server().id())
        .toList();
  }

  private Set<String> chosen() throws NoServerAvailableException {
    Set<String> chosen = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      try (Attempt attempt = balancer.start()) {
        chosen.add(attempt.server().id());
      }
    }
    return chosen;
  }
}
