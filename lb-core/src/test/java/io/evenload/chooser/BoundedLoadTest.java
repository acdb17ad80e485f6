package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import io.evenload.testing.Race;
import io.evenload.testing.World;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No endpoint is ever above its cap, nothing is refused, and below the cap keys stay at home. */
final class BoundedLoadTest {

  private static final int THREADS = 8;

  private final World world = new World(71);

  @ParameterizedTest
  @ValueSource(doubles = {1, 1.25, 1.5, 3, 100})
  void start_oneHotKey_fillsEachUpToTheCap(double factor) throws Exception {
    Server[] servers = weighted(1, 1, 2, 6);
    try (LoadBalancer balancer = balancer(factor, servers)) {
      List<Attempt> running = new ArrayList<>();
      for (int m = 1; m <= 500; m++) {
        running.add(balancer.start(hot()));
        for (EndpointStatus endpoint : balancer.status().endpoints()) {
          double cap = Math.ceil(factor * m * endpoint.weight() / 10);
          assertThat((double) endpoint.inFlight()).isLessThanOrEqualTo(cap);
        }
      }
      running.forEach(Attempt::succeed);
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
    }
  }

  @Test
  void start_homeHasRoom_goesWhereMaglevSendsIt() throws Exception {
    int n = 10;
    Server[] servers = World.servers(n).toArray(new Server[0]);
    try (LoadBalancer maglev = world.balancer(servers).chooser(Choosers.maglev()).build();
        LoadBalancer bounded = balancer(1.25, servers)) {
      Deque<Attempt> running = new ArrayDeque<>();
      int away = 0;
      for (int i = 0; i < 20_000; i++) {
        if (running.size() == 40) {
          running.remove().succeed();
        }
        RequestContext request = RequestContext.withKey("key" + i);
        String home = idOf(maglev.start(request.copy()));
        int atHome = inFlight(bounded, home);
        Attempt attempt = bounded.start(request);
        running.add(attempt);
        int cap = (int) Math.ceil(1.25 * running.size() / n);
        assertThat(attempt.server().id().equals(home))
            .as("%s of %s", atHome, cap)
            .isEqualTo(atHome < cap);
        away += attempt.server().id().equals(home) ? 0 : 1;
      }
      assertThat(away).as("keys whose home was full").isBetween(1_000, 10_000);
    }
  }

  @Test
  void start_homeIsFull_keysGoWhereTheNextClientSendsThemToo() throws Exception {
    Server[] servers = World.servers(10).toArray(new Server[0]);
    try (LoadBalancer one = balancer(1.25, servers);
        LoadBalancer other = balancer(1.25, servers)) {
      for (int i = 0; i < 300; i++) {
        RequestContext request = RequestContext.withKey("key" + i % 7);
        assertThat(one.start(request.copy()).server()).isEqualTo(other.start(request).server());
      }
    }
  }

  @Test
  void start_attemptsAtALeaver_doNotRaiseTheCap() throws Exception {
    UpdatableServerList list = new UpdatableServerList(World.servers("a", "b", "c"));
    try (LoadBalancer balancer = world.balancer(list).chooser(Choosers.boundedLoad(1)).build()) {
      Deque<Attempt> running = new ArrayDeque<>();
      for (int i = 0; i < 30; i++) {
        running.add(balancer.start(hot()));
      }
      list.update(World.servers("a", "b"));
      for (int m = 21; m <= 26; m++) {
        balancer.start(hot());
        int cap = (m + 1) / 2;
        assertThat(inFlight(balancer, "a")).isLessThanOrEqualTo(cap);
        assertThat(inFlight(balancer, "b")).isLessThanOrEqualTo(cap);
      }
      assertThat(inFlight(balancer, "c")).isEqualTo(10);

      list.update(World.servers("a", "b", "c"));
      for (int m = 37; m <= 42; m++) {
        balancer.start(hot());
      }
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 14);
      running.forEach(Attempt::succeed);
      for (int m = 13; m <= 30; m++) {
        balancer.start(hot());
      }
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 10);
    }
  }

  @Test
  void start_endpointComesFromAnotherPriority_whatRunsThereTakesNoRoom() throws Exception {
    UpdatableServerList list = new UpdatableServerList(List.of(World.inPriority(0, "a")));
    try (LoadBalancer balancer = world.balancer(list).chooser(Choosers.boundedLoad(1)).build()) {
      List<Attempt> before = start(balancer, 10);
      list.update(List.of(World.inPriority(1, "a"), World.inPriority(1, "b")));
      List<Attempt> after = start(balancer, 20);

      assertThat(inFlight(balancer, "a")).isEqualTo(20);
      assertThat(inFlight(balancer, "b")).isEqualTo(10);
      before.forEach(Attempt::succeed);
      after.forEach(Attempt::succeed);
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
    }
  }

  @Test
  void start_filterLeavesNoRoom_isRefused() throws Exception {
    try (LoadBalancer balancer = balancer(1, weighted(1, 1))) {
      Attempt running = balancer.start(hot().only(server -> server.id().equals("s0")));

      assertThatExceptionOfType(NoServerAvailableException.class)
          .isThrownBy(() -> balancer.start(hot().only(server -> server.id().equals("s0"))))
          .withMessage("orders: no server available (2 known: 1 at its limit, 1 filtered out)");
      running.succeed();
      balancer.start(hot().only(server -> server.id().equals("s0"))).succeed();
    }
  }

  /** Attempts only begin, so the caps only grow, and each admission can be checked against them. */
  @Test
  void start_eightThreadsThatOnlyStart_neverExceedTheCapAtAnyAdmission() throws Exception {
    int n = 5;
    try (LoadBalancer balancer = threaded(1.25, n)) {
      AtomicInteger calls = new AtomicInteger();
      Map<String, AtomicInteger> inside = inside(n);
      Race.run(
          THREADS,
          () -> {
            for (int i = 0; i < 5_000; i++) {
              calls.incrementAndGet();
              int there = inside.get(balancer.start(hot()).server().id()).incrementAndGet();
              assertThat((double) there).isLessThanOrEqualTo(Math.ceil(1.25 * calls.get() / n));
            }
            return null;
          });
      int cap = (int) Math.ceil(1.25 * THREADS * 5_000 / n);
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() <= cap);
    }
  }

  /**
   * With a factor of 1 and as many endpoints as threads, each endpoint has room for one, and there
   * is exactly one place for each attempt.
   */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, THREADS})
  void start_asManyThreadsAsEndpoints_eachHasOneToItselfAndNoneIsRefused(int n) throws Exception {
    try (LoadBalancer balancer = threaded(1, n)) {
      Map<String, AtomicInteger> inside = inside(n);
      Race.run(
          n,
          () -> {
            for (int i = 0; i < 50_000; i++) {
              Attempt attempt = balancer.start(hot());
              AtomicInteger here = inside.get(attempt.server().id());
              assertThat(here.incrementAndGet()).isEqualTo(1);
              here.decrementAndGet();
              attempt.succeed();
            }
            return null;
          });
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
    }
  }

  @Test
  void start_eightThreadsWhileTheListChanges_noneIsRefusedAndNothingIsLeft() throws Exception {
    UpdatableServerList list = new UpdatableServerList(World.servers(4));
    try (LoadBalancer balancer =
        LoadBalancer.builder("orders").servers(list).chooser(Choosers.boundedLoad(1)).build()) {
      AtomicInteger running = new AtomicInteger(THREADS);
      List<Callable<Void>> tasks = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        tasks.add(
            () -> {
              for (int i = 0; i < 3_000; i++) {
                List<Attempt> held = start(balancer, 3);
                held.forEach(Attempt::succeed);
              }
              running.decrementAndGet();
              return null;
            });
      }
      tasks.add(
          () -> {
            for (int i = 0; running.get() > 0; i++) {
              list.update(World.servers(1 + i % 4));
              Thread.onSpinWait();
            }
            return null;
          });
      Race.run(tasks);
      list.update(World.servers(4));

      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
      start(balancer, 40); // had a count been lost or left over, the caps would be off
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 10);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.99, 100.1, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void boundedLoad_badFactor_isNamed(double factor) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Choosers.boundedLoad(factor))
        .withMessage("factor: " + factor + " (expected: 1 to 100)");
  }

  private LoadBalancer balancer(double factor, Server... servers) {
    return world.balancer(servers).chooser(Choosers.boundedLoad(factor)).build();
  }

  private static LoadBalancer threaded(double factor, int n) {
    return LoadBalancer.builder("orders")
        .servers(ServerList.of(World.servers(n)))
        .chooser(Choosers.boundedLoad(factor))
        .build();
  }

  private static Server[] weighted(int... weights) {
    Server[] servers = new Server[weights.length];
    for (int i = 0; i < weights.length; i++) {
      servers[i] = World.server("s" + i, weights[i]);
    }
    return servers;
  }

  private static RequestContext hot() {
    return RequestContext.withKey("hot");
  }

  private static List<Attempt> start(LoadBalancer balancer, int count)
      throws NoServerAvailableException {
    List<Attempt> attempts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      attempts.add(balancer.start(hot()));
    }
    return attempts;
  }

  private static String idOf(Attempt attempt) {
    attempt.succeed();
    return attempt.server().id();
  }

  private static Map<String, AtomicInteger> inside(int n) {
    Map<String, AtomicInteger> inside = new ConcurrentHashMap<>();
    World.servers(n).forEach(server -> inside.put(server.id(), new AtomicInteger()));
    return inside;
  }

  private static int inFlight(LoadBalancer balancer, String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .mapToInt(EndpointStatus::inFlight)
        .sum();
  }
}
