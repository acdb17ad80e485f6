package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.evenload.chooser.Choosers;
import io.evenload.health.HealthCheck;
import io.evenload.health.SlowStart;
import io.evenload.testing.FakeGates;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A client that uses a part of a large list. */
final class SubsetTest {

  private static final Subset TENTH = Subset.of(3, 10);
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final World world = new World(62);
  private final FakeGates gates = new FakeGates();
  private final UpdatableServerList list = new UpdatableServerList(World.servers(200));

  @Test
  void start_manyClients_loadEveryServerByItsWeight() {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < 90; i++) {
      servers.add(World.server("s" + i, 1 + i % 3));
    }
    list.update(servers);
    Map<String, Double> load = new HashMap<>();
    for (int client = 0; client < 70; client++) {
      try (LoadBalancer balancer = balancer(Subset.of(client, 70))) {
        List<LoadBalancerStatus.EndpointStatus> used = used(balancer);
        double sum = used.stream().mapToDouble(endpoint -> endpoint.weight()).sum();
        used.forEach(e -> load.merge(e.server().id(), e.weight() / sum, Double::sum));
      }
    }
    for (Server server : servers) {
      assertThat(load.get(server.id())).isCloseTo(70 * server.weight() / 180.0, within(1e-9));
    }
  }

  @Test
  void start_serversOutside_areNotChosenNorCounted() throws Exception {
    try (LoadBalancer balancer = balancer(TENTH)) {
      Set<String> used = ids(balancer);
      assertThat(used).hasSize(20);
      Set<String> chosen = new HashSet<>();
      for (int i = 0; i < 2_000; i++) {
        try (Attempt attempt = balancer.start()) {
          chosen.add(attempt.server().id());
        }
      }
      assertThat(chosen).isEqualTo(used);
      assertThat(balancer.status().panic()).isFalse();
      assertThat(balancer.status().endpoints())
          .filteredOn(endpoint -> !used.contains(endpoint.server().id()))
          .hasSize(180)
          .allMatch(e -> e.state() == EndpointState.OUTSIDE_SUBSET)
          .allMatch(e -> e.reason().equals("not one of this client's subset"));
      RequestContext outside = RequestContext.create().only(s -> !used.contains(s.id()));
      assertThatExceptionOfType(NoServerAvailableException.class)
          .isThrownBy(() -> balancer.start(outside))
          .withMessageContaining("180 outside the subset, 20 filtered out");
    }
  }

  @Test
  void update_fewServers_areAllUsed() {
    list.update(World.servers(19));
    try (LoadBalancer balancer = balancer(TENTH)) {
      assertThat(ids(balancer)).hasSize(19);
    }
  }

  @Test
  void update_weightZero_isNotOnTheRing() {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      servers.add(World.server("s" + i, i % 2));
    }
    list.update(servers);
    try (LoadBalancer balancer = balancer(Subset.of(0, 100))) {
      assertThat(used(balancer)).hasSizeBetween(20, 21).allMatch(e -> e.server().weight() == 1);
      assertThat(balancer.status().endpoints())
          .filteredOn(endpoint -> endpoint.server().weight() == 0)
          .allMatch(endpoint -> endpoint.state() == EndpointState.WEIGHT_ZERO);
    }
  }

  @Test
  void update_serverLeavesTheSubset_itsAttemptsEndAndItReturnsAsTheSame() throws Exception {
    try (LoadBalancer balancer = balancer(TENTH)) {
      Attempt running = balancer.start();
      balancer.reconfigure(options -> options.subset(Subset.of(7, 10)));
      LoadBalancerStatus.EndpointStatus status = endpoint(balancer, running.server().id());
      assertThat(status.state()).isEqualTo(EndpointState.OUTSIDE_SUBSET);
      assertThat(status.inFlight()).isEqualTo(1);
      running.succeed();
      assertThat(endpoint(balancer, running.server().id()).inFlight()).isZero();
      balancer.reconfigure(options -> options.subset(TENTH));

      String id = running.server().id();
      Attempt again = balancer.start(RequestContext.create().only(s -> s.id().equals(id)));
      assertThat(again.endpoint).isSameAs(running.endpoint);
      again.cancel();
    }
  }

  @Test
  void refresh_membersFail_asManyOthersTakeTheirPlace() {
    try (LoadBalancer balancer = balancer(TENTH)) {
      Set<String> before = ids(balancer);
      List<String> failing = before.stream().limit(8).toList();
      change(failing, false);

      assertThat(used(balancer)).hasSize(28);
      assertThat(ids(balancer)).containsAll(before);
      assertThat(used(balancer))
          .filteredOn(endpoint -> endpoint.state() == EndpointState.ELIGIBLE)
          .hasSize(20);
      change(failing, true);
      world.time.advance(MINUTE.minusSeconds(2));
      assertThat(used(balancer)).as("not yet").hasSize(28);
      world.time.advance(Duration.ofSeconds(4));
      assertThat(ids(balancer)).isEqualTo(before);
    }
  }

  @Test
  void refresh_mostFail_extensionIsAsLongAsTheArcAtMost() {
    try (LoadBalancer balancer = balancer(TENTH)) {
      change(World.servers(200).stream().map(Server::id).toList(), false);

      assertThat(used(balancer)).hasSize(40);
    }
  }

  @Test
  void update_listIsShorterThanWhatTheExtensionNeeded_comesIntoForce() {
    List<Server> servers = new ArrayList<>(World.servers(1));
    for (int i = 0; i < 200; i++) {
      servers.add(World.inPriority(1, "x" + i));
    }
    list.update(servers);
    try (LoadBalancer balancer = balancer(TENTH)) {
      List<String> failing =
          ids(balancer).stream().filter(id -> id.startsWith("x")).limit(4).toList();
      change(failing, false);
      change(failing.subList(0, 2), true); // the extension of 4 needs to be 2 only
      Server spare = Server.builder("x0", 80).id("x0").priority(1).weight(0).build();
      list.update(List.of(servers.get(0), spare));

      assertThat(used(balancer))
          .filteredOn(endpoint -> endpoint.state() == EndpointState.ELIGIBLE)
          .extracting(endpoint -> endpoint.server().id())
          .containsExactly("s0");
    }
  }

  @Test
  void refresh_memberFlaps_subsetChangesOnce() {
    try (LoadBalancer balancer = balancer(TENTH)) {
      String flapping = ids(balancer).iterator().next();
      change(List.of(flapping), false);
      Set<String> extended = ids(balancer);
      assertThat(extended).hasSize(21);
      world.events.states.clear();
      for (int i = 0; i < 30; i++) {
        change(List.of(flapping), i % 2 == 0);
        world.time.advance(Duration.ofSeconds(20));
        assertThat(ids(balancer)).isEqualTo(extended);
      }
      assertThat(world.events.states).hasSize(30).allMatch(event -> event.startsWith(flapping));
    }
  }

  @Test
  void probes_onlyMembersAreAsked() {
    Set<String> probed = new HashSet<>();
    HealthProbe probe =
        (server, timeout) -> {
          probed.add(server.id());
          return CompletableFuture.completedFuture(HealthReport.healthy());
        };
    try (LoadBalancer balancer =
        world.balancer(list).healthCheck(HealthCheck.of(probe)).subset(TENTH).build()) {
      world.time.advance(MINUTE);
      assertThat(probed).isEqualTo(ids(balancer));
      balancer.reconfigure(options -> options.subset(Subset.of(7, 10)));
      probed.clear();
      world.time.advance(MINUTE);
      assertThat(probed).isEqualTo(ids(balancer));
    }
  }

  @Test
  void probes_sickServerLeavesTheSubsetAndReturns_isStillSickAndProbedAtOnce() {
    Set<String> sick = new HashSet<>();
    List<String> probed = new ArrayList<>();
    HealthProbe probe =
        (server, timeout) -> {
          probed.add(server.id());
          return CompletableFuture.completedFuture(
              sick.contains(server.id()) ? HealthReport.unhealthy("down") : HealthReport.healthy());
        };
    try (LoadBalancer balancer =
        world.balancer(list).healthCheck(HealthCheck.of(probe)).subset(TENTH).build()) {
      String id = ids(balancer).iterator().next();
      sick.add(id);
      world.time.advance(MINUTE);
      assertThat(endpoint(balancer, id).state()).isEqualTo(EndpointState.UNHEALTHY);
      for (Duration away : List.of(Duration.ZERO, MINUTE, Duration.ofMinutes(9))) {
        balancer.reconfigure(options -> options.subset(Subset.of(7, 10)));
        world.time.advance(away);
        assertThat(endpoint(balancer, id).state()).isEqualTo(EndpointState.OUTSIDE_SUBSET);
        probed.clear();
        balancer.reconfigure(options -> options.subset(TENTH));

        assertThat(endpoint(balancer, id).state()).isEqualTo(EndpointState.UNHEALTHY);
        world.time.runDue();
        assertThat(probed).as("after %s", away).contains(id);
      }
      sick.clear();
      world.time.advance(MINUTE);
      assertThat(endpoint(balancer, id).state()).isEqualTo(EndpointState.ELIGIBLE);
    }
  }

  @Test
  void ejection_serverLeavesTheSubsetAndReturns_goesOn() {
    try (LoadBalancer balancer = balancer(TENTH)) {
      String id = ids(balancer).iterator().next();
      balancer.admin().eject(id, MINUTE, "for a test");
      world.time.runDue();
      assertThat(endpoint(balancer, id).state()).isEqualTo(EndpointState.EJECTED);
      balancer.reconfigure(options -> options.subset(Subset.of(7, 10)));
      world.time.advance(MINUTE.minusSeconds(10));
      balancer.reconfigure(options -> options.subset(TENTH));

      assertThat(endpoint(balancer, id).state()).isEqualTo(EndpointState.EJECTED);
      world.time.advance(Duration.ofSeconds(12));
      assertThat(endpoint(balancer, id).state()).isEqualTo(EndpointState.ELIGIBLE);
    }
  }

  @Test
  void probes_trafficIsHeldUntilTheFirstAnswer_subsetDoesNotGrow() {
    HealthProbe silent = (server, timeout) -> new CompletableFuture<>();
    HealthCheck check = HealthCheck.builder(silent).initiallyHealthy(false).build();
    try (LoadBalancer balancer = world.balancer(list).healthCheck(check).subset(TENTH).build()) {
      assertThat(used(balancer)).hasSize(20);
      world.time.advance(Duration.ofSeconds(2)); // all have timed out
      list.update(World.servers(201));
      assertThat(used(balancer)).as("grows by those that failed").hasSizeGreaterThan(30);
    }
  }

  @Test
  void slowStart_serverThatEntersTheSubset_hasItsWeightAtOnce() {
    try (LoadBalancer balancer =
        world
            .balancer(list)
            .slowStart(SlowStart.builder().build())
            .subset(Subset.of(3, 10))
            .build()) {
      balancer.reconfigure(options -> options.subset(Subset.of(7, 10)));

      assertThat(used(balancer)).hasSize(20).allMatch(endpoint -> endpoint.weight() == 1);
    }
  }

  @Test
  void update_severalPriorities_eachHasASubset() {
    List<Server> servers = new ArrayList<>(World.servers(200));
    for (int i = 0; i < 200; i++) {
      servers.add(World.inPriority(1, "x" + i));
    }
    list.update(servers);
    try (LoadBalancer balancer = balancer(TENTH)) {
      assertThat(used(balancer)).filteredOn(e -> e.server().priority() == 0).hasSize(20);
      assertThat(used(balancer)).filteredOn(e -> e.server().priority() == 1).hasSize(20);
    }
  }

  @Test
  void locality_zoneIsLargerThanItsSubsetShows_countsWithAllItsServers() {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      String zone = i < 100 ? "a" : "b";
      servers.add(Server.builder("s" + i, 80).id("s" + i).zone(zone).build());
    }
    list.update(servers);
    try (LoadBalancer balancer =
        world.balancer(list).locality(Locality.of("a")).subset(Subset.of(0, 100)).build()) {
      assertThat(balancer.status().groups())
          .extracting(LoadBalancerStatus.GroupStatus::candidates)
          .containsExactly(20, 21);
      // A quarter of the servers for half of the clients.
      assertThat(balancer.status().groups().get(0).share()).isCloseTo(0.5, within(1e-6));
    }
  }

  @Test
  void builder_badInput_saysWhatIsExpected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Subset.of(0, 0))
        .withMessage("clients: 0 (expected: 1 to 1048576)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Subset.of(0, 1_048_577))
        .withMessage("clients: 1048577 (expected: 1 to 1048576)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Subset.of(-1, 5))
        .withMessage("client: -1 (expected: 0 to 4)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Subset.of(5, 5))
        .withMessage("client: 5 (expected: 0 to 4)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Subset.builder(0, 1).size(0))
        .withMessage("size: 0 (expected: 1 or more)");
    assertThat(Subset.builder("host-7").size(3).build())
        .hasToString(
            "client " + Subset.ofIdentity("host-7").client() + " of 1048576, at least 3 servers");
  }

  private LoadBalancer balancer(Subset subset) {
    return world.balancer(list).gate(gates).chooser(Choosers.random()).subset(subset).build();
  }

  private void change(List<String> ids, boolean open) {
    ids.forEach(id -> gates.of(id).change(open));
    world.time.runDue();
  }

  private static LoadBalancerStatus.EndpointStatus endpoint(LoadBalancer balancer, String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private static List<LoadBalancerStatus.EndpointStatus> used(LoadBalancer balancer) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.state() != EndpointState.OUTSIDE_SUBSET)
        .filter(endpoint -> endpoint.state() != EndpointState.WEIGHT_ZERO)
        .toList();
  }

  private static Set<String> ids(LoadBalancer balancer) {
    return new HashSet<>(used(balancer).stream().map(e -> e.server().id()).toList());
  }
}
