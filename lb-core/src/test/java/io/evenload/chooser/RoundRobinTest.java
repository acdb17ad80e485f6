package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.RequestContext;
import io.evenload.ServerList;
import io.evenload.testing.FakeEndpoint;
import io.evenload.testing.FakeEnvironment;
import io.evenload.testing.Race;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Turns: exact over a cycle, in strict alternation among equals, wherever the cursor starts. */
final class RoundRobinTest {

  private static final RequestContext REQUEST = RequestContext.create();

  @Test
  void choose_anyWholeCycle_isExact() {
    SeededRandom random = new SeededRandom(1);
    for (int round = 0; round < 300; round++) {
      double[] weights =
          DoubleStream.generate(() -> 1 + random.nextInt(40))
              .limit(1 + random.nextInt(30))
              .toArray();
      Turns turns = new Turns(random.nextLong(), weights);
      long[] counts = turns.count((int) DoubleStream.of(weights).sum());

      assertThat(counts).isEqualTo(DoubleStream.of(weights).mapToLong(w -> (long) w).toArray());
    }
  }

  @Test
  void choose_weightsWithACommonDivisor_isExactOverTheShortCycle() {
    assertThat(new Turns(3, 300_000, 600_000, 900_000).count(6)).containsExactly(1, 2, 3);
  }

  @Test
  void choose_sumOfWeightsJustAtTheLimit_isExact() {
    assertThat(new Turns(4, 65_535, 1).count(65_536)).containsExactly(65_535, 1);
  }

  @Test
  void choose_lightOnesBesideAHeavyOne_strictlyAlternate() {
    assertAlternate(new Turns(5, 1, 1, 1_000), 50_000);
  }

  @Test
  void choose_manyLightOnes_strictlyAlternate() {
    double[] weights = new double[201];
    Arrays.fill(weights, 1);
    weights[100] = 1_000;
    assertAlternate(new Turns(6, weights), 50_000);
  }

  @Test
  void choose_weightsThatHaveToBeRounded_strictlyAlternate() {
    double[] weights = new double[23];
    Arrays.fill(weights, 0, 7, 3.5);
    Arrays.fill(weights, 7, 18, 1_001.25);
    Arrays.fill(weights, 18, 23, 999_983);
    assertAlternate(new Turns(7, weights), 2_000_000);
  }

  @Test
  void choose_lightAndHeavyClassesOfOneSum_strictlyAlternate() {
    assertAlternate(new Turns(8, 1, 1, 1, 1_000_000, 1_000_000), 1_000_000);
  }

  @Test
  void choose_lightestOfAll_doesNotStarve() {
    // 50 of weight .001 share about a tenth of a turn in a cycle: one turn each in 50 cycles.
    double[] weights = new double[52];
    Arrays.fill(weights, 0.001);
    weights[50] = 20_000;
    weights[51] = 30_000.5;
    TurnSchedule schedule = new TurnSchedule(weights);
    Set<Integer> seen = new HashSet<>();
    for (long cycle = 0; cycle < 50; cycle++) {
      for (int turn = 0; turn < schedule.period(); turn++) {
        seen.add(schedule.at(cycle << 32 | turn));
      }
    }
    assertThat(seen).hasSize(52);
  }

  static List<double[]> uneven() {
    return List.of(
        new double[] {1, 2, 7},
        new double[] {5, 1, 1},
        new double[] {2, 3, 6, 13, 40},
        consecutive(1, 10, 0),
        consecutive(1, 50, 5_000),
        consecutive(100, 40, 4_780),
        consecutive(100, 200, 40_000));
  }

  private static double[] consecutive(int from, int count, int heavy) {
    IntStream weights = IntStream.range(from, from + count);
    return (heavy == 0 ? weights : IntStream.concat(weights, IntStream.of(heavy)))
        .asDoubleStream()
        .toArray();
  }

  @ParameterizedTest
  @MethodSource("uneven")
  void choose_unevenWeights_nobodyWaitsBehindABunchOfOthers(double[] weights) {
    Turns turns = new Turns(9, weights);
    double sum = DoubleStream.of(weights).sum();
    int[] last = new int[weights.length];
    for (int turn = 1; turn <= 2 * sum + weights.length; turn++) {
      int chosen = turns.next();
      if (last[chosen] > 0) {
        double bound = 2 * sum / weights[chosen]; // two mean gaps, as the schedule promises
        assertThat((double) turn - last[chosen])
            .as("turns that weight %s waited", weights[chosen])
            .isLessThanOrEqualTo(bound);
      }
      last[chosen] = turn;
    }
  }

  @Test
  void choose_fractionalWeights_noTableAndAsSmoothAsOne() {
    SeededRandom random = new SeededRandom(13);
    for (int n : new int[] {2, 3, 5, 20, 100}) {
      double[] weights = DoubleStream.generate(() -> 0.5 + random.nextDouble()).limit(n).toArray();
      TurnSchedule schedule = new TurnSchedule(weights);
      double sum = DoubleStream.of(weights).sum();
      int[] last = new int[n];
      int[] count = new int[n];
      Arrays.fill(last, -1);

      assertThat(schedule.isTable()).isFalse();
      for (int turn = 0; turn < schedule.period(); turn++) {
        int i = schedule.at(turn);
        double gap = sum / weights[i];
        if (last[i] >= 0) {
          assertThat(turn - last[i])
              .as("turns that it waits, of n = %d", n)
              .isLessThan((int) (2 * gap) + 1);
        }
        assertThat(count[i]++ - turn / gap)
            .as("turns it is ahead of its share")
            .isBetween(-2.0, 2.0);
        last[i] = turn;
      }
    }
  }

  @Test
  void turnSchedule_sumBeyondTheTable_isExactOverACycle() {
    double[] weights = {1, 1, 1, 5_000, 5_000, 7_777, 13, 40_000};
    TurnSchedule schedule = new TurnSchedule(weights);
    long[] counts = new long[weights.length];
    for (int turn = 0; turn < schedule.period(); turn++) {
      counts[schedule.at(turn)]++;
    }

    assertThat(schedule.isTable()).isFalse();
    assertThat(counts).isEqualTo(DoubleStream.of(weights).mapToLong(w -> (long) w).toArray());
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        Long.MAX_VALUE,
        Long.MAX_VALUE - 3,
        Integer.MAX_VALUE,
        Integer.MAX_VALUE - 3L,
        -1,
        -4,
        0,
        Long.MIN_VALUE,
        0xffffffff_00000000L,
        0x7fffffff_fffffff0L,
        0xfffffffeL
      })
  void choose_cursorStartsAtTheEdge_keepsSharesOverTheWrap(long start) {
    Turns exact = new Turns(FakeEnvironment.constant(start), 1, 2, 7);
    for (int cycle = 0; cycle < 1_000; cycle++) {
      assertThat(exact.count(10)).containsExactly(1, 2, 7);
    }
    Turns rounded = new Turns(FakeEnvironment.constant(start), 0.5, 250_000, 749_999.5);
    long[] counts = rounded.count(1_000_000);
    assertThat(counts[1]).isBetween(249_900L, 250_100L);
    assertThat(counts[2]).isBetween(749_800L, 750_100L);
  }

  @Test
  void choose_listShrinksAndGrows_goesOnFromWhereItWas() {
    Chooser bound = Choosers.roundRobin().bind(FakeEnvironment.seeded(10));
    Map<Endpoint, Integer> counts = new HashMap<>();
    List<Endpoint> all = FakeEndpoint.withWeights(1, 1, 1, 1, 1, 1, 1);
    for (int i = 0; i < 70_000; i++) {
      List<Endpoint> list = i % 2 == 0 ? all : all.subList(0, 4 + i % 4);
      counts.merge(bound.prepare(list).choose(list, REQUEST), 1, Integer::sum);
    }
    // A cursor that restarted would give everything to the first. Fair: 10,000 to each of the first
    // 4
    // from half of the turns, and what the shorter lists add.
    assertThat(counts.get(all.get(0))).isLessThan(20_000);
    assertThat(counts).hasSize(7);
  }

  @Test
  void choose_fourThreads_eachCursorIsAsFairAsOne() throws Exception {
    double[] weights = {1, 2, 7};
    int each = 100_003; // not a whole number of cycles
    List<Endpoint> endpoints = FakeEndpoint.withWeights(weights);
    Chooser prepared = Choosers.roundRobin().bind(FakeEnvironment.seeded(11)).prepare(endpoints);
    List<long[]> counts =
        Race.run(
            4,
            () -> {
              long[] own = new long[weights.length];
              for (int i = 0; i < each; i++) {
                own[endpoints.indexOf(prepared.choose(endpoints, REQUEST))]++;
              }
              return own;
            });
    for (int i = 0; i < weights.length; i++) {
      int index = i;
      long total = counts.stream().mapToLong(own -> own[index]).sum();
      double fair = 4.0 * each * weights[i] / 10;
      double one = farthestFromShare(weights, i);

      assertThat(Math.abs(total - fair)).isLessThanOrEqualTo(4 * one);
    }
  }

  /** The most that any run of turns of one cursor is off an endpoint's share. */
  private static double farthestFromShare(double[] weights, int index) {
    TurnSchedule schedule = new TurnSchedule(weights);
    int period = schedule.period();
    double share = weights[index] / DoubleStream.of(weights).sum();
    double worst = 0;
    for (int from = 0; from < period; from++) {
      double off = 0;
      for (int turn = from; turn < from + period; turn++) {
        off += (schedule.at(turn % period) == index ? 1 : 0) - share;
        worst = Math.max(worst, Math.abs(off));
      }
    }
    return worst;
  }

  @Test
  void bind_manyClients_beginAtDifferentServers() throws Exception {
    Map<String, Integer> firsts = new HashMap<>();
    for (int client = 0; client < 1_000; client++) {
      World world = new World(client);
      try (LoadBalancer balancer =
          world.balancer(ServerList.of(World.servers(10))).chooser(Choosers.roundRobin()).build()) {
        firsts.merge(balancer.start().server().id(), 1, Integer::sum);
      }
    }
    // 100 expected each, sd 9.5: within 6 sd.
    assertThat(firsts).hasSize(10);
    assertThat(firsts.values()).allMatch(count -> count > 43 && count < 157);
  }

  @Test
  void bind_sharedRecipe_eachBalancerTakesItsOwnTurns() throws Exception {
    World world = new World(12);
    Chooser shared = Choosers.roundRobin();
    try (LoadBalancer first =
            world.balancer(ServerList.of(World.servers(3))).chooser(shared).build();
        LoadBalancer second =
            world.balancer(ServerList.of(World.servers(3))).chooser(shared).build()) {
      for (int round = 0; round < 100; round++) {
        Set<String> inFirst = new HashSet<>();
        Set<String> inSecond = new HashSet<>();
        for (int i = 0; i < 3; i++) {
          inFirst.add(first.start().server().id());
          inSecond.add(second.start().server().id());
        }
        assertThat(inFirst).hasSize(3);
        assertThat(inSecond).hasSize(3);
      }
    }
  }

  /** Whether endpoints of equal weight take turns in one fixed rotation. */
  private static void assertAlternate(Turns turns, int choices) {
    Map<Double, List<Integer>> byWeight = new HashMap<>();
    for (int i = 0; i < choices; i++) {
      int chosen = turns.next();
      byWeight.computeIfAbsent(turns.weights[chosen], weight -> new ArrayList<>()).add(chosen);
    }
    byWeight.forEach(
        (weight, sequence) -> {
          int size = (int) DoubleStream.of(turns.weights).filter(w -> w == weight).count();
          int checked = sequence.size() - size;
          assertThat(checked).as("turns of weight %s", weight).isPositive();
          assertThat(new HashSet<>(sequence.subList(0, size))).hasSize(size);
          assertThat(IntStream.range(0, checked))
              .allMatch(i -> sequence.get(i).equals(sequence.get(i + size)));
        });
  }

  /** One round robin over idle endpoints, that tells the index of each choice. */
  private static final class Turns {
    final double[] weights;
    private final List<Endpoint> endpoints;
    private final Chooser prepared;
    private final Map<Endpoint, Integer> index = new HashMap<>();

    Turns(long seed, double... weights) {
      this(FakeEnvironment.seeded(seed), weights);
    }

    Turns(Chooser.Environment environment, double... weights) {
      this.weights = weights;
      endpoints = FakeEndpoint.withWeights(weights);
      endpoints.forEach(endpoint -> index.put(endpoint, index.size()));
      prepared = Choosers.roundRobin().bind(environment).prepare(endpoints);
    }

    int next() {
      return index.get(prepared.choose(endpoints, REQUEST));
    }

    long[] count(int choices) {
      long[] counts = new long[weights.length];
      for (int i = 0; i < choices; i++) {
        counts[next()]++;
      }
      return counts;
    }
  }
}
