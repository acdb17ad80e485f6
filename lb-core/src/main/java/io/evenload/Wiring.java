package io.evenload;

import static java.util.Objects.requireNonNull;

import io.evenload.internal.text.PlainText;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where libraries join a running balancer, as breakers and meters do: got by {@link
 * LoadBalancer#wiring()}. Whoever adds something takes it back when it goes. Thread-safe. A service
 * that makes its own balancer gives gates and listeners to the {@link LoadBalancer.Builder}.
 */
public final class Wiring {

  private final ControlPath control;
  private final BalancerContext balancer;
  private final List<Supplier<@Nullable String>> notices = new CopyOnWriteArrayList<>();

  Wiring(ControlPath control, BalancerContext balancer) {
    this.control = control;
    this.balancer = balancer;
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
    balancer.listeners().add(requireNonNull(listener, "listener"));
  }

  /** Tells this very listener no more; nothing happens if it was not told. */
  public void removeListener(LoadBalancerListener listener) {
    balancer.listeners().remove(requireNonNull(listener, "listener"));
  }

  /**
   * Has the {@linkplain LoadBalancerStatus#notices() status} tell what a library does with the
   * calls of the balancer that its endpoints do not show, such as that it leaves some unsent.
   *
   * @param notice returns one line of text, or null while there is nothing to tell; called whenever
   *     the status is asked for, on any thread, so it should be fast. If it throws, that is logged
   */
  public void addNotice(Supplier<@Nullable String> notice) {
    notices.add(requireNonNull(notice, "notice"));
  }

  /** Takes this very notice back; nothing happens if it was not added. */
  public void removeNotice(Supplier<@Nullable String> notice) {
    notices.remove(requireNonNull(notice, "notice"));
  }

  /** What libraries tell now, in the order in which they joined. */
  List<String> notices() {
    List<String> texts = new ArrayList<>();
    for (Supplier<@Nullable String> notice : notices) {
      balancer.contain(
          "a notice",
          () -> {
            String text = notice.get();
            if (text != null) {
              texts.add(PlainText.of(text));
            }
          });
    }
    return texts;
  }
}
