package io.evenload.chooser;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.TreeMap;

/** The order of turns in one cycle of a weighted round robin; immutable. */
final class TurnSchedule {

  /*
   * Endpoints of equal weight form a class, whose members take the turns of the class in strict rotation, so that none of
   * them gets two while another waits.
   *
   * If the integer weights sum to at most the limit (after division by their greatest common divisor), the cycle is exact
   * and each member of a class has the same number of turns in it. Otherwise a class gets its share of the limit, rounded,
   * and the members rotate on from cycle to cycle: `turns` per cycle need not be a multiple of their number. The classes
   * so light that they have less than one turn a cycle are one class then, so that rounding each up does not take from
   * the heavy ones.
   *
   * Short exact cycles are a table, at one array read a turn. A class with t turns in a cycle of L slots must take its j-th
   * turn at or after slot jL/t and before slot (j+1)L/t; of the turns that may be taken, each slot goes to the one that is
   * due first. Since the turns sum up to L, this meets every window (earliest deadline first is optimal for unit jobs; Liu
   * and Layland, 1973), so no class waits for more than two of its mean gaps. That is a stride schedule, computed ahead.
   *
   * All other cycles are a TurnTree, which is built at once however long they are.
   */

  static final int LIMIT = 1 << 16;
  private static final int LIMIT_PER_ENDPOINT = 8;
  private static final int TABLE_LIMIT = 1 << 13;

  private final int[][] members; // by class, the lightest first
  private final int[] turns; // by class, in one cycle
  private final int period;
  private final int[] slots; // the endpoints in the order of their turns; empty without a table
  private final TurnTree tree; // of the classes

  TurnSchedule(double[] weights) {
    int limit = Math.max(LIMIT, LIMIT_PER_ENDPOINT * weights.length);
    double sum = 0;
    for (double weight : weights) {
      sum += weight;
    }
    long divisor = divisor(weights);
    boolean exact = divisor > 0 && sum / divisor <= limit;
    members = classes(weights, exact ? 0 : sum / limit);
    turns = exact ? exactTurns(weights, divisor) : roundedTurns(weights, sum, limit);
    period = Arrays.stream(turns).sum();
    boolean table = exact && period <= Math.max(TABLE_LIMIT, LIMIT_PER_ENDPOINT * weights.length);
    tree = new TurnTree(turns);
    slots = new int[table ? period : 0];
    if (table) {
      fill();
    }
  }

  int period() {
    return period;
  }

  /** Whether each cycle is the same, and short. */
  boolean isTable() {
    return slots.length > 0;
  }

  /** Returns the endpoint whose turn it is at a position of {@link StripedCursor}. */
  int at(long position) {
    int turn = (int) position;
    if (turn < slots.length) {
      return slots[turn];
    }
    long leaf = tree.at(turn);
    int c = TurnTree.leaf(leaf);
    long cycle = position >>> 32;
    return members[c][(int) ((TurnTree.ordinal(leaf) + cycle * turns[c]) % members[c].length)];
  }

  /**
   * Returns the endpoints of each weight; those weights whose sum is below the least one are one
   * class.
   */
  private static int[][] classes(double[] weights, double least) {
    Map<Double, List<Integer>> byWeight = new TreeMap<>();
    for (int i = 0; i < weights.length; i++) {
      byWeight.computeIfAbsent(weights[i], weight -> new ArrayList<>()).add(i);
    }
    List<List<Integer>> classes = new ArrayList<>();
    List<Integer> light = new ArrayList<>();
    byWeight.forEach(
        (weight, members) -> {
          if (weight * members.size() < least) {
            light.addAll(members);
          } else {
            classes.add(members);
          }
        });
    if (!light.isEmpty()) {
      classes.add(0, light);
    }
    return classes.stream()
        .map(members -> members.stream().mapToInt(Integer::intValue).toArray())
        .toArray(int[][]::new);
  }

  private int[] exactTurns(double[] weights, long divisor) {
    return Arrays.stream(members)
        .mapToInt(of -> (int) (of.length * ((long) weights[of[0]] / divisor)))
        .toArray();
  }

  /**
   * Rounds the running sum, so that the turns add up to the limit; a class of at least one turn
   * keeps one.
   */
  private int[] roundedTurns(double[] weights, double sum, int limit) {
    int[] turns = new int[members.length];
    double before = 0;
    for (int c = 0; c < turns.length; c++) {
      double after = before + Arrays.stream(members[c]).mapToDouble(i -> weights[i]).sum();
      double share = Math.floor(after / sum * limit + 0.5) - Math.floor(before / sum * limit + 0.5);
      turns[c] = (int) Math.max(1, share);
      before = after;
    }
    return turns;
  }

  /** Returns the greatest common divisor of the weights, or 0 if they are not all integers. */
  private static long divisor(double[] weights) {
    long divisor = 0;
    for (double weight : weights) {
      if (weight != Math.rint(weight) || weight > 0x1p52) {
        return 0;
      }
      divisor = gcd((long) weight, divisor);
    }
    return divisor;
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  private void fill() {
    Queue<Turn> waiting = new PriorityQueue<>(TurnSchedule::byRelease);
    Queue<Turn> ready = new PriorityQueue<>(TurnSchedule::byDeadline);
    for (int c = 0; c < turns.length; c++) {
      ready.add(new Turn(c));
    }
    for (int slot = 0; slot < slots.length; slot++) {
      while (!waiting.isEmpty() && waiting.element().release <= slot) {
        ready.add(waiting.remove());
      }
      Turn turn = ready.remove();
      int[] of = members[turn.c];
      slots[slot] = of[turn.ordinal % of.length];
      if (turn.advance()) {
        (turn.release <= slot + 1 ? ready : waiting).add(turn);
      }
    }
  }

  private static int byRelease(Turn a, Turn b) {
    return Integer.compare(a.release, b.release);
  }

  private static int byDeadline(Turn a, Turn b) {
    return a.deadline != b.deadline ? Double.compare(a.deadline, b.deadline) : a.c - b.c;
  }

  /** The next turn of a class, and the window of slots for it. */
  private final class Turn {
    final int c;
    int ordinal;
    int release;
    double deadline;

    Turn(int c) {
      this.c = c;
      this.deadline = (double) slots.length / turns[c];
    }

    /** Moves on to the next turn of the cycle, if there is one. */
    boolean advance() {
      ordinal++;
      release = (int) ((long) ordinal * slots.length / turns[c]);
      deadline = (ordinal + 1.0) * slots.length / turns[c];
      return ordinal < turns[c];
    }
  }
}
