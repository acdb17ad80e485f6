package io.evenload;

import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All listeners of one balancer as one that never throws. What happens on the control path is told
 * after it, in order, by {@link #tell}: so a listener that takes its time holds up no change.
 */
final class Listeners implements LoadBalancerListener {

  /*
   * Who has queued an event calls tell() afterwards. Whoever sets `telling` tells all that is queued; who finds it set
   * leaves its events to that one, which looks again after it has cleared it. So no event is left, and no two are told at
   * once. A listener that never returns costs its thread, and the memory of a bounded number of events.
   */

  static final int MOST_UNTOLD = 100_000;

  private static final LoadBalancerListener[] NONE = {};

  private final RateLimitedLog log;
  private final Queue<Runnable> untold = new ConcurrentLinkedQueue<>();
  private final AtomicInteger queued = new AtomicInteger();
  private final AtomicBoolean telling = new AtomicBoolean();
  private volatile LoadBalancerListener[] all = NONE;

  Listeners(RateLimitedLog log) {
    this.log = log;
  }

  synchronized void add(LoadBalancerListener listener) {
    LoadBalancerListener[] more = Arrays.copyOf(all, all.length + 1);
    more[more.length - 1] = listener;
    all = more;
  }

  @SuppressWarnings("ReferenceEquality") // this very one
  synchronized void remove(LoadBalancerListener listener) {
    all =
        Arrays.stream(all).filter(other -> other != listener).toArray(LoadBalancerListener[]::new);
  }

  @Override
  public void serversChanged(List<Server> servers) {
    tell("serversChanged", listener -> listener.serversChanged(servers));
  }

  @Override
  public void serversFailed(Throwable cause) {
    tell("serversFailed", listener -> listener.serversFailed(cause));
  }

  @Override
  public void stateChanged(Server server, EndpointState from, EndpointState to, String reason) {
    tell("stateChanged", listener -> listener.stateChanged(server, from, to, reason));
  }

  @Override
  public void drained(Server server) {
    tell("drained", listener -> listener.drained(server));
  }

  @Override
  public void attemptEnded(
      Server server, Outcome outcome, long latencyNanos, @Nullable Throwable cause) {
    for (LoadBalancerListener listener : all) { // no lambda: on the hot path
      try {
        listener.attemptEnded(server, outcome, latencyNanos, cause);
      } catch (Throwable e) {
        threw("attemptEnded", e);
      }
    }
  }

  private void tell(String event, Consumer<LoadBalancerListener> call) {
    LoadBalancerListener[] told = all;
    if (told.length == 0) {
      return;
    }
    if (queued.get() >= MOST_UNTOLD) {
      log.warn("a listener does not return; events are lost", null);
      return;
    }
    later(
        () -> {
          for (LoadBalancerListener listener : told) {
            if (isTold(listener)) {
              tell(event, listener, call);
            }
          }
        });
  }

  private void tell(
      String event, LoadBalancerListener listener, Consumer<LoadBalancerListener> call) {
    try {
      call.accept(listener);
    } catch (Throwable e) {
      threw(event, e);
    }
  }

  @SuppressWarnings("ReferenceEquality") // this very one
  private boolean isTold(LoadBalancerListener listener) {
    return Arrays.stream(all).anyMatch(other -> other == listener);
  }

  /** Queues what runs users' code, in order with the events. */
  void later(Runnable task) {
    queued.incrementAndGet();
    untold.add(task);
  }

  /** Whether anything is queued. */
  boolean anyUntold() {
    return !untold.isEmpty();
  }

  /** Tells what is queued, unless another thread does so already. Not on the control path. */
  void tell() {
    while (!untold.isEmpty() && telling.compareAndSet(false, true)) {
      try {
        for (Runnable next = untold.poll(); next != null; next = untold.poll()) {
          queued.decrementAndGet();
          next.run();
        }
      } finally {
        telling.set(false);
      }
    }
  }

  private void threw(String event, Throwable e) {
    log.warn("LoadBalancerListener." + event + " threw", e);
  }
}
