package io.evenload.health;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Attempt;
import io.evenload.EndpointState;
import io.evenload.Server;
import io.evenload.testing.World;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How long an ejection lasts, and what it is to the rest of the balancer. */
final class EjectionTest {

  private final Fleet fleet = new Fleet("a", "b", "c");

  @AfterEach
  void close() {
    fleet.close();
  }

  @Test
  void ejection_endsWithinASecondOfItsTimeAndRealTrafficDecides() throws Exception {
    fleet.start(Fleet.calm());
    fleet.time.advance(ofMillis(400));
    fleet.fail("b", 5);
    fleet.time.advance(ofMillis(29_999));
    assertThat(fleet.ejected()).containsExactly("b");
    fleet.time.advance(ofMillis(1_001));
    assertThat(fleet.ejected()).isEmpty();
    assertThat(fleet.chosen()).contains("b");
    fleet.fail("b", 4);
    fleet.time.runDue();
    assertThat(fleet.ejected()).as("counts begin anew").isEmpty();
    fleet.fail("b", 1);
    fleet.time.runDue();

    assertThat(fleet.events.states)
        .containsExactly(
            "b: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)",
            "b: EJECTED to ELIGIBLE ()",
            "b: ELIGIBLE to EJECTED (5 failures in a row, for 60 s)");
  }

  @Test
  void ejection_failuresOfAttemptsThatWereRunning_areNotHeldAgainstIt() throws Exception {
    fleet.start(Fleet.calm());
    List<Attempt> running =
        List.of(
            fleet.at("b"),
            fleet.at("b"),
            fleet.at("b"),
            fleet.at("b"),
            fleet.at("b"),
            fleet.at("b"));
    fleet.fail("b", 5);
    fleet.time.runDue();
    running.forEach(attempt -> attempt.fail(null));
    fleet.time.advance(ofSeconds(40));

    assertThat(fleet.ejected()).isEmpty();
  }

  @Test
  void ejection_again_growsToTheMaximumAndIsLivedDownIntervalByInterval() throws Exception {
    fleet.start(Fleet.calm());
    for (int seconds : List.of(30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300)) {
      fleet.fail("b", 5);
      fleet.time.runDue();
      assertThat(fleet.status("b").reason())
          .isEqualTo("5 failures in a row, for " + seconds + " s");
      fleet.time.advance(ofSeconds(seconds));
      assertThat(fleet.ejected()).isEmpty();
    }
    fleet.time.advance(ofSeconds(50)); // of which the first interval may be a part only
    fleet.fail("b", 5);
    fleet.time.runDue();
    assertThat(fleet.status("b").reason()).matches("5 failures in a row, for (180|210) s");
    fleet.time.advance(ofMinutes(30));
    fleet.fail("b", 5);
    fleet.time.runDue();

    assertThat(fleet.status("b").reason()).isEqualTo("5 failures in a row, for 30 s");
  }

  @Test
  void ejection_jitter_spreadsTheEnds() throws Exception {
    fleet.list.update(World.servers(40));
    fleet.start(
        OutlierDetection.builder()
            .maxEjectionPercent(100)
            .baseEjectionTime(ofMinutes(5))
            .jitter(0.5)
            .build());
    fleet.failAll(20, 30); // more than the others, which are well, would by chance
    for (Server well : World.servers(40).subList(20, 40)) {
      fleet.succeed(well.id(), 30);
    }
    fleet.time.advance(ofSeconds(149));
    assertThat(fleet.ejected()).hasSize(20);
    fleet.time.advance(ofSeconds(75));
    assertThat(fleet.ejected()).as("of about 10").hasSizeBetween(2, 18); // missed once in 25,000
    fleet.time.advance(ofSeconds(77));

    assertThat(fleet.ejected()).isEmpty();
  }

  @Test
  void ejection_clockJumpsForward_endsWithTheNextTick() throws Exception {
    fleet.start(Fleet.calm());
    fleet.fail("b", 5);
    fleet.time.runDue();
    fleet.time.jump(ofHours(100));
    fleet.time.advance(ofSeconds(1));

    assertThat(fleet.ejected()).isEmpty();
    assertThat(fleet.chosen()).hasSize(3);
  }

  @Test
  void ejected_failsItsProbesMeanwhile_isUnhealthyAndThenEjectedAgain() throws Exception {
    fleet.unwell.add("b");
    fleet.start(fleet.builder().outlierDetection(Fleet.calm()).healthCheck(fleet.check()));
    fleet.fail("b", 5);
    fleet.time.advance(ofSeconds(10));
    fleet.unwell.clear();
    fleet.time.advance(ofSeconds(25));

    assertThat(fleet.events.states)
        .containsExactly(
            "b: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)",
            "b: EJECTED to UNHEALTHY (3 probes failed, the last: down)",
            "b: UNHEALTHY to EJECTED (5 failures in a row, for 30 s)",
            "b: EJECTED to ELIGIBLE ()");
  }

  @Test
  void ejected_nothingElseIsLeft_isUsed() throws Exception {
    fleet.start(fleet.builder().outlierDetection(Fleet.calm()).panicThreshold(0));
    fleet.fail("b", 5);
    fleet.time.runDue();
    fleet.list.update(World.servers("b"));

    assertThat(fleet.status("b").state()).isEqualTo(EndpointState.EJECTED);
    assertThat(fleet.balancer.status().panic()).isFalse();
    assertThat(fleet.chosen()).containsExactly("b");
  }

  @Test
  void ejected_comesBack_startsSlowly() throws Exception {
    fleet.start(Fleet.calm());
    fleet.fail("b", 5);
    fleet.time.advance(ofSeconds(30));
    assertThat(fleet.status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
    assertThat(fleet.status("b").weight()).isEqualTo(0.1);
    fleet.time.advance(ofSeconds(15));
    assertThat(fleet.status("b").weight()).isEqualTo(0.5);
    fleet.time.advance(ofSeconds(15));

    assertThat(fleet.status("b").weight()).isEqualTo(1);
  }

  @Test
  void ejected_listUpdateKeepsTheId_staysEjectedForItsTime() throws Exception {
    fleet.start(Fleet.calm());
    fleet.fail("b", 5);
    fleet.time.advance(ofSeconds(20));
    fleet.list.update(List.of(World.server("a"), World.server("b", 7), World.inPriority(1, "c")));
    fleet.time.advance(ofSeconds(9));
    assertThat(fleet.ejected()).containsExactly("b");
    fleet.time.advance(ofSeconds(1));

    assertThat(fleet.ejected()).isEmpty();
  }

  @Test
  void ejected_leavesAndReturnsWhileItDrains_staysEjectedForItsTime() throws Exception {
    fleet.start(Fleet.calm());
    Attempt running = fleet.at("b");
    fleet.fail("b", 5);
    fleet.time.advance(ofSeconds(5));
    fleet.list.update(World.servers("a", "c"));
    fleet.time.advance(ofSeconds(5));
    fleet.list.update(World.servers("a", "b", "c"));

    assertThat(fleet.events.states)
        .containsExactly(
            "b: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)",
            "b: EJECTED to DRAINING (left the list)",
            "b: DRAINING to EJECTED (5 failures in a row, for 30 s)");
    fleet.time.advance(ofSeconds(20));
    assertThat(fleet.ejected()).isEmpty();
    running.cancel();
  }

  @Test
  void ejected_returnsAfterItHasDrained_staysEjectedForItsTime() throws Exception {
    fleet.start(Fleet.calm());
    fleet.fail("b", 5);
    fleet.time.advance(ofSeconds(5));
    fleet.list.update(World.servers("a", "c"));
    fleet.time.advance(ofSeconds(3));
    assertThat(fleet.balancer.status().endpoints()).as("it has drained").hasSize(2);
    fleet.list.update(World.servers("a", "b", "c"));
    assertThat(fleet.ejected()).containsExactly("b");
    fleet.time.advance(ofSeconds(22));
    assertThat(fleet.ejected()).isEmpty();

    fleet.fail("b", 5);
    fleet.time.runDue();
    fleet.list.update(World.servers("a", "c"));
    fleet.time.advance(ofMinutes(5));
    fleet.list.update(World.servers("a", "b", "c"));
    assertThat(fleet.ejected()).as("its time is over").isEmpty();
  }

  @Test
  void ejected_hostChanges_isNew() throws Exception {
    fleet.start(Fleet.calm());
    fleet.fail("b", 5);
    fleet.time.runDue();
    assertThat(fleet.ejected()).containsExactly("b");
    Server elsewhere = Server.builder("elsewhere", 80).id("b").build();
    fleet.list.update(List.of(World.server("a"), elsewhere, World.server("c")));

    assertThat(fleet.status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
  }
}
