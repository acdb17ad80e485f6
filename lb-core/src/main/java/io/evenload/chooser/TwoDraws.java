package io.evenload.chooser;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Draws two candidates, so that each comes up exactly twice as often as its weight's share;
 * immutable. There must be two at least.
 */
final class TwoDraws {

  /*
   * Whoever takes the better of two candidates gives each at most the share of choices in which it is a candidate. If that
   * is twice its weight's share, and no more, then no load, latency or failure of the others can make it more: an idle
   * light endpoint beside busy heavy ones gets twice its share at most. Two distinct draws by weight do not do: of the
   * weights 9 and 1 both are candidates always, and the light one gets half.
   *
   * With equal weights two distinct draws are right: each is a candidate in 2/n of the choices. With unequal weights of
   * shares s < 1/2, Brewer's method is (K. R. W. Brewer, "A Model of Systematic Sampling with Unequal Probabilities",
   * 1963): the first is drawn in proportion to s(1-s)/(1-2s), the second by weight among the others. If one endpoint h has
   * half of the weight or more, it is a candidate always, twice over with the probability 2s - 1, and else beside one of the
   * others by weight.
   *
   * The order of the two is random, so that whoever takes the first of two alike shares by weight exactly.
   */

  private static final int REDRAWS = 16; // each fails with less than 1/2
  private static final double HALF = 0.5 - 1e-9;

  private final RandomGenerator random;
  private final boolean equalWeights;
  private final int n;
  private final int major; // the one that has half of the weight; none if negative
  private final WeightedSampler first; // empty where there is a major one
  private final WeightedSampler second;

  TwoDraws(RandomGenerator random, double[] weights, boolean equalWeights) {
    this.random = random;
    this.n = weights.length;
    this.equalWeights = equalWeights;
    double[] shares = shares(weights);
    int heaviest = 0;
    for (int i = 1; i < n; i++) {
      heaviest = shares[i] > shares[heaviest] ? i : heaviest;
    }
    major = shares[heaviest] >= HALF ? heaviest : -1;
    boolean even = equalWeights || major >= 0;
    first = new WeightedSampler(even ? shares : firstDraws(shares), even);
    if (major >= 0) {
      shares[major] = Math.max(0, shares[major] - 0.5);
    }
    second = new WeightedSampler(shares, equalWeights);
  }

  /** Returns both, packed: see {@link #first} and {@link #second}. They may be the same one. */
  long next() {
    long bits = random.nextLong();
    if (equalWeights) {
      int a = Recipe.below(bits, n);
      return packed(a, other(bits << 32, a));
    }
    int a = major >= 0 ? major : first.draw(bits << 32);
    int b = second.draw(bits);
    if (a == b && major < 0) {
      b = redrawn(a);
    }
    int swapped = (a ^ b) & -(int) (bits & 1); // no branch, since none could be predicted
    return packed(a ^ swapped, b ^ swapped);
  }

  static int first(long drawn) {
    return (int) (drawn >>> 32);
  }

  static int second(long drawn) {
    return (int) drawn;
  }

  private static long packed(int a, int b) {
    return ((long) a << 32) | b;
  }

  private int redrawn(int a) {
    for (int i = 0; i < REDRAWS; i++) {
      long bits = random.nextLong();
      int b = second.draw(bits);
      b = a == b ? second.draw(bits << 32) : b;
      if (a != b) {
        return b;
      }
    }
    return other(random.nextLong(), a);
  }

  /** Draws evenly among all but a. */
  private int other(long bits, int a) {
    int b = Recipe.below(bits, n - 1);
    return b >= a ? b + 1 : b;
  }

  private static double[] shares(double[] weights) {
    double largest = Arrays.stream(weights).max().orElse(1);
    double sum = Arrays.stream(weights).map(weight -> weight / largest).sum();
    return Arrays.stream(weights).map(weight -> weight / largest / sum).toArray();
  }

  private static double[] firstDraws(double[] shares) {
    return Arrays.stream(shares).map(s -> s * (1 - s) / (1 - 2 * s)).toArray();
  }
}
