package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.FakeEndpoint;
import io.evenload.testing.FakeEnvironment;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HashingChoosersTest {

  private static final int KEYS = 20_000;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 10, 100, 1000})
  void maglevTable_equalWeights_countsDifferByAtMostOne(int n) {
    int[] counts = counts(endpoints(n), n);

    assertThat(
            Arrays.stream(counts).max().orElseThrow() - Arrays.stream(counts).min().orElseThrow())
        .isLessThanOrEqualTo(1);
    assertThat(Arrays.stream(counts).sum()).isEqualTo(65_537);
  }

  @Test
  void maglevTable_weights_countsFollow() {
    int[] counts = counts(weighted(1, 2, 7, 0), 4);

    assertThat(counts[0]).isBetween(6_552, 6_555);
    assertThat(counts[1]).isBetween(13_106, 13_109);
    assertThat(counts[3]).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {11, 1_000, 60_000})
  void maglevTable_oneVeryHeavy_everybodyHasASlot(int n) {
    int[] weights = new int[n];
    Arrays.fill(weights, 1);
    weights[n / 2] = 100_000;
    int[] counts = counts(weighted(weights), n);

    assertThat(Arrays.stream(counts).min()).hasValue(1);
    assertThat(Arrays.stream(counts).sum()).isEqualTo(65_537);
    assertThat(counts[n / 2]).isEqualTo(65_537 - (n - 1));
  }

  @Test
  void maglevTable_moreEndpointsThanSlots_asManyAsThereAreHaveOne() {
    MaglevTable table = new MaglevTable(endpoints(150), 101);
    Set<Integer> served = new HashSet<>();
    for (int slot = 0; slot < table.size(); slot++) {
      served.add(table.at(slot));
    }

    assertThat(served).hasSize(101);
  }

  @Test
  void maglevTable_manyWeights_countsAreWithinTwoTurnsOfTheirShares() {
    int[] weights = IntStream.range(0, 200).map(i -> 1 + i * i).toArray();
    int[] counts = counts(weighted(weights), weights.length);
    double sum = IntStream.of(weights).sum();
    for (int i = 0; i < weights.length; i++) {
      double share = weights[i] / sum * 65_537;
      assertThat((double) counts[i]).isBetween(share - 2, share + 2);
    }
  }

  @Test
  void maglev_sizeOfTheTable_isTheSameForClientsThatAgree() {
    List<Endpoint> list = List.of(endpoints(20));
    Chooser one = Choosers.maglev(65_537).bind(FakeEnvironment.seeded(1)).prepare(list);
    Chooser other = Choosers.maglev().bind(FakeEnvironment.seeded(2)).prepare(list);
    Chooser larger = Choosers.maglev(655_373).bind(FakeEnvironment.seeded(3)).prepare(list);
    int moved = 0;
    for (int i = 0; i < 1_000; i++) {
      RequestContext request = RequestContext.withKey("key" + i);
      assertThat(other.choose(list, request)).isSameAs(one.choose(list, request));
      moved += larger.choose(list, request) == one.choose(list, request) ? 0 : 1;
    }
    assertThat(moved).isPositive();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 7, 65_536, 65_535, 5_000_012, Integer.MAX_VALUE})
  void maglev_sizeOfTheTableIsNoPrimeOrOutOfRange_isRefused(int size) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Choosers.maglev(size))
        .withMessage("tableSize: " + size + " (expected: a prime of 11 to 5000011)");
  }

  @Test
  void maglev_tableIsTooSmall_isWarnedOfOnceAnHour() {
    VirtualTime time = new VirtualTime();
    Chooser.Environment environment = new FakeEnvironment(time, new SeededRandom(1));
    try (CapturedLog log = new CapturedLog(Choosers.class)) {
      Chooser maglev = Choosers.maglev(101).bind(environment);
      maglev.prepare(List.of(endpoints(20)));
      assertThat(log.messages()).as("20 servers, 101 slots").isEmpty();
      maglev.prepare(List.of(endpoints(150)));
      maglev.prepare(List.of(endpoints(160)));
      assertThat(log.messages())
          .singleElement(STRING)
          .contains("150 servers share a hash table of 101 slots", "49 of them get no keys");
      time.jump(Duration.ofHours(1));
      maglev.prepare(List.of(endpoints(70)));
      assertThat(log.messages()).hasSize(2).last(STRING).contains("39 % more or less");
    }
  }

  @Test
  void boundedLoad_oneVeryHeavy_isWarnedOf() {
    try (CapturedLog log = new CapturedLog(Choosers.class)) {
      Choosers.boundedLoad()
          .bind(FakeEnvironment.seeded(1))
          .prepare(List.of(weighted(100_000, 1, 1)));
      assertThat(log.messages()).singleElement(STRING).contains("3 servers share a hash table");
    }
  }

  @Test
  void maglevTable_allWeightsZero_areEqual() {
    assertThat(counts(weighted(0, 0), 2)).containsExactlyInAnyOrder(32_768, 32_769);
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 100, 1000})
  void maglevTable_oneRemoved_movesLittleBeyondItsOwn(int n) {
    Endpoint[] before = endpoints(n);
    MaglevTable table = new MaglevTable(before);
    for (int removed : new int[] {0, n / 2, n - 1}) {
      List<Endpoint> rest = new ArrayList<>(List.of(before));
      rest.remove(removed);
      Endpoint[] after = rest.toArray(new Endpoint[0]);
      MaglevTable smaller = new MaglevTable(after);
      int moved = 0;
      for (int slot = 0; slot < MaglevTable.SIZE; slot++) {
        Endpoint old = before[table.at(slot)];
        moved += old != before[removed] && old != after[smaller.at(slot)] ? 1 : 0;
      }

      assertThat(moved / 65_537.0).isLessThan(0.02);
    }
  }

  @Test
  void maglevTable_anotherOrderOfTheList_isTheSame() {
    Endpoint[] endpoints = endpoints(50);
    Endpoint[] reversed = new Endpoint[50];
    for (int i = 0; i < 50; i++) {
      reversed[i] = endpoints[49 - i];
    }
    MaglevTable table = new MaglevTable(endpoints);
    MaglevTable other = new MaglevTable(reversed);

    for (int slot = 0; slot < MaglevTable.SIZE; slot++) {
      assertThat(reversed[other.at(slot)]).isSameAs(endpoints[table.at(slot)]);
    }
  }

  @Test
  void rendezvous_oneRemoved_movesOnlyItsOwnKeysAndEvenly() throws Exception {
    UpdatableServerList list = new UpdatableServerList(World.servers(10));
    try (LoadBalancer balancer =
        new World(5).balancer(list).chooser(Choosers.rendezvous()).build()) {
      Map<String, String> before = assignment(balancer);
      list.update(World.servers(9));
      Map<String, String> after = assignment(balancer);
      Map<String, Integer> heirs = new HashMap<>();
      before.forEach(
          (key, server) -> {
            if (server.equals("s9")) {
              heirs.merge(String.valueOf(after.get(key)), 1, Integer::sum);
            } else {
              assertThat(after.get(key)).isEqualTo(server);
            }
          });

      // 2,000 keys to 9 heirs: 222 each, standard deviation 14
      assertThat(heirs).hasSize(9).allSatisfy((id, count) -> assertThat(count).isBetween(140, 310));
    }
  }

  @Test
  void rendezvous_weights_areHonoured() throws Exception {
    Server[] servers = {World.server("a", 1), World.server("b", 2), World.server("c", 7)};
    try (LoadBalancer balancer =
        new World(6).balancer(servers).chooser(Choosers.rendezvous()).build()) {
      Map<String, Integer> counts = new HashMap<>();
      assignment(balancer).values().forEach(server -> counts.merge(server, 1, Integer::sum));

      // standard deviations 42, 57 and 65; bounds of 5
      assertThat(counts.get("a")).isBetween(1_790, 2_210);
      assertThat(counts.get("b")).isBetween(3_715, 4_285);
      assertThat(counts.get("c")).isBetween(13_675, 14_325);
    }
  }

  private static Map<String, String> assignment(LoadBalancer balancer) throws Exception {
    Map<String, String> assignment = new HashMap<>();
    for (int i = 0; i < KEYS; i++) {
      assignment.put("key" + i, serverFor(balancer, "key" + i));
    }
    return assignment;
  }

  private static String serverFor(LoadBalancer balancer, String key) throws Exception {
    try (Attempt attempt = balancer.start(RequestContext.withKey(key))) {
      return attempt.server().id();
    }
  }

  private static Endpoint[] endpoints(int n) {
    return IntStream.range(0, n)
        .mapToObj(i -> new FakeEndpoint(World.server("s" + i), 1))
        .toArray(Endpoint[]::new);
  }

  private static Endpoint[] weighted(int... weights) {
    return IntStream.range(0, weights.length)
        .mapToObj(i -> new FakeEndpoint(World.server("s" + i, weights[i]), 1))
        .toArray(Endpoint[]::new);
  }

  private static int[] counts(Endpoint[] endpoints, int n) {
    MaglevTable table = new MaglevTable(endpoints);
    int[] counts = new int[n];
    for (int slot = 0; slot < MaglevTable.SIZE; slot++) {
      counts[table.at(slot)]++;
    }
    return counts;
  }
}
