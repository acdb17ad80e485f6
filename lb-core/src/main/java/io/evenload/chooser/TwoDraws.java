package io.evenload.chooser;

import io.evenload.chooser.Recipe.Candidates;
import java.util.random.RandomGenerator;

/** Draws two distinct indices by weight; immutable. There must be two at least. */
final class TwoDraws {

  private static final int REDRAWS = 2;

  private final RandomGenerator random;
  private final WeightedSampler sampler;
  private final boolean equalWeights;
  private final int n;

  TwoDraws(RandomGenerator random, Candidates candidates) {
    this.random = random;
    this.n = candidates.endpoints.length;
    this.equalWeights = candidates.equalWeights;
    this.sampler = new WeightedSampler(candidates.weights, equalWeights);
  }

  /** Returns both, packed: see {@link #first} and {@link #second}. */
  long next() {
    long bits = random.nextLong();
    int a;
    int b;
    if (equalWeights) {
      a = Recipe.below(bits, n);
      b = other(bits << 32, a);
    } else {
      a = sampler.draw(bits);
      b = sampler.draw(bits << 32);
      b = a == b ? redrawn(a) : b;
    }
    return ((long) a << 32) | b;
  }

  static int first(long drawn) {
    return (int) (drawn >>> 32);
  }

  static int second(long drawn) {
    return (int) drawn;
  }

  /**
   * Draws another second index by weight; if a heavy one comes up again and again, one of the
   * others evenly.
   */
  private int redrawn(int a) {
    for (int i = 0; i < REDRAWS; i++) {
      int b = sampler.draw(random.nextLong());
      if (b != a) {
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
}
