package io.evenload.chooser;

import java.util.PriorityQueue;
import java.util.Queue;

/** Spreads the turns of some leaves evenly over a cycle, each computed when it is asked for. */
final class TurnTree {

  /*
   * Of N turns at a node, its left side gets L: the turns o at which floor((o + 1) L/N) is more than floor(o L/N). So its
   * turns are as even as can be (a Sturmian word), and how many it had before turn o is known without counting: floor(o L/N),
   * which makes turn o at the node that turn of the left side, or turn o - floor(o L/N) of the right one. From the root to a
   * leaf that is one multiplication a level.
   *
   * The tree is Huffman's, so that a leaf of many turns is near the root. A leaf waits for at most the sum, over itself and
   * the nodes above it, of their mean gaps: each node above has about twice the turns of the one below, so that is about two
   * of its own mean gaps.
   *
   * L/N is rounded up to a multiple of 2^-40. For N up to 2^20 all floors are those of the exact fraction; beyond, the turns
   * are divided all the same, and the shares off by less than 2^-20.
   */

  private static final int FRACTION_BITS = 40;
  private static final long FRACTION_MASK = (1L << FRACTION_BITS) - 1;

  private final long[] left; // by node: the fraction of its turns that the left side gets
  private final int[] children; // by node, right and left: a node, or ~leaf
  private final int root;

  /**
   * Builds the tree.
   *
   * @param turns by leaf, in one cycle; each more than 0
   */
  TurnTree(int[] turns) {
    left = new long[turns.length - 1];
    children = new int[2 * left.length];
    Queue<Part> parts = new PriorityQueue<>();
    for (int leaf = 0; leaf < turns.length; leaf++) {
      parts.add(new Part(turns[leaf], ~leaf));
    }
    for (int node = 0; node < left.length; node++) {
      Part light = parts.remove();
      Part heavy = parts.remove();
      long both = light.turns + heavy.turns;
      left[node] = ((light.turns << FRACTION_BITS) + both - 1) / both;
      children[2 * node] = heavy.node;
      children[2 * node + 1] = light.node;
      parts.add(new Part(both, node));
    }
    root = parts.remove().node;
  }

  /**
   * Returns whose turn it is, and which of its turns in the cycle: {@link #leaf}, {@link #ordinal}.
   */
  long at(int turn) {
    long ordinal = turn;
    int node = root;
    while (node >= 0) {
      long scaled = ordinal * left[node];
      long before = scaled >>> FRACTION_BITS;
      long isLeft = ((scaled & FRACTION_MASK) + left[node]) >>> FRACTION_BITS; // 1 or 0
      long after = ordinal - before;
      ordinal = after ^ ((after ^ before) & -isLeft); // no branch, since none could be predicted
      node = children[2 * node + (int) isLeft];
    }
    return ordinal << 32 | ~node;
  }

  static int leaf(long answer) {
    return (int) answer;
  }

  static int ordinal(long answer) {
    return (int) (answer >>> 32);
  }

  /** A node or leaf that has no parent yet. */
  private record Part(long turns, int node) implements Comparable<Part> {
    @Override
    public int compareTo(Part other) {
      int byTurns = Long.compare(turns, other.turns);
      return byTurns != 0 ? byTurns : Integer.compare(node, other.node);
    }
  }
}
