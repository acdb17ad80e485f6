package io.evenload.chooser;

import io.evenload.Endpoint;
import io.evenload.internal.hash.Hashes;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Maps hashes to endpoints so that a change of the list moves few of them; immutable. */
final class MaglevTable {

  /*
   * Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016), section 3.4. Each endpoint
   * has a permutation of the slots, from two hashes of its id; the endpoints take turns, each taking the next free slot of
   * its permutation, until the table is full.
   *
   * With weights, as in Envoy, an endpoint has its k-th turn in the first round r at which r * weight / maxWeight reaches k;
   * but the first turn of each is in the first round, so that nobody is without a slot while there is one for each. The
   * turns are sorted by their rounds rather than met round by round, in which most endpoints beside a very heavy one have
   * none; a turn of the heaviest is in every round, so there are no more rounds than slots.
   *
   * The endpoints of a round are gone through in the order of their ids. So the table follows from the ids, the weights and
   * the size alone: clients that have these three alike have the same table, in whatever order their lists are. The weights
   * are the configured ones: slow start must not move keys.
   */

  /** A prime, and Envoy's default: 655 slots for each of a hundred endpoints. */
  static final int SIZE = 65_537;

  private final int[] slots;
  private final double worst;

  MaglevTable(Endpoint[] endpoints) {
    this(endpoints, SIZE);
  }

  /**
   * Builds the table.
   *
   * @param size a prime, so that every step through the slots meets all of them
   */
  MaglevTable(Endpoint[] endpoints, int size) {
    slots = new int[size];
    Arrays.fill(slots, -1);
    Endpoint[] byId = endpoints.clone();
    int[] order =
        IntStream.range(0, byId.length)
            .boxed()
            .sorted(Comparator.comparing(i -> endpoints[i].server().id()))
            .mapToInt(Integer::intValue)
            .toArray();
    Arrays.setAll(byId, k -> endpoints[order[k]]);
    long[] weights = configuredWeights(byId);
    fill(byId, order, turns(weights));
    worst = worst(order, weights);
  }

  int size() {
    return slots.length;
  }

  /** Returns the slot of a hash. */
  int slot(long hash) {
    return Recipe.below(hash, slots.length);
  }

  /** Returns the index of the endpoint that has this slot. */
  int at(int slot) {
    return slots[slot];
  }

  /** Returns the index of the endpoint that has the slot so many steps on. */
  int at(int slot, int steps) {
    int next = slot + steps;
    return slots[next >= slots.length ? next - slots.length : next];
  }

  /**
   * How far the share of the slots is from that of the weights, at the endpoint where it is worst.
   */
  double worstDeviation() {
    return worst;
  }

  /** The weights as discovery reports them; all 1 if all are 0. */
  static long[] configuredWeights(Endpoint[] endpoints) {
    long[] weights = Arrays.stream(endpoints).mapToLong(e -> e.server().weight()).toArray();
    if (Arrays.stream(weights).allMatch(weight -> weight == 0)) {
      Arrays.fill(weights, 1);
    }
    return weights;
  }

  private void fill(Endpoint[] byId, int[] order, int[] turns) {
    int size = slots.length;
    int[] next = new int[byId.length];
    int[] skip = new int[byId.length];
    for (int k = 0; k < byId.length; k++) {
      String id = byId[k].server().id();
      next[k] = (int) Long.remainderUnsigned(Hashes.of(id, 1), size);
      skip[k] = (int) Long.remainderUnsigned(Hashes.of(id, 2), size - 1) + 1;
    }
    for (int t = 0; t < size; t++) {
      int k = turns[t];
      int slot = next[k];
      while (slots[slot] >= 0) {
        slot = wrap(slot + skip[k]);
      }
      slots[slot] = order[k];
      next[k] = wrap(slot + skip[k]);
    }
  }

  private int wrap(int slot) {
    return slot >= slots.length ? slot - slots.length : slot;
  }

  /** Returns whose turn it is to take a slot, at least as often as there are slots. */
  private int[] turns(long[] weights) {
    long most = LongStream.of(weights).max().orElse(1);
    int rounds = rounds(weights, most);
    int[] ends = new int[rounds + 1]; // by round, the first turn after it
    for (long weight : weights) {
      long count = count(weight, most, rounds);
      for (long k = 1; k <= count; k++) {
        ends[round(k, weight, most)]++;
      }
    }
    for (int round = 1; round <= rounds; round++) {
      ends[round] += ends[round - 1];
    }
    int[] turns = new int[ends[rounds]];
    for (int i = weights.length - 1; i >= 0; i--) {
      for (long k = count(weights[i], most, rounds); k >= 1; k--) {
        turns[--ends[round(k, weights[i], most)]] = i;
      }
    }
    return turns;
  }

  /** The least number of rounds in which there are turns for all slots. */
  private int rounds(long[] weights, long most) {
    int low = 1;
    int high = slots.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      long turns = 0;
      for (long weight : weights) {
        turns += count(weight, most, middle);
      }
      if (turns >= slots.length) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** How many turns an endpoint has in so many rounds. */
  private static long count(long weight, long most, int rounds) {
    return weight == 0 ? 0 : Math.max(1, rounds * weight / most);
  }

  /** In which round its k-th turn is. */
  private static int round(long k, long weight, long most) {
    return k == 1 ? 1 : (int) ((k * most + weight - 1) / weight);
  }

  private double worst(int[] order, long[] weights) {
    int[] counts = new int[order.length];
    for (int index : slots) {
      counts[index]++;
    }
    double sum = LongStream.of(weights).sum();
    double worst = 0;
    for (int k = 0; k < order.length; k++) {
      if (weights[k] > 0) {
        double expected = weights[k] / sum * slots.length;
        worst = Math.max(worst, Math.abs(counts[order[k]] / expected - 1));
      }
    }
    return worst;
  }
}
