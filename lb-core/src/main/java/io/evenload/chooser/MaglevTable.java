package io.evenload.chooser;

import io.evenload.Endpoint;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Maps hashes to endpoints so that a change of the list moves few of them; immutable. */
final class MaglevTable {

  /*
   * Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016), section 3.4. Each endpoint
   * has a permutation of the slots, from two hashes of its id; the endpoints take turns, each taking the next free slot of
   * its permutation, until the table is full. With weights, as in Envoy, an endpoint takes a turn only in those rounds in
   * which round * weight / maxWeight reaches the next integer. The endpoints are gone through in the order of their ids,
   * so that every client with the same list has the same table.
   *
   * The weights are the configured ones: slow start must not move keys.
   */

  /** The size that the paper and Envoy use: a prime, over 100 times the number of most pools. */
  static final int SIZE = 65_537;

  private final int[] slots = new int[SIZE];

  MaglevTable(Endpoint[] endpoints) {
    int n = endpoints.length;
    int[] order =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparing(i -> endpoints[i].server().id()))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] weights = configuredWeights(endpoints);
    double max = Arrays.stream(weights).max().orElse(1);
    int[] next = new int[n];
    int[] skip = new int[n];
    double[] due = new double[n];
    for (int i = 0; i < n; i++) {
      String id = endpoints[i].server().id();
      next[i] = (int) Long.remainderUnsigned(Hashes.of(id, 1), SIZE);
      skip[i] = (int) Long.remainderUnsigned(Hashes.of(id, 2), SIZE - 1) + 1;
    }
    Arrays.fill(slots, -1);
    for (int filled = 0; filled < SIZE; ) {
      for (int k = 0; k < n && filled < SIZE; k++) {
        int i = order[k];
        due[i] += weights[i] / max;
        if (due[i] >= 1 - 1e-9) {
          due[i] -= 1;
          int slot = next[i];
          while (slots[slot] >= 0) {
            slot = wrap(slot + skip[i]);
          }
          slots[slot] = i;
          next[i] = wrap(slot + skip[i]);
          filled++;
        }
      }
    }
  }

  /** Returns the slot of a hash. */
  int slot(long hash) {
    return Recipe.below(hash, SIZE);
  }

  /** Returns the index of the endpoint that has this slot. */
  int at(int slot) {
    return slots[slot];
  }

  static int wrap(int slot) {
    return slot >= SIZE ? slot - SIZE : slot;
  }

  /** The weights as discovery reports them; all 1 if all are 0. */
  static double[] configuredWeights(Endpoint[] endpoints) {
    double[] weights = Arrays.stream(endpoints).mapToDouble(e -> e.server().weight()).toArray();
    if (Arrays.stream(weights).allMatch(weight -> weight == 0)) {
      Arrays.fill(weights, 1);
    }
    return weights;
  }
}
