package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.testing.CapturedLog;
import io.evenload.testing.FakeGate;
import io.evenload.testing.Race;
import io.evenload.testing.RecordingListener;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What people see of a balancer: events, status, messages. */
final class ListenerAndStatusTest {

  private final World world = new World(101);
  private final UpdatableServerList list = new UpdatableServerList();

  @Test
  void serversChanged_eachNewList_isToldOnceWithoutDuplicates() {
    try (LoadBalancer balancer = world.balancer(list).build()) {
      list.update(World.servers("a", "b", "a"));
      list.update(World.servers("a", "b"));
      list.update(World.servers("b", "c", "a"));
      list.update(List.of());

      assertThat(world.events.lists).containsExactly("a,b", "b,c,a");
      assertThat(balancer.status().endpoints()).hasSize(3);
    }
  }

  @Test
  void stateChanged_wholeLifeOfAnEndpoint_isToldInOrder() {
    FakeGate gate = new FakeGate();
    try (LoadBalancer balancer =
        world
            .balancer(list)
            .gate((server, nanoTime, changed) -> server.id().equals("a") ? gate : new FakeGate())
            .build()) {
      list.update(List.of(World.server("a", 1), World.server("b", 1)));
      list.update(List.of(World.server("a", 0), World.server("b", 1)));
      gate.setOpen(false);
      list.update(List.of(World.server("a", 2), World.server("b", 1)));
      list.update(List.of(World.server("b", 1)));
      gate.setOpen(true);
      list.update(List.of(World.server("a", 2), World.server("b", 1)));

      assertThat(balancer.status().panic()).isFalse();
      assertThat(world.events.states)
          .containsExactly(
              "a: ELIGIBLE to WEIGHT_ZERO (weight 0 beside positive weights)",
              "a: WEIGHT_ZERO to BREAKER_OPEN (its gate is closed)",
              "a: BREAKER_OPEN to DRAINING (left the list)",
              "a: DRAINING to ELIGIBLE ()");
    }
  }

  @Test
  void serversFailed_sourceFails_isTold() {
    List<ServerList.Listener> subscribed = new ArrayList<>();
    ServerList source =
        listener -> {
          subscribed.add(listener);
          return () -> {};
        };
    LoadBalancer balancer = world.balancer(source).build();
    subscribed.get(0).updated(World.servers("a"));
    subscribed.get(0).failed(new IllegalStateException("no route"));
    balancer.close();
    subscribed.get(0).failed(new IllegalStateException("late"));

    assertThat(world.events.lists).containsExactly("a", "failed: no route");
  }

  @Test
  void addListener_severalAndOneThatThrows_allAreToldUntilRemoved() throws Exception {
    RecordingListener second = new RecordingListener();
    try (LoadBalancer balancer = world.balancer(list).listener(new ThrowingListener()).build()) {
      balancer.addListener(second);
      list.update(World.servers("a"));
      balancer.start().succeed();
      balancer.removeListener(second);
      balancer.removeListener(second);
      list.update(World.servers("b"));
      balancer.start().succeed();

      assertThat(second.lists).containsExactly("a");
      assertThat(second.attempts).containsExactly("a SUCCESS 0");
      assertThat(world.events.lists).containsExactly("a", "b");
      assertThat(world.events.attempts).containsExactly("a SUCCESS 0", "b SUCCESS 0");
    }
  }

  @Test
  void listener_throws_isContainedAndLoggedWithTheName() throws Exception {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class);
        LoadBalancer balancer = world.balancer(list).listener(new ThrowingListener()).build()) {
      list.update(World.servers("a", "b"));
      list.update(World.servers("b"));
      Attempt attempt = balancer.start();
      attempt.fail(new IllegalStateException("refused"));

      assertThat(attempt.endpoint.inFlight()).isZero();
      assertThat(balancer.status().endpoints().get(0).failureRate()).isPositive();
      assertThat(log.messages())
          .containsExactly(
              "orders: LoadBalancerListener.serversChanged threw",
              "orders: LoadBalancerListener.stateChanged threw",
              "orders: LoadBalancerListener.serversChanged threw",
              "orders: LoadBalancerListener.attemptEnded threw");
    }
  }

  @Test
  void attemptEnded_seesTheSlotGivenBack() throws Exception {
    List<Integer> inFlight = new ArrayList<>();
    List<LoadBalancer> self = new ArrayList<>();
    LoadBalancerListener spy =
        new LoadBalancerListener() {
          @Override
          public void attemptEnded(
              Server server, Outcome outcome, long latencyNanos, @Nullable Throwable cause) {
            inFlight.add(self.get(0).status().endpoints().get(0).inFlight());
          }
        };
    try (LoadBalancer balancer = world.balancer(World.server("a")).listener(spy).build()) {
      self.add(balancer);
      balancer.start().succeed();
    }
    assertThat(inFlight).containsExactly(0);
  }

  @Test
  void status_showsEachEndpointInTheOrderOfTheListThenThoseThatDrain() throws Exception {
    try (LoadBalancer balancer = world.balancer(list).build()) {
      list.update(List.of(World.server("c", 4), World.server("a", 2), World.server("b", 0)));
      Attempt attempt = balancer.start(RequestContext.create().only(s -> s.id().equals("c")));
      list.update(List.of(World.server("b", 0), World.server("a", 2)));
      LoadBalancerStatus status = balancer.status();

      assertThat(status.name()).isEqualTo("orders");
      assertThat(status.closed()).isFalse();
      assertThat(status.leakedAttempts()).isZero();
      assertThat(status.endpoints())
          .containsExactly(
              entry(
                  World.server("b", 0),
                  EndpointState.WEIGHT_ZERO,
                  "weight 0 beside positive weights",
                  1,
                  0),
              entry(World.server("a", 2), EndpointState.ELIGIBLE, "", 2, 0),
              entry(World.server("c", 4), EndpointState.DRAINING, "left the list", 4, 1));
      attempt.cancel();
      assertThat(status.endpoints().get(2).inFlight()).as("immutable").isEqualTo(1);
      assertThatThrownBy(() -> status.endpoints().clear())
          .isInstanceOf(UnsupportedOperationException.class);
    }
  }

  private static LoadBalancerStatus.EndpointStatus entry(
      Server server, EndpointState state, String reason, double weight, int inFlight) {
    return new LoadBalancerStatus.EndpointStatus(
        server, state, reason, weight, inFlight, Double.NaN, 0);
  }

  @Test
  void status_asText_hasOneLineForEachEndpoint() {
    LoadBalancer balancer = world.balancer(list).build();
    list.update(World.servers("a", "b"));
    assertThat(balancer.toString().lines()).hasSize(3).first().isEqualTo("orders: 2 known");
    balancer.close();

    assertThat(balancer.toString().lines()).first().isEqualTo("orders: closed");
  }

  @Test
  void status_fromManyMoments_isNeverContradictory() throws Exception {
    try (LoadBalancer balancer = world.balancer(list).build()) {
      Race.run(
          List.of(
              () -> {
                for (int i = 0; i < 20_000; i++) {
                  list.update(i % 2 == 0 ? World.servers("a", "b") : World.servers("b"));
                }
                return null;
              },
              () -> {
                for (int i = 0; i < 100_000; i++) {
                  for (LoadBalancerStatus.EndpointStatus e : balancer.status().endpoints()) {
                    assertThat(e.reason().isEmpty()).isEqualTo(e.state() == EndpointState.ELIGIBLE);
                  }
                }
                return null;
              }));
    }
  }

  @Test
  void start_nothingKnown_saysSo() {
    try (LoadBalancer balancer = world.balancer(list).build()) {
      assertThatExceptionOfType(NoServerAvailableException.class)
          .isThrownBy(balancer::start)
          .withMessage("orders: no server available (0 known)");
    }
  }

  @Test
  void start_onlyDrainingOnes_saysSo() throws Exception {
    try (LoadBalancer balancer = world.balancer(list).emptyListGrace(Duration.ZERO).build()) {
      list.update(World.servers("a"));
      Attempt running = balancer.start();
      list.update(List.of());

      assertThatExceptionOfType(NoServerAvailableException.class)
          .isThrownBy(balancer::start)
          .withMessage("orders: no server available (1 known: 1 draining)");
      running.cancel();
    }
  }

  private static final class ThrowingListener implements LoadBalancerListener {
    @Override
    public void serversChanged(List<Server> servers) {
      throw new IllegalStateException("broken listener");
    }

    @Override
    public void stateChanged(Server server, EndpointState from, EndpointState to, String reason) {
      throw new IllegalStateException("broken listener");
    }

    @Override
    public void attemptEnded(
        Server server, Outcome outcome, long latencyNanos, @Nullable Throwable cause) {
      throw new IllegalStateException("broken listener");
    }
  }
}
