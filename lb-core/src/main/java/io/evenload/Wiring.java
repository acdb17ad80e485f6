package io.evenload;

import static java.util.Objects.requireNonNull;

/**
 * Where libraries join a running balancer, as breakers and meters do: got by {@link
 * LoadBalancer#wiring()}. Whoever adds something takes it back when it goes. Thread-safe. A service
 * that makes its own balancer gives gates and listeners to the {@link LoadBalancer.Builder}.
 */
public final class Wiring {

  private final ControlPath control;
  private final Listeners listeners;

  Wiring(ControlPath control, Listeners listeners) {
    this.control = control;
    this.listeners = listeners;
  }

  /**
   * Gives every endpoint, present and future, one more gate, beside those given to {@link
   * LoadBalancer.Builder#gate}. An endpoint may be chosen only if all its gates are open. The gates
   * stay until their endpoint or the balancer goes, or {@link #removeGate}.
   *
   * @throws LinkageError if the factory throws one, since a class or a method is missing at run
   *     time: a server whose gate cannot be made for that reason stays closed
   */
  public void addGate(Gate.Factory factory) {
    control.addGates(requireNonNull(factory, "factory"));
  }

  /**
   * Takes back what {@link #addGate} did with this very factory; nothing happens if it was not
   * added. Attempts that run give back to the gates what they acquired.
   */
  public void removeGate(Gate.Factory factory) {
    control.removeGates(requireNonNull(factory, "factory"));
  }

  /** Tells one more listener of the events from now on, beside those given to the builder. */
  public void addListener(LoadBalancerListener listener) {
    listeners.add(requireNonNull(listener, "listener"));
  }

  /** Tells this very listener no more; nothing happens if it was not told. */
  public void removeListener(LoadBalancerListener listener) {
    listeners.remove(requireNonNull(listener, "listener"));
  }
}
