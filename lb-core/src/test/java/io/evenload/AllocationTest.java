package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import io.evenload.chooser.Choosers;
import io.evenload.testing.World;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The hot path allocates the attempt and nothing else. */
final class AllocationTest {

  private static final int CALLS = 20_000;
  private static final int ROUNDS = 30;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static volatile Object sink = "";

  static List<Chooser> choosers() {
    return List.of(
        Choosers.roundRobin(),
        Choosers.random(),
        Choosers.leastLoaded(),
        Choosers.powerOfTwoChoices(),
        Choosers.powerOfTwoChoices(0.5),
        Choosers.peakEwma(),
        Choosers.shortestExpectedDelay(),
        Choosers.maglev(),
        Choosers.rendezvous(),
        Choosers.boundedLoad(),
        Choosers.firstAvailable());
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void startAndSucceed_allocateOneAttempt(Chooser chooser) {
    World world = new World(2);
    try (LoadBalancer balancer = plain(world, chooser, World.servers(5)).build()) {
      LiveEndpoint endpoint = start(balancer).endpoint;
      long attempt =
          leastBytes(() -> sink = new Attempt(endpoint, endpoint.gates(), null, 0, null));

      assertThat(attempt).as("an attempt has a size").isPositive();
      assertThat(leastBytes(() -> start(balancer).succeed())).isLessThanOrEqualTo(attempt);
      assertThat(leastBytes(() -> start(balancer).fail(null))).isLessThanOrEqualTo(attempt);
    }
  }

  @Test
  void start_severalZones_allocateOneAttempt() {
    World world = new World(3);
    List<Server> servers =
        List.of(
            Server.builder("a", 80).zone("a").build(),
            Server.builder("b", 80).zone("b").weight(2).build(),
            Server.builder("c", 80).zone("c").weight(4).build());
    try (LoadBalancer balancer =
        plain(world, Choosers.maglev(), servers).locality(Locality.of("a")).build()) {
      assertThat(balancer.status().groups()).hasSize(2);
      LiveEndpoint endpoint = start(balancer).endpoint;
      long attempt =
          leastBytes(() -> sink = new Attempt(endpoint, endpoint.gates(), null, 0, null));

      assertThat(leastBytes(() -> start(balancer).succeed())).isLessThanOrEqualTo(attempt);
    }
  }

  @Test
  void draw_withKey_allocatesNothing() {
    World world = new World(4);
    BalancerContext context = new BalancerContext("orders", world.time, world.random);
    Candidates[] groups = new Candidates[2];
    for (int i = 0; i < groups.length; i++) {
      LiveEndpoint endpoint = new LiveEndpoint(context, World.server("s" + i));
      groups[i] =
          new PoolEntry(new Pool(context, Choosers.random(), i, null))
              .candidates(List.of(endpoint), false);
    }
    int half = Snapshot.WHOLE / 2;
    Snapshot snapshot =
        new Snapshot(groups, new int[] {half, half}, groups, groups, groups, List.of(), false);
    RequestContext keyed = RequestContext.withKey("a key");

    assertThat(leastBytes(() -> sink = snapshot.draw(world.random, keyed))).isZero();
  }

  private static LoadBalancer.Builder plain(World world, Chooser chooser, List<Server> servers) {
    return LoadBalancer.builder("orders")
        .servers(ServerList.of(servers))
        .chooser(chooser)
        .nanoTime(world.time)
        .random(world.random)
        .scheduler(world.time);
  }

  private static Attempt start(LoadBalancer balancer) {
    try {
      return balancer.start();
    } catch (NoServerAvailableException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * The bytes that one call allocates, rounded down: of many rounds the least, for whatever the
   * virtual machine allocates besides, such as to link a call site, it does not do in all of them.
   */
  private static long leastBytes(Runnable call) {
    assumeThat(THREADS.isThreadAllocatedMemorySupported()).isTrue();
    long thread = Thread.currentThread().getId();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long before = THREADS.getThreadAllocatedBytes(thread);
      for (int i = 0; i < CALLS; i++) {
        call.run();
      }
      least = Math.min(least, THREADS.getThreadAllocatedBytes(thread) - before);
    }
    return least / CALLS;
  }
}
