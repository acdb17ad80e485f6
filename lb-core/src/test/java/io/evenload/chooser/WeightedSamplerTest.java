package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenload.testing.SeededRandom;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

/** The alias table holds the weights exactly, which no amount of drawing could show. */
final class WeightedSamplerTest {

  @Test
  void draw_everyTable_hasTheWeightsToWithinItsPrecision() {
    SeededRandom random = new SeededRandom(1);
    List<double[]> tables =
        List.of(
            new double[] {1},
            new double[] {1, 2, 7},
            new double[] {1, 1, 1_000},
            new double[] {1, 1_000_000},
            new double[] {1e-300, 1e-300, 3e-300},
            new double[] {1e-3, 1e3},
            DoubleStream.generate(() -> 1 + random.nextInt(1_000_000)).limit(1_000).toArray(),
            DoubleStream.generate(random::nextDouble).limit(333).toArray(),
            DoubleStream.iterate(1, w -> w * 1.5).limit(60).toArray());
    for (double[] weights : tables) {
      double sum = DoubleStream.of(weights).sum();
      double[] probabilities = probabilities(new WeightedSampler(weights, false), weights.length);
      for (int i = 0; i < weights.length; i++) {
        // Both parts of a column are off by less than 2^-32 of the whole, and an index may be in
        // all.
        double precision = (weights.length + 1) * 0x1p-32;
        assertThat(probabilities[i]).isCloseTo(weights[i] / sum, within(precision));
      }
    }
  }

  @Test
  void draw_equalWeights_isEven() {
    double[] weights = new double[6];
    Arrays.fill(weights, 3);

    for (double probability : probabilities(new WeightedSampler(weights, true), 6)) {
      assertThat(probability).isCloseTo(1 / 6.0, within(0x1p-31));
    }
  }

  @Test
  void draw_extremeBits_staysInRange() {
    WeightedSampler sampler = new WeightedSampler(new double[] {1, 5, 2}, false);
    for (long bits :
        new long[] {0, -1, Long.MAX_VALUE, Long.MIN_VALUE, 0xffffffffL, ~0xffffffffL}) {
      assertThat(sampler.draw(bits)).isBetween(0, 2);
    }
  }

  /** Reads the table out: within a column the bits have one threshold. */
  private static double[] probabilities(WeightedSampler sampler, int n) {
    double[] probabilities = new double[n];
    for (int column = 0; column < n; column++) {
      long from = ceiling(column, n);
      long to = ceiling(column + 1, n);
      int own = sampler.draw(from << 32);
      long low = from;
      long high = to; // the first that is drawn otherwise
      while (high - low > 1) {
        long middle = (low + high) >>> 1;
        if (sampler.draw(middle << 32) == own) {
          low = middle;
        } else {
          high = middle;
        }
      }
      probabilities[own] += (high - from) * 0x1p-32;
      if (high < to) {
        probabilities[sampler.draw((to - 1) << 32)] += (to - high) * 0x1p-32;
      }
    }
    return probabilities;
  }

  /** The least upper half of the bits that selects the column. */
  private static long ceiling(long column, int n) {
    return ((column << 32) + n - 1) / n;
  }
}
