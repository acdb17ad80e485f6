package io.evenload;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * All that a choice needs, published by one volatile write; immutable.
 *
 * @param pools the candidates among which a request is drawn: of each priority, or each zone of it,
 *     that has a load
 * @param loads the share of requests that each pool gets, above 0, in 1/{@value #WHOLE}
 * @param levels all candidates of each priority that has any, the most preferred first; where a
 *     priority is one pool, the very same
 * @param unwell endpoints that only failing health keeps out, for when nothing else is left
 * @param unproven endpoints of which no probe has passed yet, for when none of those is left either
 * @param gated endpoints whose gate is closed, for single trials when nothing else is left
 * @param census every endpoint of the roster
 * @param panic whether health is ignored in any priority, be there anything to choose or not
 * @param closed whether the balancer is closed
 */
@SuppressWarnings("ArrayRecordComponent") // identity is the comparison wanted
record Snapshot(
    Candidates[] pools,
    int[] loads,
    Candidates[] levels,
    Candidates[] unwell,
    Candidates[] unproven,
    Candidates[] gated,
    Census census,
    boolean panic,
    boolean closed) {

  /** Fine enough that rounding overloads no zone of one server among a million. */
  static final int WHOLE = 1 << 30;

  private static final Candidates[] NONE = {};

  /** What holds before the first list arrived and, closed, after the end. */
  static Snapshot empty(List<LiveEndpoint> known, boolean closed) {
    return new Snapshot(NONE, new int[0], NONE, NONE, NONE, known, closed);
  }

  /** All of whose endpoints have been well, and stand as they do now. */
  Snapshot(
      Candidates[] pools,
      int[] loads,
      Candidates[] levels,
      Candidates[] unwell,
      Candidates[] gated,
      List<LiveEndpoint> known,
      boolean closed) {
    this(
        pools,
        loads,
        levels,
        unwell,
        NONE,
        gated,
        Census.now(known),
        Arrays.stream(levels).anyMatch(Candidates::panic),
        closed);
  }

  List<LiveEndpoint> known() {
    return census.endpoints();
  }

  List<LoadBalancerStatus.GroupStatus> status() {
    List<LoadBalancerStatus.GroupStatus> status = new ArrayList<>();
    for (int i = 0; i < pools.length; i++) {
      Pool pool = pools[i].pool();
      if (pool != null) {
        double share = (double) loads[i] / WHOLE;
        int candidates = pools[i].endpoints().length;
        status.add(new LoadBalancerStatus.GroupStatus(pool.priority, pool.zone, share, candidates));
      }
    }
    return status;
  }

  /**
   * Draws the pool that serves one attempt; there must be one. A key draws the same pool again as
   * long as the loads do not change; when they do, keys move only from pools that lose or to those
   * that gain.
   */
  Candidates draw(RandomGenerator random, RequestContext request) {
    if (pools.length == 1) {
      return pools[0];
    }
    return request.key() == null ? drawn(random.nextLong()) : hashed(request.keyHash());
  }

  private Candidates drawn(long bits) {
    int point = (int) (bits & (WHOLE - 1));
    int pool = 0;
    while (point >= loads[pool]) {
      point -= loads[pool++];
    }
    return pools[pool];
  }

  /** Weighted rendezvous hashing: of a score for each pool, load / -ln(hash), the highest wins. */
  private Candidates hashed(long keyHash) {
    Candidates best = pools[0];
    double highest = 0;
    for (int i = 0; i < pools.length; i++) {
      Pool pool = pools[i].pool();
      long hash = RequestContext.mix(keyHash ^ (pool == null ? 0 : pool.keyHash));
      double score = loads[i] / -Math.log(((hash >>> 11) + 0.5) * 0x1p-53);
      if (score > highest) {
        highest = score;
        best = pools[i];
      }
    }
    return best;
  }
}
