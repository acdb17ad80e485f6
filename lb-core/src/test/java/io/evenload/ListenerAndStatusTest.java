package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.argThat;
import static org.mockito.Mockito.inOrder;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoMoreInteractions;

import io.evenload.testing.CapturedLog;
import io.evenload.testing.FakeGate;
import io.evenload.testing.Race;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.mockito.InOrder;

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
    LoadBalancerListener second = mock(LoadBalancerListener.class);
    try (LoadBalancer balancer = world.balancer(list).listener(new ThrowingListener()).build()) {
      balancer.wiring().addListener(second);
      list.update(World.servers("a"));
      Attempt attempt = balancer.start();
      attempt.succeed();
      balancer.wiring().removeListener(second);
      balancer.wiring().removeListener(second);
      list.update(World.servers("b"));
      balancer.start().succeed();

      InOrder told = inOrder(second);
      told.verify(second).serversChanged(argThat(event -> event.servers().size() == 1));
      told.verify(second).attemptEnded(attempt);
      verifyNoMoreInteractions(second);
      assertThat(world.events.lists).containsExactly("a", "b");
      assertThat(world.events.attempts).containsExactly("a SUCCESS 0", "b SUCCESS 0");
    }
  }

  @Test
  void listeners_two_areToldInTheOrderInWhichTheyWereAdded() throws Exception {
    LoadBalancerListener first = mock(LoadBalancerListener.class);
    LoadBalancerListener second = mock(LoadBalancerListener.class);
    try (LoadBalancer balancer = world.balancer(list).listener(first).listener(second).build()) {
      list.update(World.servers("a"));
      balancer.start().succeed();
    }

    InOrder told = inOrder(first, second);
    told.verify(first).serversChanged(any());
    told.verify(second).serversChanged(any());
    told.verify(first).attemptEnded(any());
    told.verify(second).attemptEnded(any());
    told.verifyNoMoreInteractions();
  }

  @Test
  void drained_afterTheLastAttempt_isToldOnceAfterTheState() throws Exception {
    LoadBalancerListener listener = mock(LoadBalancerListener.class);
    try (LoadBalancer balancer = world.balancer(list).listener(listener).build()) {
      list.update(World.servers("a", "b"));
      Attempt attempt = balancer.start(RequestContext.create().only(s -> s.id().equals("a")));
      balancer.admin().drain("a");
      world.time.advance(Duration.ofSeconds(5));
      verify(listener, never()).drained(any());
      attempt.succeed();
      world.time.advance(Duration.ofSeconds(5));
    }

    InOrder told = inOrder(listener);
    told.verify(listener).serversChanged(any());
    told.verify(listener).stateChanged(argThat(e -> e.to() == EndpointState.DRAINING));
    told.verify(listener).attemptEnded(any());
    told.verify(listener).drained(argThat(e -> e.server().id().equals("a")));
    told.verifyNoMoreInteractions();
  }

  @Test
  void attemptEnded_endedManyTimes_isToldOnce() throws Exception {
    LoadBalancerListener listener = mock(LoadBalancerListener.class);
    try (LoadBalancer balancer = world.balancer(World.server("a")).listener(listener).build()) {
      Attempt attempt = balancer.start();
      attempt.fail(null);
      attempt.succeed();
      attempt.abandon();
      attempt.close();

      verify(listener, times(1)).attemptEnded(attempt);
      assertThat(attempt.outcome()).isEqualTo(Outcome.FAILURE);
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
          public void attemptEnded(Attempt attempt) {
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
  void status_notices_areThoseOfLibrariesNow() {
    try (LoadBalancer balancer = LoadBalancer.of("orders", Server.of("a", 1))) {
      Supplier<String> says = () -> "some are\nnot sent";
      Supplier<String> nothing = () -> null;
      balancer.wiring().addNotice(nothing);
      balancer.wiring().addNotice(says);
      balancer
          .wiring()
          .addNotice(
              () -> {
                throw new IllegalStateException("broken");
              });
      assertThat(balancer.status().notices()).containsExactly("some are\ufffdnot sent");
      assertThat(balancer.status().toString()).contains("\n  some are");

      balancer.wiring().removeNotice(says);
      assertThat(balancer.status().notices()).isEmpty();
    }
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
    public void serversChanged(ServersChanged event) {
      throw new IllegalStateException("broken listener");
    }

    @Override
    public void stateChanged(StateChanged event) {
      throw new IllegalStateException("broken listener");
    }

    @Override
    public void attemptEnded(Attempt attempt) {
      throw new IllegalStateException("broken listener");
    }
  }
}
