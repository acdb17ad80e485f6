package io.evenload;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What gates each endpoint has: those of the options, and those that others added. Control path
 * only.
 */
@SuppressWarnings("ReferenceEquality") // of factories: this very one
final class GateFactories {

  private final BalancerContext balancer;
  private final Runnable changed;
  private final List<Gate.Factory> added = new ArrayList<>();
  private List<Gate.Factory> configured;
  private volatile @Nullable LinkageError unlinked;

  /**
   * Creates the factories of a balancer.
   *
   * @param changed run by a gate, from any thread, that has opened or closed
   */
  GateFactories(BalancerContext balancer, List<Gate.Factory> configured, Runnable changed) {
    this.balancer = balancer;
    this.configured = configured;
    this.changed = changed;
  }

  /** Replaces those of the options. Like the two below, takes effect with {@link #equip}. */
  void use(List<Gate.Factory> configured) {
    this.configured = configured;
  }

  void add(Gate.Factory factory) {
    added.add(factory);
  }

  /** Takes back one that was added; tells whether it was. */
  boolean remove(Gate.Factory factory) {
    for (Iterator<Gate.Factory> each = added.iterator(); each.hasNext(); ) {
      if (each.next() == factory) {
        each.remove();
        return true;
      }
    }
    return false;
  }

  /**
   * Gives an endpoint its gates. It keeps those that it has of the same factories; attempts that
   * run give back what they acquired, whether it keeps them or not.
   */
  void equip(RosterEntry entry) {
    List<Made> former = new ArrayList<>(entry.gates);
    List<Made> next = new ArrayList<>();
    for (List<Gate.Factory> factories : List.of(configured, added)) {
      for (Gate.Factory factory : factories) {
        Made kept = take(former, factory);
        Made made = kept != null ? kept : make(entry.server(), factory);
        if (made != null) {
          next.add(made);
        }
      }
    }
    entry.gates = List.copyOf(next);
    entry.endpoint.setGates(gates(next));
    gates(former).close();
  }

  private GateChain gates(List<Made> made) {
    return GateChain.of(made.stream().map(Made::gate).toList(), balancer.log());
  }

  private static @Nullable Made take(List<Made> former, Gate.Factory factory) {
    for (Made made : former) {
      if (made.factory == factory) {
        former.remove(made);
        return made;
      }
    }
    return null;
  }

  private @Nullable Made make(Server server, Gate.Factory factory) {
    try {
      Gate gate = factory.create(server, balancer.nanoTime(), changed);
      return new Made(factory, requireNonNull(gate, "Gate.Factory.create returned null"));
    } catch (LinkageError e) {
      unlinked = e;
      balancer
          .log()
          .warn(
              "Gate.Factory.create threw; "
                  + server.id()
                  + " stays closed, since a class or method is missing at run time",
              e);
      return new Made(factory, new Unlinked(e));
    } catch (Throwable e) {
      balancer.log().warn("Gate.Factory.create threw; " + server.id() + " has no such gate", e);
      return null;
    }
  }

  /**
   * Returns if no factory has failed for want of a class or a method, which is no mishap of one
   * server: it will never work.
   *
   * @throws LinkageError what one failed with; thrown once
   */
  void throwIfUnlinked() {
    LinkageError failure = unlinked;
    if (failure != null) {
      unlinked = null;
      throw failure;
    }
  }

  /** In place of a gate that cannot be made: traffic without it would not be what was asked for. */
  private record Unlinked(LinkageError cause) implements Gate {
    @Override
    public boolean open() {
      return false;
    }

    @Override
    public boolean tryAcquire() {
      return false;
    }

    @Override
    public void release(Outcome outcome, long latencyNanos) {}

    @Override
    public String reason() {
      return "its gate cannot be made: " + cause;
    }
  }

  /** A gate, and what made it. */
  record Made(Gate.Factory factory, Gate gate) {}
}
