package io.evenload;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** The balancer's own endpoint: the counters, and what the control path says of it. */
final class LiveEndpoint extends EndpointLoad implements Endpoint {

  @SuppressWarnings({"unused", "MultiVariableDeclaration"})
  private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14, p15;

  final BalancerContext balancer;

  // Written on the control path alone, read anywhere.
  private volatile Server server;
  private volatile double weight = 1;
  private volatile Chooser.@Nullable Tracker tracker;
  private volatile EndpointState state = EndpointState.ELIGIBLE;
  private volatile String reason = "";
  private volatile @Nullable Gate gate;

  /** The admission of a single attempt while the breaker is open and nothing else is left. */
  final Gate trial = new Trial();

  // Known to the control path alone.
  List<Gate> gates = List.of();
  @Nullable CandidateGroup group;
  boolean listed;
  long departedNanos;

  LiveEndpoint(BalancerContext balancer, Server server) {
    this.balancer = balancer;
    this.server = server;
  }

  @Override
  public Server server() {
    return server;
  }

  @Override
  public double weight() {
    return weight;
  }

  @Override
  public Chooser.@Nullable Tracker tracker() {
    return tracker;
  }

  EndpointState state() {
    return state;
  }

  String reason() {
    return reason;
  }

  @Nullable Gate gate() {
    return gate;
  }

  void describe(Server server) {
    this.server = server;
  }

  void setWeight(double weight) {
    this.weight = weight;
  }

  void setTracker(Chooser.@Nullable Tracker tracker) {
    this.tracker = tracker;
  }

  void setState(EndpointState state, String reason) {
    this.reason = reason;
    this.state = state;
  }

  void addGate(Gate added) {
    gates = Gates.append(gates, added);
    gate = Gates.of(gates, balancer);
  }

  /** Whether an attempt may go here, if panic ignores health. */
  boolean allows(boolean panic) {
    EndpointState now = state;
    return now == EndpointState.ELIGIBLE || (panic && now.overriddenByPanic());
  }

  /** Ends an attempt, whose caller makes sure that this happens once. */
  void end(
      @Nullable Gate acquired,
      Chooser.@Nullable Tracker tracker,
      Outcome outcome,
      long latencyNanos,
      long now,
      @Nullable Throwable cause) {
    try {
      if (outcome != Outcome.CANCELLED) {
        record(outcome == Outcome.SUCCESS, latencyNanos, now);
      }
      if (tracker != null) {
        ended(tracker, outcome, latencyNanos, now);
      }
      if (acquired != null) {
        release(acquired, outcome, latencyNanos);
      }
    } finally {
      leave(); // after the failure was recorded, so that a failing server is at no moment merely
      // idle
    }
    LoadBalancerListener listener = balancer.listener();
    if (listener != null) {
      balancer.contain(
          "LoadBalancerListener.attemptEnded",
          () -> listener.attemptEnded(server, outcome, latencyNanos, cause));
    }
  }

  LoadBalancerStatus.EndpointStatus status() {
    return new LoadBalancerStatus.EndpointStatus(
        server, state, reason, weight, inFlight(), latencyNanos(), failureRate());
  }

  private void ended(Chooser.Tracker tracker, Outcome outcome, long latencyNanos, long now) {
    try {
      tracker.ended(outcome, latencyNanos, now);
    } catch (Throwable e) {
      balancer.log().warn("Chooser.Tracker.ended of " + server.id() + " threw", e);
    }
  }

  private void release(Gate acquired, Outcome outcome, long latencyNanos) {
    try {
      acquired.release(outcome, latencyNanos);
    } catch (Throwable e) {
      balancer.log().warn("Gate.release of " + server.id() + " threw", e);
    }
  }

  @Override
  public String toString() {
    return server.id() + " (" + state + ", " + inFlight() + " in flight)";
  }

  private static final class Trial implements Gate {
    private final AtomicBoolean running = new AtomicBoolean();

    @Override
    public boolean open() {
      return true;
    }

    @Override
    public boolean tryAcquire() {
      return running.compareAndSet(false, true);
    }

    @Override
    public void release(Outcome outcome, long latencyNanos) {
      running.set(false);
    }
  }
}
