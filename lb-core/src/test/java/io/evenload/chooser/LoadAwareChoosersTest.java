package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.testing.FakeEndpoint;
import io.evenload.testing.FakeEnvironment;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Least loaded and power of two choices, where endpoints are not idle. */
final class LoadAwareChoosersTest {

  private static final int CHOICES = 1_000_000;
  private static final RequestContext REQUEST = RequestContext.create();

  @Test
  void powerOfTwoChoices_twoEndpoints_neverTakesTheWorse() {
    List<Endpoint> endpoints = loads(new double[] {1, 1}, 3, 2);
    long[] counts = counts(Choosers.powerOfTwoChoices(), endpoints, 100_000);

    assertThat(counts).containsExactly(0, 100_000);
  }

  @Test
  void powerOfTwoChoices_lightOneIsIdle_getsTwiceItsShareAndTheRestGoesToTheHeavy() {
    // 10 / 1000 is more than 0 / 1, but the light one is a candidate in 2 of 1,001 choices only.
    List<Endpoint> endpoints = loads(new double[] {1_000, 1}, 10, 0);
    long[] counts = counts(Choosers.powerOfTwoChoices(), endpoints, CHOICES);

    assertThat(counts[1]).isBetween(1_774L, 2_222L); // 1,998 expected, 5 sd
  }

  @Test
  void leastLoaded_lightOneIsIdle_getsTwiceItsShareAndTheRestGoesToTheIdlestHeavy() {
    List<Endpoint> endpoints = loads(new double[] {10, 1, 10, 10}, 3, 0, 2, 4);
    long[] counts = counts(Choosers.leastLoaded(), endpoints, CHOICES);

    assertThat(counts[1] / (double) CHOICES).isCloseTo(2 / 31.0, within(0.00125)); // 5 sd
    assertThat(counts[0] + counts[3]).isZero();
  }

  @Test
  void powerOfTwoChoices_fiveDistinctLoads_kthLeastHasItsShareOfPairs() {
    List<Endpoint> endpoints = loads(new double[] {1, 1, 1, 1, 1}, 30, 0, 40, 10, 20);
    long[] counts = counts(Choosers.powerOfTwoChoices(), endpoints, CHOICES);
    long[] byLoad = {counts[1], counts[3], counts[4], counts[0], counts[2]};
    double[] shares = {0.4, 0.3, 0.2, 0.1};
    double chiSquared = 0;
    for (int k = 0; k < shares.length; k++) {
      double expected = shares[k] * CHOICES;
      chiSquared += (byLoad[k] - expected) * (byLoad[k] - expected) / expected;
    }

    assertThat(byLoad[4]).as("the most loaded wins against nobody").isZero();
    // 3 degrees of freedom: a right chooser exceeds 30.66 once in a million seeds.
    assertThat(chiSquared).isLessThan(30.66);
  }

  @Test
  void powerOfTwoChoices_equalLoadPerWeight_sharesByWeight() {
    List<Endpoint> endpoints = loads(new double[] {1, 3}, 2, 6);
    long[] counts = counts(Choosers.powerOfTwoChoices(), endpoints, CHOICES);

    assertThat(counts[0] / (double) CHOICES).isCloseTo(0.25, within(0.0022)); // 5 sd
  }

  @Test
  void leastLoaded_oneLeast_alwaysTakesIt() {
    List<Endpoint> endpoints = loads(new double[] {1, 1, 4, 1}, 3, 2, 7, 5); // 7 / 4 is the least
    assertThat(counts(Choosers.leastLoaded(), endpoints, 10_000)).containsExactly(0, 0, 10_000, 0);
  }

  @Test
  void leastLoaded_ties_areDrawnByWeight() {
    for (double[] weights : new double[][] {{1, 2, 5}, {4, 4.5, 5, 4}}) {
      int[] alike = DoubleStream.of(weights).mapToInt(weight -> (int) (2 * weight)).toArray();
      long[] counts = counts(Choosers.leastLoaded(), loads(weights, alike), CHOICES);
      for (int i = 0; i < weights.length; i++) {
        assertThat(counts[i] / (double) CHOICES)
            .as("share of weight %s", weights[i])
            .isCloseTo(weights[i] / DoubleStream.of(weights).sum(), within(0.0025)); // 5 sd
      }
    }
  }

  @Test
  void leastLoaded_tiesBesideABusyOne_leaveThatOut() {
    List<Endpoint> endpoints = loads(new double[] {2, 2, 2, 2}, 1, 1, 8, 1);
    long[] counts = counts(Choosers.leastLoaded(), endpoints, CHOICES);

    assertThat(counts[2]).isZero();
    assertThat(counts[0] / (double) CHOICES).isCloseTo(1 / 3.0, within(0.0024)); // 5 sd
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.5, 1, 2, 8})
  void exponent_idle_sharesByWeight(double exponent) {
    List<Endpoint> endpoints = loads(new double[] {1, 3}, 0, 0);
    for (Chooser chooser :
        List.of(Choosers.leastLoaded(exponent), Choosers.powerOfTwoChoices(exponent))) {
      long[] counts = counts(chooser, endpoints, 100_000);

      assertThat(counts[0] / 100_000.0)
          .as(chooser.toString())
          .isCloseTo(0.25, within(0.0069)); // 5 sd
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.5, 1, 2, 8})
  void exponent_equalWeights_ordersByLoad(double exponent) {
    List<Endpoint> endpoints = loads(new double[] {2, 2, 2}, 300, 299, 301);

    assertThat(counts(Choosers.leastLoaded(exponent), endpoints, 1_000))
        .containsExactly(0, 1_000, 0);
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 8.1, Double.NaN, Double.POSITIVE_INFINITY})
  void exponent_outOfRange_isRefused(double exponent) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Choosers.leastLoaded(exponent))
        .withMessage("exponent: " + exponent + " (expected: 0 to 8)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Choosers.powerOfTwoChoices(exponent))
        .withMessage("exponent: " + exponent + " (expected: 0 to 8)");
  }

  @Test
  void load_failureRate_countsOnlyAboveOneTenth() {
    FakeEndpoint endpoint = new FakeEndpoint(World.server("a"), 1).inFlight(3);
    assertThat(Load.of(endpoint.failureRate(0.1f), 1)).isEqualTo(3);
    double before = 3;
    for (double rate = 0.11; rate <= 1; rate += 0.01) {
      double load = Load.of(endpoint.failureRate(rate), 1);
      assertThat(load).isGreaterThan(before).isFinite();
      before = load;
    }
  }

  private static List<Endpoint> loads(double[] weights, int... inFlight) {
    List<Endpoint> endpoints = new ArrayList<>();
    for (int i = 0; i < inFlight.length; i++) {
      endpoints.add(new FakeEndpoint(World.server("s" + i), weights[i]).inFlight(inFlight[i]));
    }
    return List.copyOf(endpoints);
  }

  private static long[] counts(Chooser chooser, List<Endpoint> endpoints, int choices) {
    Chooser prepared = chooser.bind(FakeEnvironment.seeded(30)).prepare(endpoints);
    long[] counts = new long[endpoints.size()];
    for (int i = 0; i < choices; i++) {
      counts[endpoints.indexOf(prepared.choose(endpoints, REQUEST))]++;
    }
    return counts;
  }
}
