package io.evenload;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the control path alone may touch of one endpoint; requests see {@link #endpoint} alone. */
final class RosterEntry {

  final LiveEndpoint endpoint;

  final long idHash;

  /** Whether the latest list has it; if not, it drains. */
  boolean listed;

  /** When it was on a list last. */
  long departedNanos;

  /** The pool that it is in, or was last; null before the first. */
  @Nullable PoolEntry pool;

  /** What {@link LiveEndpoint#gates()} consists of. */
  List<GateFactories.Made> gates = List.of();

  /** It came to a list that others were on, and has not been eligible yet. */
  boolean fresh;

  /** It could not be chosen for its own sake, and has not been eligible since. */
  boolean wasOut;

  /** The part of it that this client's subset covers; 0 if it is outside. */
  double subsetShare = 1;

  /** Its configured weight, as far as this client's subset covers it. */
  double warmWeight = 1;

  /** The same, without what slow start takes of it: what it counts beside others' zones. */
  double capacity = 1;

  Ejection ejection = Ejection.NONE;

  /** How it answers, for what its zone and its priority count. */
  final Answers answers = new Answers();

  private double formerTraffic;
  private int formerEnded;

  /** Whether no other server is listed, with which its breakers could be compared. */
  boolean alone;

  /** What its breaker had against it when it opened. */
  Claim claim = Claim.NONE;

  /** Since when it drains, for whatever reason. */
  long drainingNanos;

  /** Whether it was told that it drains and nothing is in flight. */
  boolean drained;

  RosterEntry(LiveEndpoint endpoint) {
    this.endpoint = endpoint;
    this.idHash = RequestContext.hash(endpoint.server().id());
  }

  Server server() {
    return endpoint.server();
  }

  /** The attempts that ended here lately: those of each interval count half as much as the next. */
  double traffic() {
    return formerTraffic + sinceInterval();
  }

  /** An interval of outlier detection ends. */
  void countTraffic() {
    int counted = sinceInterval();
    formerTraffic = formerTraffic / 2 + counted;
    formerEnded += counted;
  }

  private int sinceInterval() {
    return (endpoint.ended() - formerEnded) & Integer.MAX_VALUE; // it counts modulo 2^31
  }

  /** Whether this client may call the endpoint, and so has it probed. */
  boolean inUse() {
    return listed && subsetShare > 0;
  }

  /**
   * Whether nothing has succeeded at the endpoint for long and its breaker, be it open or not, has
   * not got over that: then it may be chosen for trials at most.
   */
  boolean failsAll() {
    return endpoint.failedSinceSuccess() >= LiveEndpoint.ALL_FAILED
        && endpoint.gates().failureShare() > 0;
  }

  /** Sets how what the endpoint's breakers say counts. */
  void heed(GateChain.Breakers breakers) {
    GateChain gates = endpoint.gates();
    GateChain next = gates.with(breakers);
    if (next != gates) {
      endpoint.setGates(next);
    }
  }

  /** Has the pool's chooser told, before its next choice, that something changed here. */
  void markStale() {
    if (pool != null) {
      pool.markStale();
    }
  }

  /** What a breaker has against its endpoint. */
  enum Claim {
    /** Nothing: it is closed. */
    NONE,
    /** What the outcomes of the attempts show. */
    SHOWN,
    /** What they do not show, as that they were slow. */
    HIDDEN
  }
}
