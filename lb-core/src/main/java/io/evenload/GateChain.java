package io.evenload;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The gates of one endpoint as one, which never throws: open if all are, and acquired as a whole or
 * not at all. Immutable.
 */
final class GateChain {

  /*
   * If breakers are overruled, all gates are still asked for admission: a breaker that tries whether its endpoint works
   * again needs its trials. Only if that is refused the others are asked, without the breakers; the attempt gives back
   * what it acquired, which is the one chain or the other.
   *
   * A breaker that opens has not been compared with its peers yet: that is done a moment later, on another thread. Where
   * all servers fail alike all breakers open within such a moment, and callers that are refused at once burn thousands of
   * calls in it. So where nobody else takes an attempt, a breaker that was not looked at since it opened does not count.
   */

  /** How what the breakers among the gates say counts. */
  enum Breakers {
    /** They are obeyed. */
    OBEYED,
    /**
     * They were closed when they were last looked at: if one has opened since, that is not known.
     */
    UNSEEN,
    /** They are asked, and what they say makes no difference. */
    OVERRULED
  }

  static final GateChain NONE = new GateChain(new Gate[0], Breakers.OBEYED, null, null);

  private final Gate[] gates;
  private final Breakers breakers;
  private final @Nullable GateChain withoutBreakers; // null if they are obeyed
  private final @Nullable RateLimitedLog log;

  private GateChain(
      Gate[] gates,
      Breakers breakers,
      @Nullable GateChain withoutBreakers,
      @Nullable RateLimitedLog log) {
    this.gates = gates;
    this.breakers = breakers;
    this.withoutBreakers = withoutBreakers;
    this.log = log;
  }

  static GateChain of(List<Gate> gates, RateLimitedLog log) {
    return gates.isEmpty()
        ? NONE
        : new GateChain(gates.toArray(new Gate[0]), Breakers.OBEYED, null, log);
  }

  /** Returns the same gates, of which what the breakers say counts like this. */
  GateChain with(Breakers breakers) {
    if (breakers == this.breakers) {
      return this;
    }
    if (breakers == Breakers.OBEYED) {
      return new GateChain(gates, breakers, null, log);
    }
    Gate[] others = Arrays.stream(gates).filter(gate -> !breaks(gate)).toArray(Gate[]::new);
    return new GateChain(gates, breakers, new GateChain(others, Breakers.OBEYED, null, log), log);
  }

  /** Whether what the breakers among the gates say counts. */
  boolean obeyed() {
    return breakers == Breakers.OBEYED;
  }

  /** Whether what the breakers among the gates say does not count, although they were looked at. */
  boolean overruled() {
    return breakers == Breakers.OVERRULED;
  }

  /** Returns why the endpoint may not be chosen; null if all gates that count are open. */
  @Nullable String closed() {
    GateChain others = unlessObeyed();
    return others == null ? anyClosed() : others.anyClosed();
  }

  /** The other gates, if what the breakers say does not count; else null. */
  private @Nullable GateChain unlessObeyed() {
    return overruled() ? withoutBreakers : null;
  }

  /** The other gates, if a breaker has opened since it was looked at; else null. */
  @Nullable GateChain pastUnseen() {
    return breakers == Breakers.UNSEEN && breakerOpen() ? withoutBreakers : null;
  }

  /** Returns why a gate is closed, whether it counts or not; null if all are open. */
  @Nullable String anyClosed() {
    return anyClosed(false);
  }

  /** Returns what the endpoint is not ready for, by a gate that only says that; null if it is. */
  @Nullable String preparing() {
    return anyClosed(true);
  }

  private @Nullable String anyClosed(boolean preparing) {
    for (Gate gate : gates) {
      try {
        if (!gate.open() && gate.preparing() == preparing) {
          return requireNonNull(gate.reason(), "Gate.reason returned null");
        }
      } catch (Throwable e) {
        warn("Gate.open or Gate.reason threw; the gate is taken for open", e);
      }
    }
    return null;
  }

  /** Whether one of the breakers among the gates is open, so that the gate is closed. */
  boolean breakerOpen() {
    for (Gate gate : gates) {
      if (breaks(gate) && !open(gate)) {
        return true;
      }
    }
    return false;
  }

  /** Whether one of the other gates is closed. */
  boolean closedBesideBreakers() {
    for (Gate gate : gates) {
      if (!breaks(gate) && !open(gate)) {
        return true;
      }
    }
    return false;
  }

  /** The largest share of failures that a breaker among the gates knows of; 0 if none does. */
  double failureShare() {
    double largest = 0;
    for (Gate gate : gates) {
      largest = Math.max(largest, breaks(gate) ? Math.min(share(gate), 1) : 0);
    }
    return largest;
  }

  /** Whether a breaker is among the gates. */
  boolean breaks() {
    for (Gate gate : gates) {
      if (breaks(gate)) {
        return true;
      }
    }
    return false;
  }

  private boolean breaks(Gate gate) {
    return !Double.isNaN(share(gate));
  }

  private double share(Gate gate) {
    try {
      return gate.failureShare();
    } catch (Throwable e) {
      warn("Gate.failureShare threw; the gate is not taken for a breaker", e);
      return Double.NaN;
    }
  }

  private boolean open(Gate gate) {
    try {
      return gate.open();
    } catch (Throwable e) {
      warn("Gate.open threw; the gate is taken for open", e);
      return true;
    }
  }

  /** Whether {@link #acquire} is sure to refuse until an attempt here ends. */
  boolean full() {
    GateChain others = unlessObeyed();
    return anyFull() && (others == null || others.full());
  }

  private boolean anyFull() {
    for (Gate gate : gates) {
      try {
        if (gate.full()) {
          return true;
        }
      } catch (Throwable e) {
        warn("Gate.full threw; the gate is taken for one that may admit", e);
      }
    }
    return false;
  }

  /**
   * Whether what refused an attempt is, as far as one can tell, a breaker, which is open or lets
   * only a few try whether the endpoint works again: one that holds failures against it, while no
   * gate is full.
   */
  boolean breakerRefuses() {
    return !overruled() && !anyFull() && failureShare() > 0;
  }

  /** Returns the gates that admit an attempt, which has to release them; null if they refuse it. */
  @Nullable GateChain acquire() {
    if (tryAcquire()) {
      return this;
    }
    GateChain others = unlessObeyed();
    return others == null ? null : others.acquire();
  }

  private boolean tryAcquire() {
    for (int i = 0; i < gates.length; i++) {
      try {
        if (!gates[i].tryAcquire()) {
          release(i, Outcome.CANCELLED, 0);
          return false;
        }
      } catch (Throwable e) {
        warn("Gate.tryAcquire threw; it is taken for admission", e);
      }
    }
    return true;
  }

  void release(Outcome outcome, long latencyNanos) {
    release(gates.length, outcome, latencyNanos);
  }

  /** Releases the gates after a failure that is the request's: breakers count it neither way. */
  void releaseAgain(Outcome outcome, long latencyNanos) {
    for (Gate gate : gates) {
      try {
        gate.release(breaks(gate) ? Outcome.CANCELLED : outcome, latencyNanos);
      } catch (Throwable e) {
        warn("Gate.release threw", e);
      }
    }
  }

  private void release(int count, Outcome outcome, long latencyNanos) {
    for (int i = 0; i < count; i++) {
      try {
        gates[i].release(outcome, latencyNanos);
      } catch (Throwable e) {
        warn("Gate.release threw", e);
      }
    }
  }

  void close() {
    for (Gate gate : gates) {
      try {
        gate.close();
      } catch (Throwable e) {
        warn("Gate.close threw", e);
      }
    }
  }

  private void warn(String message, Throwable e) {
    if (log != null) {
      log.warn(message, e);
    }
  }
}
