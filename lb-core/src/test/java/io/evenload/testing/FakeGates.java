package io.evenload.testing;

import io.evenload.Gate;
import io.evenload.Server;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** A factory of one {@link FakeGate} for each server id. */
public final class FakeGates implements Gate.Factory {

  private final Map<String, FakeGate> gates = new ConcurrentHashMap<>();

  /** The gate of this id, made in advance if its endpoint is not known yet. */
  public FakeGate of(String id) {
    return gates.computeIfAbsent(id, unused -> new FakeGate());
  }

  @Override
  public Gate create(Server server, LongSupplier nanoTime, Runnable changed) {
    FakeGate gate = of(server.id());
    gate.onChange(changed);
    return gate;
  }
}
