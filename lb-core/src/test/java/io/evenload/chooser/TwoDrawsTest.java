package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenload.testing.FakeEnvironment;
import io.evenload.testing.SeededRandom;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Two draws: each is a candidate twice as often as its share, and as often first as second. */
final class TwoDrawsTest {

  private static final int DRAWS = 1_000_000;

  static Stream<double[]> weights() {
    return Stream.of(
        new double[] {1, 1, 1},
        new double[] {9, 1},
        new double[] {49, 49, 2},
        new double[] {2, 1, 1},
        new double[] {0.499999, 0.3, 0.2},
        new double[] {100, 100, 100, 100, 4},
        new double[] {1, 2, 3, 4, 5, 6, 7});
  }

  @ParameterizedTest
  @MethodSource("weights")
  void next_anyWeights_eachIsACandidateTwiceItsShareInEitherPlace(double[] weights) {
    boolean equal = DoubleStream.of(weights).distinct().count() == 1;
    TwoDraws draws = new TwoDraws(new SeededRandom(1), weights, equal);
    double sum = DoubleStream.of(weights).sum();
    double largest = DoubleStream.of(weights).max().orElseThrow() / sum;
    int[] first = new int[weights.length];
    int[] second = new int[weights.length];
    int same = 0;
    for (int i = 0; i < DRAWS; i++) {
      long drawn = draws.next();
      first[TwoDraws.first(drawn)]++;
      second[TwoDraws.second(drawn)]++;
      same += TwoDraws.first(drawn) == TwoDraws.second(drawn) ? 1 : 0;
    }
    for (int i = 0; i < weights.length; i++) {
      assertThat(first[i] / (double) DRAWS).isCloseTo(weights[i] / sum, within(0.0025)); // 5 sd
      assertThat(second[i] / (double) DRAWS).isCloseTo(weights[i] / sum, within(0.0025));
    }
    assertThat(same / (double) DRAWS).isCloseTo(Math.max(0, 2 * largest - 1), within(0.0025));
  }

  @Test
  void next_randomnessThatIsNone_ends() {
    for (long value : new long[] {0, -1, 1L << 40, Long.MIN_VALUE}) {
      TwoDraws draws =
          new TwoDraws(FakeEnvironment.constant(value).random(), new double[] {3, 3, 2, 1}, false);
      long drawn = draws.next();

      assertThat(TwoDraws.first(drawn)).isNotEqualTo(TwoDraws.second(drawn));
    }
  }
}
