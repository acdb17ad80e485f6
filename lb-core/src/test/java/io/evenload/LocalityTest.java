package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.evenload.chooser.Choosers;
import io.evenload.testing.FakeGates;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Where requests go when servers are in zones. */
final class LocalityTest {

  private static final Locality IN_A = Locality.of("a");

  private final World world = new World(61);
  private final FakeGates gates = new FakeGates();
  private final UpdatableServerList list = new UpdatableServerList();

  @Test
  void start_ownZoneHasItsPart_everyRequestStays() throws Exception {
    list.update(List.of(in("a", "a0"), in("a", "a1"), in("b", "b0"), in("c", "c0")));
    try (LoadBalancer balancer = balancer(IN_A)) {
      assertThat(shares(balancer, 1_000)).containsOnlyKeys("a0", "a1");
    }
  }

  @Test
  void start_twoAttemptsFailed_theThirdLeavesTheZone() throws Exception {
    list.update(List.of(in("a", "a0"), in("a", "a1"), in("a", "a2"), in("b", "b0"), in("c", "c0")));
    try (LoadBalancer balancer = balancer(IN_A)) {
      for (int i = 0; i < 100; i++) {
        RequestContext request = RequestContext.create();
        List<@Nullable String> zones = new ArrayList<>();
        for (int attempt = 0; attempt < 5; attempt++) {
          zones.add(zoneOfFailure(balancer, request));
        }
        assertThat(zones.subList(0, 2)).containsExactly("a", "a");
        assertThat(zones.subList(2, 4)).containsExactlyInAnyOrder("b", "c");
        assertThat(zones.get(4)).isEqualTo("a");
      }
    }
  }

  @Test
  void start_twoAttemptsFailedAndOthersDoNotServe_theThirdStays() throws Exception {
    list.update(
        List.of(in("a", "a0"), in("a", "a1"), in("a", "a2"), in("b", "b0"), prior("b", "b1", 1)));
    try (LoadBalancer strict = balancer(Locality.builder("a").strict(true).build());
        LoadBalancer balancer = balancer(IN_A)) {
      RequestContext here = RequestContext.create();
      RequestContext filtered = RequestContext.create().only(s -> !s.id().equals("b0"));
      for (int attempt = 0; attempt < 3; attempt++) {
        assertThat(zoneOfFailure(strict, here)).isEqualTo("a");
        assertThat(zoneOfFailure(balancer, filtered)).as("priority 1 is not for it").isEqualTo("a");
      }
    }
  }

  private static @Nullable String zoneOfFailure(LoadBalancer balancer, RequestContext request)
      throws Exception {
    Attempt attempt = balancer.start(request);
    attempt.fail(null);
    return attempt.server().zone();
  }

  private static Server prior(String zone, String id, int priority) {
    return Server.builder(id, 80).id(id).zone(zone).priority(priority).build();
  }

  @Test
  void start_ownZoneIsSmall_restSpreadsOverWhatOthersHaveToSpare() throws Exception {
    // Of the weights 1, 3, 6 a tenth is in a, where a third of the clients is: .3 stay. b has
    // nothing to spare, c all of the rest.
    list.update(List.of(in("a", "a0", 1), in("b", "b0", 3), in("c", "c0", 6)));
    try (LoadBalancer balancer = balancer(IN_A)) {
      Map<String, Double> shares = shares(balancer, 100_000);

      // 4 standard deviations of a share of .3 in 100,000 draws: .0058; missed once in 16,000.
      assertThat(shares.get("a0")).isCloseTo(0.3, within(0.0058));
      assertThat(shares.get("c0")).isCloseTo(0.7, within(0.0058));
      assertThat(shares).containsOnlyKeys("a0", "c0");
    }
  }

  @Test
  void start_clientsAreKnown_theirNumbersDecide() throws Exception {
    list.update(List.of(in("a", "a0"), in("b", "b0")));
    Locality few = Locality.builder("a").clients(Map.of("a", 10, "b", 30)).build();
    Locality many = Locality.builder("a").clients(Map.of("a", 0.8, "b", 0.2)).build();
    try (LoadBalancer balancer = balancer(few)) {
      assertThat(shares(balancer, 1_000)).containsOnlyKeys("a0");
      balancer.reconfigure(options -> options.locality(many));

      // Half of the capacity for .8 of the clients: .625 stay; 4 sd are .0061.
      assertThat(shares(balancer, 100_000).get("a0")).isCloseTo(0.625, within(0.0061));
    }
  }

  @Test
  void start_serverWithoutZone_getsOnlyWhatIsLeft() throws Exception {
    list.update(List.of(in("a", "a0"), in("b", "b0"), in(null, "x0")));
    try (LoadBalancer balancer = balancer(IN_A)) {
      Map<String, Double> shares = shares(balancer, 100_000);

      assertThat(shares.get("a0")).isCloseTo(2 / 3.0, within(0.006)); // 4 sd
      assertThat(shares).containsOnlyKeys("a0", "x0");
    }
  }

  @Test
  void start_clientsOfAllZones_loadEveryServerAlike() throws Exception {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      servers.add(in(i < 2 ? "a" : i < 5 ? "b" : i < 11 ? "c" : null, "s" + i, 1 + i % 2));
    }
    list.update(servers);
    Map<String, Double> clients = Map.of("a", 0.5, "b", 0.2, "c", 0.2, "d", 0.1);
    Map<String, Double> load = new HashMap<>();
    for (String zone : clients.keySet()) {
      Locality locality = Locality.builder(zone).clients(clients).build();
      try (LoadBalancer balancer = balancer(locality)) {
        shares(balancer, 100_000)
            .forEach((id, share) -> load.merge(id, share * clients.get(zone), Double::sum));
      }
    }
    for (Server server : servers) {
      // 4 sd of a share of .11 in 100,000 draws are .004; here there are more draws.
      assertThat(load.get(server.id())).isCloseTo(server.weight() / 18.0, within(0.004));
    }
  }

  @Test
  void start_strict_staysAsLongAsOneInTheZoneMayBeChosen() throws Exception {
    list.update(List.of(in("a", "a0"), in("a", "a1"), in("b", "b0", 98)));
    try (LoadBalancer balancer = balancer(Locality.builder("a").strict(true).build())) {
      assertThat(shares(balancer, 1_000)).containsOnlyKeys("a0", "a1");
      close("a0");
      RequestContext request = RequestContext.create();
      assertThat(ids(balancer, request, 2)).as("a retry too").containsExactly("a1", "a1");
      assertThatExceptionOfType(NoServerAvailableException.class)
          .isThrownBy(() -> balancer.start(RequestContext.create().only(s -> s.id().equals("b0"))))
          .withMessage("orders: no server available (3 known: 2 filtered out, 1 not in use)");
      close("a1");

      assertThat(shares(balancer, 1_000)).containsOnlyKeys("b0");
    }
  }

  @Test
  void start_zoneIsLost_othersServeUntilItIsBack() throws Exception {
    list.update(List.of(in("a", "a0"), in("a", "a1"), in("b", "b0"), in("b", "b1")));
    try (LoadBalancer balancer = balancer(IN_A)) {
      close("a0", "a1"); // the priority is half healthy, and there is no other
      assertThat(shares(balancer, 1_000)).containsOnlyKeys("b0", "b1");
      list.update(List.of(in("b", "b0"), in("b", "b1"), in("c", "c0")));
      assertThat(shares(balancer, 1_000)).as("by weight").containsOnlyKeys("b0", "b1", "c0");
      list.update(List.of(in("a", "a2"), in("b", "b0"), in("b", "b1")));

      assertThat(shares(balancer, 1_000).get("a2")).isCloseTo(2 / 3.0, within(0.06)); // 4 sd
    }
  }

  @Test
  void start_partOfTheZoneIsNotEligible_spillsWhatTheRestCannotTake() throws Exception {
    list.update(List.of(in("a", "a0"), in("a", "a1"), in("b", "b0"), in("b", "b1"), in("b", "b2")));
    try (LoadBalancer balancer = balancer(IN_A)) {
      close("a0");

      // One of 4 for half of the clients.
      assertThat(shares(balancer, 100_000).get("a1")).isCloseTo(0.5, within(0.0063)); // 4 sd
    }
  }

  @Test
  void start_oneEligibleInTheZone_retryGoesToAnotherZone() throws Exception {
    list.update(List.of(in("a", "a0"), in("b", "b0"), in("b", "b1", 1)));
    Locality few = Locality.builder("a").clients(Map.of("a", 1, "b", 9)).build();
    try (LoadBalancer balancer = balancer(few)) {
      for (int i = 0; i < 100; i++) {
        List<String> ids = ids(balancer, RequestContext.create(), 3);
        assertThat(ids.get(0)).isEqualTo("a0");
        assertThat(ids).containsExactlyInAnyOrder("a0", "b0", "b1");
      }
    }
  }

  @Test
  void start_retries_goToTheSameZoneThenToOthersThenToTheNextPriority() throws Exception {
    list.update(
        List.of(
            in("a", "a0"),
            in("a", "a1"),
            in("b", "b0"),
            in("c", "c0"),
            Server.builder("x", 80).id("x").zone("a").priority(1).build()));
    try (LoadBalancer balancer = balancer(IN_A)) {
      Map<String, Integer> third = new HashMap<>();
      for (int i = 0; i < 1_000; i++) {
        List<String> ids = ids(balancer, RequestContext.create(), 5);
        assertThat(ids.subList(0, 2)).containsExactlyInAnyOrder("a0", "a1");
        assertThat(ids.subList(2, 4)).containsExactlyInAnyOrder("b0", "c0");
        assertThat(ids.get(4)).isEqualTo("x");
        third.merge(ids.get(2), 1, Integer::sum);
      }
      assertThat(third.get("b0")).as("no zone gets all retries").isBetween(300, 700);
    }
  }

  @Test
  void start_priorityIsHalfHealthy_failoverIsThatOfTheWholePriority() throws Exception {
    list.update(
        List.of(
            in("a", "a0"),
            in("b", "b0"),
            Server.builder("x", 80).id("x").zone("a").priority(1).build()));
    try (LoadBalancer balancer = balancer(IN_A)) {
      close("a0");
      Map<String, Double> shares = shares(balancer, 100_000);

      assertThat(shares.get("b0")).isCloseTo(0.7, within(0.0058)); // 4 sd
      assertThat(shares.get("x")).isCloseTo(0.3, within(0.0058));
      assertThat(balancer.status().groups())
          .extracting(LoadBalancerStatus.GroupStatus::priority)
          .containsExactly(0, 1);
    }
  }

  @Test
  void update_idMovesToAnotherZone_keepsItsEndpointAndIsServedThere() throws Exception {
    list.update(List.of(in("a", "x"), in("b", "y")));
    try (LoadBalancer balancer = balancer(IN_A)) {
      Attempt running = balancer.start();
      assertThat(running.server().id()).isEqualTo("x");
      list.update(List.of(in("b", "x"), in("a", "y")));

      assertThat(shares(balancer, 100)).containsOnlyKeys("y");
      assertThat(balancer.status().endpoints().get(0).inFlight()).isEqualTo(1);
      running.succeed();
      assertThat(balancer.status().endpoints().get(0).inFlight()).isZero();
      list.update(List.of(in("a", "x"), in("b", "y")));
      assertThat(balancer.start().endpoint).isSameAs(running.endpoint);
    }
  }

  @Test
  void choose_eachZone_hasItsOwnChooser() throws Exception {
    list.update(List.of(in("a", "a0", 1), in("b", "b0", 3), in("b", "b1", 3)));
    List<String> prepared = new ArrayList<>();
    Chooser spy = new PreparedLists(prepared);
    try (LoadBalancer balancer = builder(IN_A).chooser(spy).build()) {
      assertThat(prepared).containsExactlyInAnyOrder("bind", "bind", "a0", "b0,b1");
      assertThat(shares(balancer, 1_000)).containsOnlyKeys("a0", "b0");
    }
  }

  @Test
  void status_zones_showsTheShareOfEach() {
    list.update(List.of(in("a", "a0", 1), in("b", "b0", 1), in("b", "b1", 2)));
    try (LoadBalancer balancer = balancer(IN_A)) {
      assertThat(balancer.status().groups())
          .containsExactly(
              new LoadBalancerStatus.GroupStatus(0, "a", 0.5, 1),
              new LoadBalancerStatus.GroupStatus(0, "b", 0.5, 2));
      assertThat(balancer.toString())
          .contains("\n  GroupStatus[priority=0, zone=a, share=0.5, candidates=1]");
    }
  }

  @Test
  void start_noLocality_zonesAreNotLookedAt() throws Exception {
    list.update(List.of(in("a", "a0"), in("b", "b0")));
    try (LoadBalancer balancer = world.balancer(list).build()) {
      assertThat(shares(balancer, 1_000)).containsOnlyKeys("a0", "b0");
      assertThat(balancer.status().groups())
          .containsExactly(new LoadBalancerStatus.GroupStatus(0, null, 1, 2));
      balancer.reconfigure(options -> options.locality(IN_A));
      assertThat(shares(balancer, 1_000)).containsOnlyKeys("a0");
    }
  }

  @Test
  void builder_badInput_saysWhatIsExpected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Locality.of(" "))
        .withMessage("zone: ' ' (expected: not blank)");
    Locality.Builder builder = Locality.builder("a");
    for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder.clients(Map.of("a", bad)))
          .withMessage("clients: a=" + bad + " (expected: 0 to 1.0E9)");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.clients(Map.of("a", 0)))
        .withMessage("clients: {a=0.0} (expected: one above 0)");
  }

  @Test
  void build_options_areKept() {
    Map<String, Integer> clients = new HashMap<>(Map.of("a", 2));
    Locality locality = Locality.builder("a").clients(clients).strict(true).build();
    clients.put("b", 3);

    assertThat(locality.zone()).isEqualTo("a");
    assertThat(locality.clients()).containsExactly(Map.entry("a", 2.0));
    assertThat(locality.strict()).isTrue();
    assertThat(locality).hasToString("a, strict, clients {a=2.0}");
    assertThat(IN_A.strict()).isFalse();
    assertThat(IN_A.clients()).isEmpty();
  }

  private LoadBalancer.Builder builder(Locality locality) {
    return world.balancer(list).gate(gates).locality(locality).panicThreshold(0);
  }

  private LoadBalancer balancer(Locality locality) {
    return builder(locality).chooser(Choosers.random()).build();
  }

  private void close(String... ids) {
    for (String id : ids) {
      gates.of(id).change(false);
    }
    world.time.runDue();
  }

  private static Server in(@Nullable String zone, String id) {
    return in(zone, id, 1);
  }

  private static Server in(@Nullable String zone, String id, int weight) {
    return Server.builder(id, 80).id(id).zone(zone).weight(weight).build();
  }

  private static List<String> ids(LoadBalancer balancer, RequestContext request, int attempts)
      throws NoServerAvailableException {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < attempts; i++) {
      try (Attempt attempt = balancer.start(request)) {
        ids.add(attempt.server().id());
      }
    }
    return ids;
  }

  private static Map<String, Double> shares(LoadBalancer balancer, int starts)
      throws NoServerAvailableException {
    Map<String, Double> shares = new HashMap<>();
    for (int i = 0; i < starts; i++) {
      try (Attempt attempt = balancer.start()) {
        shares.merge(attempt.server().id(), 1.0 / starts, Double::sum);
      }
    }
    return shares;
  }

  /** Takes the first of the list, and notes for which lists it was prepared. */
  private record PreparedLists(List<String> prepared) implements Chooser {
    @Override
    public Chooser bind(Environment environment) {
      prepared.add("bind");
      return this;
    }

    @Override
    public Chooser prepare(List<Endpoint> eligible) {
      prepared.add(String.join(",", eligible.stream().map(e -> e.server().id()).toList()));
      return this;
    }

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(0);
    }
  }
}
