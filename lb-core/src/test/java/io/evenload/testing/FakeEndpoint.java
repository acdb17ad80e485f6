package io.evenload.testing;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.Server;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An endpoint whose every property a test sets; for tests of choosers without a balancer. */
public final class FakeEndpoint implements Endpoint {

  private final Server server;
  private volatile double weight;
  private volatile int inFlight;
  private volatile double latencyNanos = Double.NaN;
  private volatile double failureRate;

  public FakeEndpoint(Server server, double weight) {
    this.server = server;
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

  public FakeEndpoint inFlight(int inFlight) {
    this.inFlight = inFlight;
    return this;
  }

  public FakeEndpoint weight(double weight) {
    this.weight = weight;
    return this;
  }

  public FakeEndpoint latencyNanos(double latencyNanos) {
    this.latencyNanos = latencyNanos;
    return this;
  }

  public FakeEndpoint failureRate(double failureRate) {
    this.failureRate = failureRate;
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
    return null;
  }

  @Override
  public String toString() {
    return "fake " + server.id();
  }
}
