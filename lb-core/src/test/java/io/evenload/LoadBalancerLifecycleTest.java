package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.evenload.health.HealthCheck;
import io.evenload.health.SlowStart;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.FakeGate;
import io.evenload.testing.Race;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Building, readiness and closing. */
final class LoadBalancerLifecycleTest {

  private final World world = new World(31);

  @Test
  void of_someServers_startsAtOnce() throws Exception {
    try (LoadBalancer balancer = LoadBalancer.of("orders", Server.of("a", 80));
        Attempt attempt = balancer.start()) {
      assertThat(balancer.name()).isEqualTo("orders");
      assertThat(attempt.server()).isEqualTo(Server.of("a", 80));
      assertThat(balancer.ready().toCompletableFuture()).isCompleted();
    }
  }

  @Test
  void ready_firstNonEmptyList_completesAfterItIsInForce() throws Exception {
    UpdatableServerList list = new UpdatableServerList();
    try (LoadBalancer balancer = world.balancer(list).build()) {
      CompletableFuture<String> first =
          balancer.ready().thenApply(unused -> startId(balancer)).toCompletableFuture();
      list.update(List.of());
      assertThat(first).isNotDone();
      list.update(World.servers("a"));

      assertThat(first).isCompletedWithValue("a");
    }
  }

  @Test
  void ready_callerCompletesIt_hasNoEffectOnOthers() {
    UpdatableServerList list = new UpdatableServerList();
    try (LoadBalancer balancer = world.balancer(list).build()) {
      balancer.ready().toCompletableFuture().complete(null);

      assertThat(balancer.ready().toCompletableFuture()).isNotDone();
    }
  }

  @Test
  void ready_closedBefore_failsWithClosed() {
    LoadBalancer balancer = world.balancer(new UpdatableServerList()).build();
    CompletableFuture<Void> ready = balancer.ready().toCompletableFuture();
    balancer.close();

    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(ready::join)
        .withCauseInstanceOf(NoServerAvailableException.class)
        .havingCause()
        .withMessage("orders: closed");
  }

  @Test
  void ready_completedThenClosed_staysCompleted() {
    LoadBalancer balancer = world.balancer(World.server("a")).build();
    balancer.close();

    assertThat(balancer.ready().toCompletableFuture()).isCompleted();
  }

  @Test
  void close_thenStart_throwsClosed() {
    LoadBalancer balancer = world.balancer(World.server("a")).build();
    balancer.close();
    balancer.close();

    assertThatExceptionOfType(NoServerAvailableException.class)
        .isThrownBy(balancer::start)
        .withMessage("orders: closed");
    assertThatExceptionOfType(NoServerAvailableException.class)
        .isThrownBy(() -> balancer.start(RequestContext.create()))
        .withMessage("orders: closed");
    assertThat(balancer.status().closed()).isTrue();
  }

  @Test
  void close_attemptInFlight_endsNormally() throws Exception {
    FakeGate gate = new FakeGate();
    LoadBalancer balancer = world.balancer(World.server("a")).gate(gate.factory()).build();
    Attempt attempt = balancer.start();
    balancer.close();
    assertThat(balancer.status().endpoints().get(0).inFlight()).isEqualTo(1);
    world.time.jump(Duration.ofMillis(3));
    attempt.succeed();

    assertThat(balancer.status().endpoints().get(0).inFlight()).isZero();
    assertThat(gate.releases).containsExactly(Outcome.SUCCESS);
    assertThat(world.events.attempts).containsExactly("a SUCCESS 3000000");
  }

  @Test
  void close_usersScheduler_isNotShutDownAndHoldsNoTimer() {
    LoadBalancer balancer = world.balancer(World.server("a")).build();
    assertThat(world.time.pending()).isEqualTo(1);
    balancer.close();

    assertThat(world.time.isShutdown()).isFalse();
    assertThat(world.time.pending()).isZero();
  }

  @Test
  void usersScheduler_shutDownFirst_listsStillComeIntoForce() throws Exception {
    UpdatableServerList list = new UpdatableServerList(World.servers("a"));
    HealthProbe probe = (server, timeout) -> new CompletableFuture<>();
    try (LoadBalancer balancer =
        world
            .balancer(list)
            .healthCheck(HealthCheck.of(probe))
            .slowStart(SlowStart.of(Duration.ofSeconds(10)))
            .build()) {
      world.time.shutdown();
      list.update(World.servers("b", "c"));
      balancer.drain("c");

      Attempt attempt = balancer.start();
      assertThat(attempt.server().id()).isEqualTo("b");
      attempt.succeed();
    }
  }

  @Test
  void close_subscription_isClosedOnceAndLaterListsAreIgnored() {
    AtomicInteger closes = new AtomicInteger();
    List<ServerList.Listener> listeners = new ArrayList<>();
    LoadBalancer balancer =
        world
            .balancer(
                (ServerList)
                    listener -> {
                      listeners.add(listener);
                      listener.updated(World.servers("a"));
                      return closes::incrementAndGet;
                    })
            .build();
    balancer.close();
    balancer.close();
    listeners.get(0).updated(World.servers("b"));
    listeners.get(0).failed(new IllegalStateException("late"));

    assertThat(closes).hasValue(1);
    assertThat(world.events.lists).containsExactly("a");
  }

  @Test
  void close_subscriptionThrows_isContainedAndLogged() {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      LoadBalancer balancer =
          world
              .balancer(
                  (ServerList)
                      listener ->
                          () -> {
                            throw new IllegalStateException("broken close");
                          })
              .build();
      balancer.close();

      assertThat(log.messages())
          .singleElement()
          .asString()
          .startsWith("orders: ")
          .contains("threw");
      assertThat(balancer.ready().toCompletableFuture()).isCompletedExceptionally();
      assertThat(world.time.pending()).isZero();
    }
  }

  @Test
  void close_gates_areClosedOnceEach() {
    FakeGate gate = new FakeGate();
    LoadBalancer balancer = world.balancer(World.server("a")).gate(gate.factory()).build();
    balancer.close();
    balancer.close();

    assertThat(gate.closes).hasValue(1);
  }

  @Test
  void close_fromWithinAListener_isTheEndAfterThisEvent() {
    UpdatableServerList list = new UpdatableServerList();
    List<LoadBalancer> self = new ArrayList<>();
    List<String> heard = new ArrayList<>();
    LoadBalancer balancer =
        world
            .balancer(list)
            .listener(
                new LoadBalancerListener() {
                  @Override
                  public void serversChanged(List<Server> servers) {
                    heard.add("changed");
                    self.get(0).close();
                  }
                })
            .build();
    self.add(balancer);
    list.update(World.servers("a"));
    list.update(World.servers("b"));

    assertThat(heard).containsExactly("changed");
    assertThatExceptionOfType(NoServerAvailableException.class)
        .isThrownBy(balancer::start)
        .withMessage("orders: closed");
    assertThat(world.time.pending()).isZero();
  }

  @Test
  void close_racingWithUpdatesAndStarts_neverHangsAndEndsClosed() throws Exception {
    for (int round = 0; round < 100; round++) {
      UpdatableServerList list = new UpdatableServerList(World.servers("a"));
      LoadBalancer balancer = LoadBalancer.builder("race").servers(list).build();
      Race.run(
          List.of(
              () -> {
                balancer.close();
                return null;
              },
              () -> {
                list.update(World.servers("b"));
                return null;
              },
              () -> {
                try (Attempt attempt = balancer.start()) {
                  assertThat(attempt.server().id()).isIn("a", "b");
                } catch (NoServerAvailableException e) {
                  assertThat(e).hasMessage("race: closed");
                }
                return null;
              }));
      assertThatExceptionOfType(NoServerAvailableException.class)
          .isThrownBy(balancer::start)
          .withMessage("race: closed");
    }
  }

  @Test
  void build_subscribeThrows_isContainedLoggedAndTold() {
    ServerList broken =
        listener -> {
          throw new IllegalStateException("broken list");
        };
    try (CapturedLog log = new CapturedLog(LoadBalancer.class);
        LoadBalancer balancer = world.balancer(broken).build()) {
      assertThat(balancer.ready().toCompletableFuture()).isNotDone();
      assertThat(log.events().get(0).getThrowableProxy().getMessage()).isEqualTo("broken list");
      assertThat(log.messages())
          .containsExactly("orders: ServerList.subscribe threw; it is tried again");
      assertThat(world.events.lists).containsExactly("failed: broken list");
      assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(balancer::start);
    }
    assertThat(world.time.pending()).isZero();
  }

  @Test
  void build_noServerList_isRefused() {
    assertThatNullPointerException()
        .isThrownBy(() -> LoadBalancer.builder("orders").build())
        .withMessageStartingWith("servers");
  }

  @Test
  void builder_nulls_areRefusedByName() {
    LoadBalancer.Builder builder = LoadBalancer.builder("orders");

    assertThatNullPointerException()
        .isThrownBy(() -> LoadBalancer.builder(null))
        .withMessage("name");
    assertThatNullPointerException().isThrownBy(() -> builder.servers(null)).withMessage("servers");
    assertThatNullPointerException().isThrownBy(() -> builder.chooser(null)).withMessage("chooser");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.emptyListGrace(null))
        .withMessage("grace");
    assertThatNullPointerException().isThrownBy(() -> builder.gate(null)).withMessage("factory");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.listener(null))
        .withMessage("listener");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.nanoTime(null))
        .withMessage("nanoTime");
    assertThatNullPointerException().isThrownBy(() -> builder.random(null)).withMessage("random");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.scheduler(null))
        .withMessage("scheduler");
  }

  @Test
  void start_nullRequest_isRefused() {
    try (LoadBalancer balancer = world.balancer(World.server("a")).build()) {
      assertThatNullPointerException()
          .isThrownBy(() -> balancer.start(null))
          .withMessage("request");
      assertThatNullPointerException()
          .isThrownBy(() -> balancer.addGate(null))
          .withMessage("factory");
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.01, 1.01, Double.NaN, Double.POSITIVE_INFINITY})
  void panicThreshold_outOfRange_isRefused(double threshold) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder("orders").panicThreshold(threshold))
        .withMessage("panicThreshold: " + threshold + " (expected: 0 to 1)");
  }

  @Test
  void builder_otherValuesOutOfRange_areRefused() {
    LoadBalancer.Builder builder = LoadBalancer.builder("orders");

    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancer.builder(" "))
        .withMessage("name: ' ' (expected: not blank)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.emptyListGrace(Duration.ofNanos(-1)))
        .withMessage("emptyListGrace: PT-0.000000001S (expected: PT0S to PT2400H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.emptyListGrace(Duration.ofSeconds(Long.MAX_VALUE)))
        .withMessageStartingWith("emptyListGrace: ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.leakSampling(-1))
        .withMessage("leakSampling: -1 (expected: 0 or more)");
  }

  private static String startId(LoadBalancer balancer) {
    try (Attempt attempt = balancer.start()) {
      return attempt.server().id();
    } catch (NoServerAvailableException e) {
      throw new AssertionError(e);
    }
  }
}
