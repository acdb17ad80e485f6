package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.evenload.chooser.Choosers;
import io.evenload.testing.FakeGate;
import io.evenload.testing.FakeGates;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How attempts spread over priorities, when panic begins, and what weight 0 means. */
final class PriorityTest {

  private final World world = new World(81);
  private final FakeGates gates = new FakeGates();
  private final UpdatableServerList list = new UpdatableServerList();
  private final LoadBalancer balancer = world.balancer(list).gate(gates).build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void start_allHealthy_onlyTheFirstPriorityServes() throws Exception {
    list.update(
        List.of(World.inPriority(3, "d"), World.inPriority(1, "b"), World.inPriority(7, "e")));

    assertThat(shares(1_000)).containsOnlyKeys("b");
  }

  @Test
  void start_halfOfFirstPriorityHealthy_servesSeventyPercentThere() throws Exception {
    list.update(twoPriorities(2, 1));
    closeGates("a0");
    Map<String, Double> shares = shares(100_000);

    // 4 standard deviations of a share of .7 in 100,000 draws: .0058; missed once in 16,000.
    assertThat(shares.get("a1")).isCloseTo(0.7, within(0.0058));
    assertThat(shares.get("b0")).isCloseTo(0.3, within(0.0058));
    assertThat(shares).containsOnlyKeys("a1", "b0");
  }

  @Test
  void start_fiveOfSevenHealthy_isEnoughForAll() throws Exception {
    list.update(twoPriorities(7, 1));
    closeGates("a0", "a1");

    assertThat(shares(1_000)).doesNotContainKey("b0");
  }

  @Test
  void start_firstPriorityGone_failsOverAndBack() throws Exception {
    list.update(twoPriorities(2, 2));
    closeGates("a0", "a1");
    assertThat(shares(1_000)).containsOnlyKeys("b0", "b1");
    gates.of("a0").change(true);
    gates.of("a1").change(true);
    world.time.runDue();

    assertThat(shares(1_000)).containsOnlyKeys("a0", "a1");
  }

  @Test
  void start_firstPriorityLeavesTheList_failsOverAtOnce() throws Exception {
    list.update(twoPriorities(2, 2));
    list.update(List.of(World.inPriority(1, "b0")));

    assertThat(shares(100)).containsOnlyKeys("b0");
  }

  @Test
  void start_allPrioritiesPartlyHealthy_shareInProportion() throws Exception {
    list.update(twoPriorities(4, 4));
    closeGates("a0", "a1", "a2", "b0", "b1", "b2");
    Map<String, Double> shares = shares(100_000);

    // Health .35 each; 4 sd of .5 in 100,000 draws are .0063.
    assertThat(shares.get("a3")).isCloseTo(0.5, within(0.0063));
    assertThat(shares).containsOnlyKeys("a3", "b3");
  }

  @Test
  void start_serverMovesToAnotherPriority_isServedThere() throws Exception {
    list.update(List.of(World.inPriority(0, "x"), World.inPriority(1, "y")));
    list.update(List.of(World.inPriority(1, "x"), World.inPriority(0, "y")));

    assertThat(shares(100)).containsOnlyKeys("y");
  }

  @ParameterizedTest
  @CsvSource({
    "5, 2, true",
    "5, 3, false",
    "6, 2, true",
    "6, 3, false",
    "4, 1, false",
    "10, 4, true",
    "10, 5, false"
  })
  void panic_atThatManyEligible_beginsBelowHalfOfAtLeastFive(int known, int open, boolean panic) {
    list.update(World.servers(known));
    closeGates(IntStream.range(open, known).mapToObj(i -> "s" + i).toArray(String[]::new));

    assertThat(balancer.status().panic()).isEqualTo(panic);
  }

  @Test
  void start_theHeaviestServerFails_failsOverByWeight() throws Exception {
    list.update(
        List.of(
            Server.builder("a0", 80).id("a0").weight(96).build(),
            Server.builder("a1", 80).id("a1").weight(4).build(),
            World.inPriority(1, "b0")));
    closeGates("a0");
    Map<String, Double> shares = shares(100_000);

    // 1.4 times 4 %, and 4 standard deviations: .0029
    assertThat(shares.get("a1")).isCloseTo(0.056, within(0.003));
    assertThat(shares).containsOnlyKeys("a1", "b0");
  }

  @ParameterizedTest
  @CsvSource({
    "4, 100, 1, false", // five canaries of 1.2 % fail, of nine
    "4, 1, 100, true",
    "6, 1, 100, false", // five servers with nearly all the weight fail, of eleven
  })
  void panic_beginsBelowHalfByHeadsAndByWeight(
      int well, int weightOfWell, int weightOfFailing, boolean panic) {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < well; i++) {
      servers.add(World.server("well" + i, weightOfWell));
    }
    for (int i = 0; i < 5; i++) {
      servers.add(World.server("failing" + i, weightOfFailing));
    }
    list.update(servers);
    closeGates("failing0", "failing1", "failing2", "failing3", "failing4");

    assertThat(balancer.status().panic()).isEqualTo(panic);
  }

  @Test
  void panic_nothingToChooseFrom_isToldAllTheSame() {
    list.update(World.servers(4));
    closeGates("s0", "s1", "s2", "s3");

    assertThat(balancer.status().panic()).isTrue();
  }

  @Test
  void panic_closedGates_stayHard() throws Exception {
    list.update(World.servers(5));
    closeGates("s0", "s1", "s2");

    assertThat(balancer.status().panic()).isTrue();
    assertThat(shares(500)).containsOnlyKeys("s3", "s4");
  }

  @Test
  void panic_turnedOff_neverBegins() {
    FakeGates closed = new FakeGates();
    IntStream.range(0, 4).forEach(i -> closed.of("s" + i).setOpen(false));
    try (LoadBalancer calm =
        world.balancer(ServerList.of(World.servers(5))).gate(closed).panicThreshold(0).build()) {
      assertThat(calm.status().panic()).isFalse();
    }
  }

  @Test
  void panic_thresholdOne_beginsWithTheFirstLost() {
    FakeGates closed = new FakeGates();
    closed.of("s0").setOpen(false);
    try (LoadBalancer nervous =
        world.balancer(ServerList.of(World.servers(5))).gate(closed).panicThreshold(1).build()) {
      assertThat(nervous.status().panic()).isTrue();
    }
  }

  @Test
  void panic_drainingAndWeightZero_doNotCount() {
    list.update(
        List.of(
            World.server("a", 1),
            World.server("b", 1),
            World.server("c", 0),
            World.server("d", 0),
            World.server("e", 0)));

    assertThat(balancer.status().panic()).isFalse();
  }

  @Test
  void weightZero_besidePositive_isNeverUsed() throws Exception {
    list.update(List.of(World.server("a", 0), World.server("b", 3)));

    assertThat(shares(1_000)).containsOnlyKeys("b");
    assertThat(balancer.status().endpoints().get(0).state()).isEqualTo(EndpointState.WEIGHT_ZERO);
    RequestContext request = RequestContext.create().only(server -> server.id().equals("a"));
    assertThatExceptionOfType(NoServerAvailableException.class)
        .isThrownBy(() -> balancer.start(request))
        .withMessage("orders: no server available (2 known: 1 weight 0, 1 filtered out)");
  }

  @Test
  void weightZero_besideAPositiveWhoseGateIsClosed_isStillNotUsed() throws Exception {
    list.update(List.of(World.server("a", 0), World.server("b", 3)));
    closeGates("b");

    assertThat(shares(100)).as("trials at b").containsOnlyKeys("b");
  }

  @Test
  void weightZero_onlyPositiveOneDrains_isUsed() throws Exception {
    list.update(List.of(World.server("a", 0), World.server("b", 3)));
    Attempt running = balancer.start();
    list.update(List.of(World.server("a", 0)));

    assertThat(shares(100)).containsOnlyKeys("a");
    assertThat(balancer.status().endpoints().get(0).weight()).isEqualTo(1);
    running.cancel();
  }

  @Test
  void weightZero_all_areUsedEvenlyWithWeightOne() throws Exception {
    list.update(List.of(World.server("a", 0), World.server("b", 0)));
    Map<String, Double> shares = shares(100_000);

    assertThat(shares.get("a")).isCloseTo(0.5, within(0.0063)); // 4 sd
    assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.weight() == 1);
    list.update(List.of(World.server("a", 0), World.server("b", 1)));
    assertThat(shares(100)).containsOnlyKeys("b");
  }

  @ParameterizedTest
  @CsvSource({
    // eligible of known in P0 and P1, the loads in 1/10,000
    "2, 2, 2, 2, 10000, 0",
    "1, 2, 2, 2, 7000, 3000",
    "0, 2, 2, 2, 0, 10000",
    "5, 7, 1, 1, 10000, 0",
    "1, 4, 1, 4, 5000, 5000",
    "1, 4, 1, 2, 3500, 6500",
    "0, 2, 0, 2, 10000, 0",
    "1, 1000000, 0, 1, 10000, 0",
  })
  void loads_twoPriorities_areThoseOfEnvoy(
      int eligible0, int known0, int eligible1, int known1, int load0, int load1) {
    int[] loads =
        PriorityLoads.loads(
            new double[] {eligible0, eligible1},
            new double[] {known0, known1},
            new int[] {known0, known1},
            10_000);

    assertThat(loads).containsExactly(load0, load1);
  }

  @Test
  void loads_anyHealth_areNonNegativeAndSumUpToTheWhole() {
    SeededRandom random = new SeededRandom(82);
    for (int round = 0; round < 100_000; round++) {
      int levels = 1 + random.nextInt(6);
      double[] known = new double[levels];
      double[] eligible = new double[levels];
      int[] candidates = new int[levels];
      for (int i = 0; i < levels; i++) {
        known[i] = random.nextInt(1, 12);
        eligible[i] = random.nextInt((int) known[i] + 1);
        candidates[i] = (int) (random.nextBoolean() ? eligible[i] : known[i]);
      }
      int[] loads = PriorityLoads.loads(eligible, known, candidates, 10_000);
      int sum = 0;
      for (int i = 0; i < levels; i++) {
        assertThat(loads[i]).isNotNegative();
        assertThat(candidates[i] > 0 || loads[i] == 0).isTrue();
        sum += loads[i];
      }
      boolean any = IntStream.of(candidates).anyMatch(n -> n > 0);
      assertThat(sum).isEqualTo(any ? 10_000 : 0);
    }
  }

  @Test
  void start_withKey_keepsItsPriorityAsLongAsTheLoadsStay() throws Exception {
    ServerList servers = ServerList.of(twoPriorities(2, 1));
    FakeGate gate = gates.of("a0");
    try (LoadBalancer hashing =
        world.balancer(servers).gate(gates).chooser(Choosers.maglev()).build()) {
      Map<String, String> calm = byKey(hashing);
      assertThat(calm).doesNotContainValue("b0");
      gate.change(false);
      world.time.runDue();
      Map<String, String> spilling = byKey(hashing);
      assertThat(byKey(hashing)).as("the same again").isEqualTo(spilling);

      // 4 standard deviations of a share of .3 in 5,000 keys: .026.
      assertThat(spilling.values().stream().filter("b0"::equals).count() / 5_000.0)
          .isCloseTo(0.3, within(0.026));
      gate.change(true);
      world.time.runDue();
      assertThat(byKey(hashing)).isEqualTo(calm);
    }
  }

  @Test
  void draw_loadsChange_keysMoveOnlyFromGroupsThatLoseOrToThoseThatGain() {
    BalancerContext context = new BalancerContext("orders", world.time, world.random);
    Candidates[] groups = new Candidates[4];
    for (int i = 0; i < groups.length; i++) {
      PoolEntry pool = new PoolEntry(new Pool(context, Choosers.random(), 0, "zone" + i));
      LiveEndpoint endpoint = new LiveEndpoint(context, World.server("s" + i));
      groups[i] = pool.candidates(List.of(endpoint), false);
    }
    int unit = Snapshot.WHOLE / 8;
    Snapshot before = drawing(groups, 3 * unit, unit, 2 * unit, 2 * unit);
    Snapshot after = drawing(groups, unit, unit + unit / 2, 2 * unit, 3 * unit + unit / 2);
    int moved = 0;
    int[] drawn = new int[4];
    for (int key = 0; key < 80_000; key++) {
      RequestContext request = RequestContext.withKey("key " + key);
      Candidates first = before.draw(world.random, request);
      Candidates second = after.draw(world.random, request);
      assertThat(second.equals(first) || first.equals(groups[0]) || !second.equals(groups[2]))
          .isTrue();
      moved += first.equals(second) ? 0 : 1;
      drawn[List.of(groups).indexOf(first)]++;
    }
    // 4 sd of a share of .375 in 80,000 keys: .0069; a quarter of the load must move.
    assertThat(drawn[0] / 80_000.0).isCloseTo(0.375, within(0.0069));
    assertThat(drawn[1] / 80_000.0).isCloseTo(0.125, within(0.0069));
    assertThat(moved / 80_000.0).isBetween(0.24, 0.35);
  }

  private static Snapshot drawing(Candidates[] groups, int... loads) {
    Candidates[] none = {};
    return new Snapshot(groups, loads, none, none, none, List.of(), false);
  }

  private static Map<String, String> byKey(LoadBalancer hashing) throws NoServerAvailableException {
    Map<String, String> servers = new HashMap<>();
    for (int key = 0; key < 5_000; key++) {
      try (Attempt attempt = hashing.start(RequestContext.withKey("key " + key))) {
        servers.put("key " + key, attempt.server().id());
      }
    }
    return servers;
  }

  private static List<Server> twoPriorities(int first, int second) {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < first; i++) {
      servers.add(World.inPriority(0, "a" + i));
    }
    for (int i = 0; i < second; i++) {
      servers.add(World.inPriority(1, "b" + i));
    }
    return servers;
  }

  private void closeGates(String... ids) {
    for (String id : ids) {
      gates.of(id).change(false);
    }
    world.time.runDue();
  }

  private Map<String, Double> shares(int starts) throws NoServerAvailableException {
    Map<String, Double> shares = new HashMap<>();
    for (int i = 0; i < starts; i++) {
      try (Attempt attempt = balancer.start()) {
        shares.merge(attempt.server().id(), 1.0 / starts, Double::sum);
      }
    }
    return shares;
  }
}
