package io.evenload;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Several gates of one endpoint as one: open if all are, and acquired as a whole or not at all. */
final class Gates implements Gate {

  private final Gate[] gates;
  private final BalancerContext balancer;

  private Gates(List<Gate> gates, BalancerContext balancer) {
    this.gates = gates.toArray(new Gate[0]);
    this.balancer = balancer;
  }

  static @Nullable Gate of(List<Gate> gates, BalancerContext balancer) {
    return gates.isEmpty() ? null : gates.size() == 1 ? gates.get(0) : new Gates(gates, balancer);
  }

  static List<Gate> append(List<Gate> gates, Gate added) {
    List<Gate> all = new ArrayList<>(gates);
    all.add(added);
    return List.copyOf(all);
  }

  @Override
  public boolean open() {
    for (Gate gate : gates) {
      if (!gate.open()) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean tryAcquire() {
    int acquired = 0;
    try {
      while (acquired < gates.length && gates[acquired].tryAcquire()) {
        acquired++;
      }
      return acquired == gates.length;
    } finally {
      if (acquired < gates.length) {
        releaseFirst(acquired, Outcome.CANCELLED, 0);
      }
    }
  }

  @Override
  public void release(Outcome outcome, long latencyNanos) {
    releaseFirst(gates.length, outcome, latencyNanos);
  }

  private void releaseFirst(int count, Outcome outcome, long latencyNanos) {
    for (int i = 0; i < count; i++) {
      try {
        gates[i].release(outcome, latencyNanos);
      } catch (Throwable e) {
        balancer.log().warn("Gate.release threw", e);
      }
    }
  }
}
