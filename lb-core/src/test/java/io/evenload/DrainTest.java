package io.evenload;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Maintenance: servers that are drained by hand, or announce that they end. */
final class DrainTest {

  private final World world = new World(17);
  private final UpdatableServerList list = new UpdatableServerList(World.servers("a", "b", "c"));
  private final LoadBalancer balancer = world.balancer(list).build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void drain_byHand_takesNoNewAttemptAndFinishesThoseRunning() throws Exception {
    Attempt running = startAt("b");
    balancer.admin().drain("b");

    assertThat(chosen()).containsExactlyInAnyOrder("a", "c");
    assertThat(status("b").state()).isEqualTo(EndpointState.DRAINING);
    assertThat(status("b").reason()).isEqualTo("drained by hand");
    assertThat(status("b").inFlight()).isEqualTo(1);
    assertThat(world.events.states).containsExactly("b: ELIGIBLE to DRAINING (drained by hand)");
    running.succeed();
    assertThat(status("b").inFlight()).isZero();
  }

  @Test
  void drained_nothingInFlightForASecond_isToldOnce() throws Exception {
    Attempt running = startAt("b");
    balancer.admin().drain("a");
    balancer.admin().drain("b");
    world.time.advance(ofMillis(900));
    assertThat(world.events.states).doesNotContain("a: drained");
    world.time.advance(ofMinutes(1));
    assertThat(world.events.states).contains("a: drained").doesNotContain("b: drained");
    running.succeed();
    world.time.advance(ofMinutes(1));

    assertThat(world.events.states).containsOnlyOnce("a: drained").containsOnlyOnce("b: drained");
  }

  @Test
  void drained_eachDrain_isTold() {
    list.update(World.servers("a", "c"));
    world.time.advance(ofSeconds(2));
    list.update(World.servers("a", "b", "c"));
    balancer.admin().drain("b");
    world.time.advance(ofSeconds(2));
    balancer.admin().undrain("b");
    balancer.admin().drain("b");
    world.time.advance(ofSeconds(2));

    assertThat(world.events.states.stream().filter("b: drained"::equals)).hasSize(3);
  }

  @Test
  void undrain_beforeTheEndIsTold_endsTheDrain() {
    balancer.admin().drain("b");
    balancer.admin().undrain("b");
    world.time.advance(ofMinutes(1));

    assertThat(world.events.states).doesNotContain("b: drained");
  }

  @Test
  void undrain_afterDrain_isChosenAgainWithItsState() throws Exception {
    startAt("b").fail(null);
    balancer.admin().drain("b");
    world.time.advance(ofSeconds(1));
    balancer.admin().undrain("b");

    assertThat(startAt("b").server().id()).isEqualTo("b");
    assertThat(status("b").failureRate()).isPositive();
    assertThat(world.events.states).endsWith("b: DRAINING to ELIGIBLE ()");
  }

  @Test
  void drain_byHand_outlivesUpdatesAndAbsence() throws Exception {
    balancer.admin().drain("b");
    list.update(World.servers("a", "b", "d"));
    assertThat(chosen()).containsExactlyInAnyOrder("a", "d");
    list.update(World.servers("a"));
    assertThat(status("b").reason()).isEqualTo("left the list");
    world.time.advance(ofMinutes(1)); // forgotten by now
    list.update(World.servers("a", "b"));

    assertThat(chosen()).containsExactly("a");
    assertThat(status("b").reason()).isEqualTo("drained by hand");
  }

  @Test
  void drain_byHandBeforeItIsKnown_holdsWhenItComes() throws Exception {
    balancer.admin().drain("d");
    list.update(World.servers("a", "d"));

    assertThat(chosen()).containsExactly("a");
    balancer.admin().undrain("d");
    assertThat(chosen()).containsExactlyInAnyOrder("a", "d");
  }

  @Test
  void drain_allServers_isHard() {
    List.of("a", "b", "c").forEach(balancer.admin()::drain);

    assertThatThrownBy(balancer::start)
        .isInstanceOf(NoServerAvailableException.class)
        .hasMessage("orders: no server available (3 known: 3 draining)");
  }

  @Test
  void drain_announced_endsAfterItsTime() throws Exception {
    balancer.admin().drain("b", ofSeconds(30), "says Connection: close");
    world.time.runDue();
    assertThat(chosen()).containsExactlyInAnyOrder("a", "c");
    assertThat(status("b").reason()).isEqualTo("says Connection: close");
    world.time.advance(ofSeconds(29));
    assertThat(chosen()).doesNotContain("b");
    world.time.advance(ofSeconds(2));

    assertThat(chosen()).contains("b");
  }

  @Test
  void drain_announced_endsWithTheServersDeparture() throws Exception {
    Attempt running = startAt("b");
    balancer.admin().drain("b", ofMinutes(10), "going down");
    world.time.runDue();
    list.update(World.servers("a", "c"));
    list.update(World.servers("a", "b", "c"));
    running.succeed();

    assertThat(chosen()).contains("b");
  }

  @Test
  void drain_announcedByAnUnlistedServer_isForgotten() throws Exception {
    balancer.admin().drain("d", ofMinutes(10), "going down");
    world.time.runDue();
    list.update(World.servers("a", "d"));

    assertThat(chosen()).contains("d");
  }

  @Test
  void undrain_takesBackBoth() throws Exception {
    balancer.admin().drain("b");
    balancer.admin().drain("b", ofMinutes(10), "going down");
    world.time.runDue();
    assertThat(status("b").reason()).isEqualTo("drained by hand");
    balancer.admin().undrain("b");

    assertThat(chosen()).contains("b");
  }

  @Test
  void undrain_ofOneThatDoesNotDrain_doesNothing() throws Exception {
    balancer.admin().undrain("b");
    balancer.admin().undrain("x");

    assertThat(world.events.states).isEmpty();
    assertThat(chosen()).hasSize(3);
  }

  @Test
  void drain_afterClose_doesNothing() {
    balancer.close();
    balancer.admin().drain("a");
    balancer.admin().drain("b", ofSeconds(1), "late");
    balancer.admin().undrain("a");
    world.time.advance(ofSeconds(5));

    assertThat(world.events.states).isEmpty();
    assertThatThrownBy(balancer::start).hasMessage("orders: closed");
  }

  @Test
  void drain_badArguments_areRefusedByName() {
    assertThatNullPointerException()
        .isThrownBy(() -> balancer.admin().drain(null))
        .withMessage("id");
    assertThatNullPointerException()
        .isThrownBy(() -> balancer.admin().undrain(null))
        .withMessage("id");
    assertThatNullPointerException()
        .isThrownBy(() -> balancer.admin().drain("a", null, "x"))
        .withMessage("atMost");
    assertThatNullPointerException()
        .isThrownBy(() -> balancer.admin().drain("a", ofSeconds(1), null))
        .withMessage("reason");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.admin().drain("a", Duration.ZERO, "x"))
        .withMessage("atMost: PT0S (expected: > PT0S to PT24H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.admin().drain("a", Duration.ofDays(2), "x"))
        .withMessage("atMost: PT48H (expected: > PT0S to PT24H)");
  }

  private Attempt startAt(String id) throws NoServerAvailableException {
    return balancer.start(RequestContext.create().only(server -> server.id().equals(id)));
  }

  private Set<String> chosen() throws NoServerAvailableException {
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      Attempt attempt = balancer.start();
      ids.add(attempt.server().id());
      attempt.succeed();
    }
    return ids;
  }

  private EndpointStatus status(String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }
}
