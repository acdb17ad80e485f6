package io.evenload.chooser;

/** Draws an index with the probability of its weight; immutable. */
final class WeightedSampler {

  /*
   * Walker's alias method, with Vose's construction. Each of n columns holds its own index with some probability, and
   * else one alias; both are packed into one long, so that a draw reads one word: the upper half is the probability in
   * units of 2^-32, the lower half the alias. A column that is wholly its own has itself as alias, so that 2^32 need not
   * be represented. Of n times a random fraction of 32 bits, the whole part is the column and the rest decides; that keeps
   * every probability right to n/2^32, and two draws need one random word. There is no branch, since none could be
   * predicted.
   */

  private final int n;
  private final long[] columns; // empty if all weights are equal

  WeightedSampler(double[] weights, boolean equal) {
    n = weights.length;
    columns = equal ? new long[0] : columns(weights);
  }

  /** Returns the index that the upper half of these random bits selects. */
  int draw(long bits) {
    long scaled = (bits >>> 32) * n;
    int column = (int) (scaled >>> 32);
    if (columns.length == 0) {
      return column;
    }
    long packed = columns[column];
    int alias = (int) packed;
    int own = (int) (((scaled & 0xffffffffL) - (packed >>> 32)) >> 63); // all ones or none
    return alias ^ ((alias ^ column) & own);
  }

  private static long[] columns(double[] weights) {
    int n = weights.length;
    double sum = 0;
    for (double weight : weights) {
      sum += weight;
    }
    double[] scaled = new double[n];
    int[] stack = new int[n]; // the small ones grow from the left, the large ones from the right
    int small = 0;
    int large = n;
    for (int i = 0; i < n; i++) {
      scaled[i] = weights[i] / sum * n;
      if (scaled[i] < 1) {
        stack[small++] = i;
      } else {
        stack[--large] = i;
      }
    }
    long[] columns = new long[n];
    while (small > 0 && large < n) {
      int lesser = stack[--small];
      int greater = stack[large];
      columns[lesser] = packed(scaled[lesser], greater);
      scaled[greater] -= 1 - scaled[lesser];
      if (scaled[greater] < 1) {
        large++;
        stack[small++] = greater;
      }
    }
    while (large < n) {
      int whole = stack[large++];
      columns[whole] = packed(0, whole);
    }
    while (small > 0) { // only through rounding
      int whole = stack[--small];
      columns[whole] = packed(0, whole);
    }
    return columns;
  }

  private static long packed(double probability, int alias) {
    long units = Math.min(0xffffffffL, Math.round(probability * 0x1p32));
    return (units << 32) | alias;
  }
}
