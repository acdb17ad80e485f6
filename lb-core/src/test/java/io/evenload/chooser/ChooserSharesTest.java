package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.FakeEndpoint;
import io.evenload.testing.FakeEnvironment;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.World;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every built-in chooser shares an idle service by weight. */
final class ChooserSharesTest {

  private static final int CHOICES = 1_000_000;
  private static final double POINTS = 0.002; // .2 percentage points

  static List<Chooser> choosers() {
    return List.of(
        Choosers.roundRobin(),
        Choosers.random(),
        Choosers.leastLoaded(),
        Choosers.powerOfTwoChoices(),
        Choosers.peakEwma(),
        Choosers.shortestExpectedDelay());
  }

  static Stream<Arguments> choosersAndWeights() {
    List<Map.Entry<String, double[]>> weights =
        List.of(
            Map.entry("one", new double[] {5}),
            Map.entry("equal", new double[] {1, 1, 1, 1, 1}),
            Map.entry("1, 2, 7", new double[] {1, 2, 7}),
            Map.entry("1, 1, 1000", new double[] {1, 1, 1_000}),
            Map.entry("1, 1000000", new double[] {1, 1_000_000}),
            Map.entry("fractional", new double[] {0.1, 0.35, 2.5, 1e-3, 7.77}),
            Map.entry("tiny", new double[] {1e-300, 3e-300}),
            Map.entry("huge", new double[] {1e300, 3e300, 1e-300}),
            Map.entry("random to a million", randomWeights(40)),
            Map.entry("thousand light beside one heavy", lightsBesideHeavy()),
            Map.entry("Zipf", zipf(1_000)));
    return choosers().stream()
        .flatMap(
            chooser ->
                weights.stream()
                    .map(entry -> Arguments.of(chooser, entry.getKey(), entry.getValue())));
  }

  @ParameterizedTest(name = "{0} with {1}")
  @MethodSource("choosersAndWeights")
  void choose_idle_sharesByWeight(Chooser chooser, String name, double[] weights) {
    List<Endpoint> endpoints = FakeEndpoint.withWeights(weights);
    IdentityHashMap<Endpoint, Integer> index = new IdentityHashMap<>();
    endpoints.forEach(endpoint -> index.put(endpoint, index.size()));
    Chooser prepared = chooser.bind(FakeEnvironment.seeded(12)).prepare(endpoints);
    RequestContext request = RequestContext.create();
    // A scan of a thousand is slow: a tenth of the choices is enough to see a wrong weight.
    boolean slow = weights.length >= 1_000 && chooser.toString().equals("leastLoaded");
    int choices = slow ? CHOICES / 10 : CHOICES;
    long[] counts = new long[weights.length];
    for (int i = 0; i < choices; i++) {
      counts[index.get(prepared.choose(endpoints, request))]++;
    }

    double largest = DoubleStream.of(weights).max().orElseThrow();
    double sum = DoubleStream.of(weights).map(weight -> weight / largest).sum();
    for (int i = 0; i < weights.length; i++) {
      double share = weights[i] / largest / sum;
      double bound = Math.min(POINTS, bound(chooser, share, choices));
      assertThat((double) counts[i] / choices).as("endpoint %d", i).isCloseTo(share, within(bound));
    }
  }

  /**
   * Turns are off by their documented rounding and an unfinished cycle. Random draws are within 4
   * standard deviations, of which a case in 16,000 would lie outside with another seed; where fewer
   * than ten are expected, a few more are no news.
   */
  private static double bound(Chooser chooser, double share, int choices) {
    double sd = Math.sqrt(share * (1 - share) / choices);
    double few = share * choices < 10 ? 3.0 / choices : 0;
    return chooser == Choosers.roundRobin() ? 3.0 / choices + 2 / 65_536.0 : 4 * sd + few;
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void start_oneWeightZero_theOthersShareByWeight(Chooser chooser) throws Exception {
    assertShares(
        chooser,
        List.of(World.server("a", 0), World.server("b", 1), World.server("c", 3)),
        0,
        0.25,
        0.75);
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void start_allWeightsZero_shareEvenly(Chooser chooser) throws Exception {
    assertShares(
        chooser,
        List.of(World.server("a", 0), World.server("b", 0), World.server("c", 0)),
        1 / 3.0,
        1 / 3.0,
        1 / 3.0);
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void start_largestWeights_shareByWeight(Chooser chooser) throws Exception {
    int most = Server.MAX_WEIGHT;
    assertShares(
        chooser,
        List.of(World.server("a", most), World.server("b", most), World.server("c", 2)),
        0.5,
        0.5,
        0);
  }

  private static void assertShares(Chooser chooser, List<Server> servers, double... shares)
      throws Exception {
    World world = new World(8);
    try (LoadBalancer balancer =
        LoadBalancer.builder("shares")
            .servers(ServerList.of(servers))
            .chooser(chooser)
            .nanoTime(world.time)
            .random(world.random)
            .scheduler(world.time)
            .build()) {
      int[] counts = new int[servers.size()];
      for (int i = 0; i < CHOICES; i++) {
        try (Attempt attempt = balancer.start()) {
          counts[servers.indexOf(attempt.server())]++;
        }
      }
      for (int i = 0; i < shares.length; i++) {
        assertThat((double) counts[i] / CHOICES).isCloseTo(shares[i], within(POINTS));
        assertThat(shares[i] == 0 && servers.get(i).weight() == 0 && counts[i] > 0).isFalse();
      }
    }
  }

  private static double[] randomWeights(int n) {
    SeededRandom random = new SeededRandom(5);
    return DoubleStream.generate(() -> 1 + random.nextInt(1_000_000)).limit(n).toArray();
  }

  private static double[] lightsBesideHeavy() {
    double[] weights = new double[1_000];
    for (int i = 1; i < weights.length; i++) {
      weights[i] = 0.1 + i / 1_000.0;
    }
    weights[0] = 1_000_000;
    return weights;
  }

  private static double[] zipf(int n) {
    double[] weights = new double[n];
    for (int i = 0; i < n; i++) {
      weights[i] = 1_000.0 / (i + 1);
    }
    return weights;
  }
}
