package io.evenload;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** All listeners of one balancer as one that never throws. */
final class Listeners implements LoadBalancerListener {

  private static final LoadBalancerListener[] NONE = {};

  private final RateLimitedLog log;
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
    for (LoadBalancerListener listener : all) {
      try {
        call.accept(listener);
      } catch (Throwable e) {
        threw(event, e);
      }
    }
  }

  private void threw(String event, Throwable e) {
    log.warn("LoadBalancerListener." + event + " threw", e);
  }
}
