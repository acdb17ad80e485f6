package io.evenload;

import static java.util.Objects.requireNonNull;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The gates of one endpoint as one, which never throws: open if all are, and acquired as a whole or
 * not at all. Immutable.
 */
final class GateChain {

  static final GateChain NONE = new GateChain(new Gate[0], null);

  private final Gate[] gates;
  private final @Nullable RateLimitedLog log;

  private GateChain(Gate[] gates, @Nullable RateLimitedLog log) {
    this.gates = gates;
    this.log = log;
  }

  static GateChain of(List<Gate> gates, RateLimitedLog log) {
    return gates.isEmpty() ? NONE : new GateChain(gates.toArray(new Gate[0]), log);
  }

  /** Returns why the endpoint may not be chosen; null if all gates are open. */
  @Nullable String closed() {
    for (Gate gate : gates) {
      try {
        if (!gate.open()) {
          return requireNonNull(gate.reason(), "Gate.reason returned null");
        }
      } catch (Throwable e) {
        warn("Gate.open or Gate.reason threw; the gate is taken for open", e);
      }
    }
    return null;
  }

  boolean tryAcquire() {
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
