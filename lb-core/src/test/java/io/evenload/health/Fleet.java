package io.evenload.health;

import io.evenload.Attempt;
import io.evenload.EndpointState;
import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.testing.FakeGates;
import io.evenload.testing.RecordingListener;
import io.evenload.testing.VirtualTime;
import io.evenload.testing.World;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** A balancer on virtual time whose servers fail when a test wants it. */
final class Fleet implements AutoCloseable {

  final UpdatableServerList list;
  final FakeGates gates = new FakeGates();

  /** The ids of the servers that fail their probes, if there is a health check. */
  final Set<String> unwell = new HashSet<>();

  final VirtualTime time;
  final RecordingListener events;
  LoadBalancer balancer = LoadBalancer.of("unused");
  private final World world = new World(121);

  Fleet(String... ids) {
    list = new UpdatableServerList(World.servers(ids));
    time = world.time;
    events = world.events;
  }

  /** The defaults without jitter. */
  static OutlierDetection calm() {
    return OutlierDetection.builder().jitter(0).build();
  }

  void start(OutlierDetection detection) {
    start(builder().outlierDetection(detection));
  }

  void start(LoadBalancer.Builder builder) {
    balancer = builder.build();
  }

  /** A builder with gates and all defaults. */
  LoadBalancer.Builder builder() {
    return world.balancer(list).gate(gates);
  }

  HealthCheck check() {
    HealthProbe probe =
        (server, timeout) ->
            CompletableFuture.completedFuture(
                unwell.contains(server.id())
                    ? HealthReport.unhealthy("down")
                    : HealthReport.healthy());
    return HealthCheck.of(probe);
  }

  Attempt at(String id) throws NoServerAvailableException {
    return balancer.start(RequestContext.create().only(server -> server.id().equals(id)));
  }

  void fail(String id, int times) throws NoServerAvailableException {
    for (int i = 0; i < times; i++) {
      at(id).fail(null);
    }
  }

  void succeed(String id, int times) throws NoServerAvailableException {
    for (int i = 0; i < times; i++) {
      at(id).succeed();
    }
  }

  /** Fails attempts at the servers {@code s0} to {@code s<n-1>}. */
  void failAll(int servers, int times) throws NoServerAvailableException {
    for (Server server : World.servers(servers)) {
      fail(server.id(), times);
    }
  }

  void succeedAll(int servers, int times) throws NoServerAvailableException {
    for (Server server : World.servers(servers)) {
      succeed(server.id(), times);
    }
  }

  EndpointStatus status(String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  List<String> ejected() {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.state() == EndpointState.EJECTED)
        .map(endpoint -> endpoint.server().id())
        .toList();
  }

  /** The ids that are chosen without a filter. */
  Set<String> chosen() throws NoServerAvailableException {
    Set<String> chosen = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      try (Attempt attempt = balancer.start()) {
        chosen.add(attempt.server().id());
      }
    }
    return chosen;
  }

  @Override
  public void close() {
    balancer.close();
  }
}
