package io.evenload;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Tells all listeners of one balancer; never throws. Thread-safe. */
final class Listeners {

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

  void serversChanged(List<Server> servers) {
    var event = new LoadBalancerListener.ServersChanged(servers);
    tell("serversChanged", listener -> listener.serversChanged(event));
  }

  void serversFailed(Throwable cause) {
    var event = new LoadBalancerListener.ServersFailed(cause);
    tell("serversFailed", listener -> listener.serversFailed(event));
  }

  void stateChanged(Server server, EndpointState from, EndpointState to, String reason) {
    var event = new LoadBalancerListener.StateChanged(server, from, to, reason);
    tell("stateChanged", listener -> listener.stateChanged(event));
  }

  void drained(Server server) {
    var event = new LoadBalancerListener.Drained(server);
    tell("drained", listener -> listener.drained(event));
  }

  void attemptEnded(Attempt attempt) {
    for (LoadBalancerListener listener : all) { // no lambda: on the hot path
      try {
        listener.attemptEnded(attempt);
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
