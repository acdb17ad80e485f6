package io.evenload.health;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.Attempt;
import io.evenload.EndpointState;
import io.evenload.Server;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How many servers may be ejected, whatever the reason. */
final class EjectionBoundsTest {

  private final Fleet fleet = new Fleet("a", "b", "c");

  @AfterEach
  void close() {
    fleet.close();
  }

  @ParameterizedTest
  @CsvSource({"2, 10, 0", "3, 10, 1", "10, 10, 1", "29, 10, 2", "30, 10, 3", "30, 0, 0"})
  void cap_halfFailing_ejectsNoMoreThanThePart(int servers, int percent, int expected)
      throws Exception {
    fleet.list.update(World.servers(servers));
    fleet.start(OutlierDetection.builder().maxEjectionPercent(percent).build());
    for (int second = 0; second < 25; second++) {
      fleet.failAll(servers / 2, 60);
      for (Server well : World.servers(servers).subList(servers / 2, servers)) {
        fleet.succeed(well.id(), 60);
      }
      fleet.time.advance(ofSeconds(1));
      assertThat(fleet.ejected()).hasSize(expected);
    }
    assertThat(fleet.balancer.status().panic()).isFalse();
  }

  /** It is not theirs: what they are asked for fails. */
  @ParameterizedTest
  @ValueSource(ints = {3, 10, 30})
  void allFailing_alike_ejectsNone(int servers) throws Exception {
    fleet.list.update(World.servers(servers));
    fleet.start(OutlierDetection.builder().maxEjectionPercent(100).build());
    for (int second = 0; second < 25; second++) {
      for (int i = 0; i < 60; i++) {
        fleet.failAll(servers, 1);
      }
      fleet.time.advance(ofSeconds(1));
    }
    assertThat(fleet.events.states).isEmpty();
  }

  @Test
  void cap_hundredPercent_leavesTheLastOne() throws Exception {
    fleet.list.update(World.servers(6));
    fleet.start(OutlierDetection.builder().maxEjectionPercent(100).build());
    fleet.failAll(5, 100);
    fleet.succeed("s5", 100);
    fleet.time.runDue();
    assertThat(fleet.ejected()).hasSize(5);
    fleet.failAll(6, 100);
    fleet.time.advance(ofSeconds(11));

    assertThat(fleet.ejected()).hasSize(5);
    assertThat(fleet.balancer.status().panic()).isTrue();
    assertThat(fleet.chosen()).as("in panic").hasSize(6);
  }

  @Test
  void cap_intervalFindsSeveral_ejectsTheWorst() throws Exception {
    fleet.list.update(World.servers(6));
    fleet.start(OutlierDetection.builder().consecutiveFailures(0).build());
    fleet.fail("s1", 95);
    fleet.succeed("s1", 5);
    fleet.fail("s4", 100);
    fleet.fail("s5", 98);
    fleet.succeed("s5", 2);
    for (String well : List.of("s0", "s2", "s3")) {
      fleet.succeed(well, 100);
    }
    fleet.time.advance(ofSeconds(10));

    assertThat(fleet.ejected()).containsExactly("s4");
  }

  @Test
  void cap_listShrinks_ejectedOnesStayAndNoneFollows() throws Exception {
    fleet.list.update(World.servers(40));
    fleet.start(Fleet.calm());
    fleet.failAll(4, 5);
    fleet.time.runDue();
    assertThat(fleet.ejected()).hasSize(4);
    fleet.list.update(World.servers(10));
    assertThat(fleet.ejected()).hasSize(4);
    fleet.fail("s7", 60);
    fleet.time.advance(ofSeconds(12));

    assertThat(fleet.ejected()).containsExactlyInAnyOrder("s0", "s1", "s2", "s3");
  }

  @Test
  void cap_isThatOfEachPriority() throws Exception {
    List<Server> servers = new ArrayList<>();
    for (String id : List.of("a", "b", "u", "v", "w", "x", "y", "z")) {
      servers.add(World.inPriority(0, id));
    }
    for (String id : List.of("c", "d", "m", "n", "o", "p", "q", "r")) {
      servers.add(World.inPriority(1, id));
    }
    fleet.list.update(servers);
    fleet.start(Fleet.calm());
    for (String id : List.of("a", "b", "c", "d")) {
      fleet.fail(id, 5);
    }
    fleet.time.advance(ofSeconds(2));

    assertThat(fleet.ejected()).containsExactlyInAnyOrder("a", "c");
  }

  @Test
  void cap_onlyServerOfAPriority_isEjectedAndTheNextPriorityServes() throws Exception {
    fleet.list.update(
        List.of(World.inPriority(0, "a"), World.inPriority(1, "c"), World.inPriority(1, "d")));
    fleet.start(Fleet.calm());
    assertThat(fleet.chosen()).containsExactly("a");
    fleet.fail("a", 5);
    fleet.time.runDue();

    assertThat(fleet.chosen()).containsExactlyInAnyOrder("c", "d");
  }

  @Test
  void known_drainingAndWeightZero_doNotCount() throws Exception {
    fleet.list.update(World.servers("a", "b", "c", "d"));
    fleet.start(OutlierDetection.builder().maxEjectionPercent(100).build());
    Attempt running = fleet.at("d");
    fleet.list.update(List.of(World.server("a", 1), World.server("b", 1), World.server("c", 0)));
    fleet.fail("a", 5);
    fleet.time.advance(ofSeconds(1));
    assertThat(fleet.ejected()).isEmpty();
    fleet.list.update(World.servers("a", "b", "c"));
    fleet.time.advance(ofSeconds(1));

    assertThat(fleet.ejected()).containsExactly("a");
    running.cancel();
  }

  @Test
  void lastEligible_othersBehindClosedGates_isNotEjected() throws Exception {
    fleet.start(OutlierDetection.builder().maxEjectionPercent(100).build());
    fleet.gates.of("a").change(false);
    fleet.gates.of("b").change(false);
    fleet.time.runDue();
    fleet.fail("c", 60);
    fleet.time.advance(ofSeconds(1));
    assertThat(fleet.status("c").state()).isEqualTo(EndpointState.ELIGIBLE);
    fleet.gates.of("a").change(true);
    fleet.time.advance(ofSeconds(1));

    assertThat(fleet.ejected()).containsExactly("c");
  }

  @Test
  void lastEligible_othersFailTheirProbes_isNotEjected() throws Exception {
    fleet.unwell.addAll(List.of("a", "b"));
    fleet.start(
        fleet
            .builder()
            .outlierDetection(OutlierDetection.builder().maxEjectionPercent(100).build())
            .healthCheck(fleet.check()));
    fleet.time.advance(ofSeconds(10));
    fleet.fail("c", 60);
    fleet.time.advance(ofSeconds(12));
    assertThat(fleet.status("c").state()).isEqualTo(EndpointState.ELIGIBLE);
    fleet.unwell.clear();
    fleet.time.advance(ofSeconds(3));

    assertThat(fleet.ejected()).containsExactly("c");
  }

  @Test
  void eject_asked_lastsAsLongAsAsked() throws Exception {
    fleet.start(Fleet.calm());
    fleet.balancer.admin().eject("b", ofSeconds(7), "it answered 503");
    fleet.time.advance(ofSeconds(6));
    assertThat(fleet.ejected()).containsExactly("b");
    fleet.time.advance(ofSeconds(1));
    fleet.fail("b", 5);
    fleet.time.runDue();

    assertThat(fleet.events.states)
        .containsExactly(
            "b: ELIGIBLE to EJECTED (it answered 503, for 7 s)",
            "b: EJECTED to ELIGIBLE ()",
            "b: ELIGIBLE to EJECTED (5 failures in a row, for 30 s)");
  }

  @Test
  void eject_longerThanTheMaximum_lastsTheMaximum() {
    fleet.start(Fleet.calm());
    fleet.balancer.admin().eject("b", ofHours(1), "maintenance");
    fleet.time.runDue();

    assertThat(fleet.status("b").reason()).isEqualTo("maintenance, for 300 s");
  }

  @Test
  void eject_overTheCapUnknownEjectedOrClosed_doesNothing() throws Exception {
    fleet.start(Fleet.calm());
    fleet.balancer.admin().eject("x", ofSeconds(30), "unknown");
    fleet.balancer.admin().eject("b", ofSeconds(30), "first");
    fleet.balancer.admin().eject("b", ofMinutes(5), "again");
    fleet.balancer.admin().eject("c", ofSeconds(30), "one too many");
    fleet.time.advance(ofSeconds(30));
    assertThat(fleet.events.states)
        .containsExactly("b: ELIGIBLE to EJECTED (first, for 30 s)", "b: EJECTED to ELIGIBLE ()");

    fleet.list.update(World.servers("a", "b"));
    fleet.balancer.admin().eject("a", ofSeconds(30), "of two");
    fleet.time.runDue();
    assertThat(fleet.ejected()).isEmpty();
    fleet.list.update(World.servers("a", "b", "c"));
    fleet.balancer.admin().eject("a", ofSeconds(30), "late");
    fleet.balancer.close();
    fleet.time.runDue();
    assertThat(fleet.ejected()).isEmpty();
  }

  @Test
  void eject_lastEligible_isRefused() {
    fleet.start(OutlierDetection.builder().maxEjectionPercent(100).build());
    for (String id : List.of("a", "b", "c")) {
      fleet.balancer.admin().eject(id, ofSeconds(30), "busy");
    }
    fleet.time.runDue();

    assertThat(fleet.ejected()).containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void eject_badArguments_areNamed() {
    fleet.start(Fleet.calm());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> fleet.balancer.admin().eject("a", Duration.ZERO, "busy"))
        .withMessage("atMost: PT0S (expected: > PT0S to PT24H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> fleet.balancer.admin().eject("a", ofHours(25), "busy"))
        .withMessage("atMost: PT25H (expected: > PT0S to PT24H)");
  }
}
