package io.evenload;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * All that a choice needs, published by one volatile write; immutable.
 *
 * @param groups the candidates of each priority that has any, the most preferred first
 * @param loads the share of requests that each group gets, in 1/{@value #WHOLE}
 * @param unwell endpoints that only failing health keeps out, for when nothing else is left
 * @param gated endpoints whose gate is closed, for single trials when nothing else is left
 * @param known every endpoint of the roster
 * @param closed whether the balancer is closed
 */
@SuppressWarnings("ArrayRecordComponent") // identity is the comparison wanted
record Snapshot(
    Candidates[] groups,
    int[] loads,
    Candidates[] unwell,
    Candidates[] gated,
    List<LiveEndpoint> known,
    boolean closed) {

  static final int WHOLE = 10_000;

  private static final Candidates[] NONE = {};

  /** What holds before the first list arrived and, closed, after the end. */
  static Snapshot empty(List<LiveEndpoint> known, boolean closed) {
    return new Snapshot(NONE, new int[0], NONE, NONE, known, closed);
  }

  boolean panic() {
    for (Candidates group : groups) {
      if (group.panic()) {
        return true;
      }
    }
    return false;
  }

  /** Draws the group that serves one attempt; there must be one. */
  Candidates draw(RandomGenerator random) {
    if (loads[0] == WHOLE) {
      return groups[0];
    }
    int point = (int) (((random.nextLong() >>> 32) * WHOLE) >>> 32);
    int group = 0;
    while (point >= loads[group]) {
      point -= loads[group++];
    }
    return groups[group];
  }
}
