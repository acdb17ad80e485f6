package io.evenload.testing;

import static java.util.Objects.requireNonNull;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.Server;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An endpoint whose every property a test sets; for tests of choosers without a balancer. At first
 * it is idle, without a latency, a failure or a tracker. Thread-safe.
 */
public final class FakeEndpoint implements Endpoint {

  private final Server server;
  private volatile double weight;
  private volatile int inFlight;
  private volatile double latencyNanos = Double.NaN;
  private volatile double failureRate;
  private volatile Chooser.@Nullable Tracker tracker;

  /** Returns an idle endpoint of this effective weight, whatever the server's own weight is. */
  public FakeEndpoint(Server server, double weight) {
    this.server = requireNonNull(server, "server");
    this.weight = weight;
  }

  /** Idle endpoints with these weights, in an immutable list as the engine makes it. */
  public static List<Endpoint> withWeights(double... weights) {
    List<Endpoint> endpoints = new ArrayList<>();
    for (int i = 0; i < weights.length; i++) {
      endpoints.add(new FakeEndpoint(Server.of("s" + i, 80), weights[i]));
    }
    return List.copyOf(endpoints);
  }

  /** Sets what {@link #inFlight()} returns, and returns this; 0 at first. */
  public FakeEndpoint inFlight(int inFlight) {
    this.inFlight = inFlight;
    return this;
  }

  /** Sets what {@link #weight()} returns, and returns this. */
  public FakeEndpoint weight(double weight) {
    this.weight = weight;
    return this;
  }

  /** Sets what {@link #latencyNanos()} returns, and returns this; NaN, no sample, at first. */
  public FakeEndpoint latencyNanos(double latencyNanos) {
    this.latencyNanos = latencyNanos;
    return this;
  }

  /** Sets what {@link #failureRate()} returns, and returns this; 0 at first. */
  public FakeEndpoint failureRate(double failureRate) {
    this.failureRate = failureRate;
    return this;
  }

  /** Sets what {@link #tracker()} returns, and returns this; null at first. */
  public FakeEndpoint tracker(Chooser.@Nullable Tracker tracker) {
    this.tracker = tracker;
    return this;
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
  public int inFlight() {
    return inFlight;
  }

  @Override
  public double latencyNanos() {
    return latencyNanos;
  }

  @Override
  public double failureRate() {
    return failureRate;
  }

  @Override
  public Chooser.@Nullable Tracker tracker() {
    return tracker;
  }

  @Override
  public String toString() {
    return "fake " + server.id();
  }
}
