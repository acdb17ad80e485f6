package io.evenload;

import static java.time.Duration.ofMillis;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.health.HealthCheck;
import io.evenload.health.HealthProbes;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Balancers on the threads that all share. */
final class IsolationTest {

  private static final int MANY = 300;

  @Test
  void idleBalancers_manyOfThem_haveFourThreadsAndNoneAtTheEnd() throws Exception {
    awaitThreads(0);
    List<LoadBalancer> balancers = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      balancers.add(
          LoadBalancer.builder("idle-" + i)
              .servers(ServerList.of(Server.of("127.0.0.1", 1)))
              .healthCheck(HealthCheck.of(HealthProbes.tcp()))
              .build());
    }
    awaitThreads(4);
    balancers.forEach(LoadBalancer::close);
    awaitThreads(0);
  }

  @Test
  void threads_inheritNothing() throws Exception {
    InheritableThreadLocal<String> secret = new InheritableThreadLocal<>();
    awaitThreads(0);
    secret.set("of the maker");
    CompletableFuture<String> seen = new CompletableFuture<>();
    HealthProbe spy =
        (server, timeout) -> {
          seen.complete(secret.get() + " " + Thread.currentThread().getContextClassLoader());
          return CompletableFuture.completedFuture(HealthReport.healthy());
        };
    try (LoadBalancer balancer =
        LoadBalancer.builder("spied")
            .servers(ServerList.of(World.servers(1)))
            .healthCheck(HealthCheck.builder(spy).initiallyHealthy(false).build())
            .build()) {
      assertThat(seen.get(30, TimeUnit.SECONDS)).isEqualTo("null null");
      assertThat(balancer.name()).isEqualTo("spied");
    } finally {
      secret.remove();
    }
  }

  @Test
  void listenersThatBlock_stopNeitherTheirOwnBalancerNorOthers() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch held = new CountDownLatch(MANY / 10);
    UpdatableServerList list = new UpdatableServerList(World.servers("a"));
    List<LoadBalancer> blocked = new ArrayList<>();
    try {
      for (int i = 0; i < MANY / 10; i++) {
        LoadBalancer balancer = LoadBalancer.builder("blocked-" + i).servers(list).build();
        balancer.addListener(
            new LoadBalancerListener() {
              @Override
              public void serversChanged(List<Server> servers) {
                held.countDown();
                awaitUninterruptibly(release);
              }
            });
        blocked.add(balancer);
      }
      CountDownLatch told = new CountDownLatch(1);
      LoadBalancer other = LoadBalancer.builder("other").servers(list).build();
      other.addListener(
          new LoadBalancerListener() {
            @Override
            public void serversChanged(List<Server> servers) {
              told.countDown();
            }
          });
      blocked.add(other);
      list.update(World.servers("b"));

      assertThat(told.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(held.await(30, TimeUnit.SECONDS)).isTrue();
      list.update(World.servers("c"));
      for (LoadBalancer balancer : blocked) {
        try (Attempt attempt = balancer.start()) {
          assertThat(attempt.server().id()).isEqualTo("c");
        }
      }
      CountDownLatch drained = new CountDownLatch(1);
      other.addListener(
          new LoadBalancerListener() {
            @Override
            public void drained(Server server) {
              drained.countDown();
            }
          });
      other.drain("c");
      assertThat(drained.await(30, TimeUnit.SECONDS)).as("its tick goes on").isTrue();
    } finally {
      release.countDown();
      blocked.forEach(LoadBalancer::close);
    }
    awaitThreads(0);
  }

  @Test
  void probesThatBlock_ofManyBalancers_delayNoOther() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    HealthProbe blocking =
        (server, timeout) -> {
          awaitUninterruptibly(release);
          return CompletableFuture.completedFuture(HealthReport.healthy());
        };
    CountDownLatch asked = new CountDownLatch(20);
    HealthProbe quick =
        (server, timeout) -> {
          asked.countDown();
          return CompletableFuture.completedFuture(HealthReport.healthy());
        };
    List<LoadBalancer> balancers = new ArrayList<>();
    try {
      for (int i = 0; i < MANY / 10; i++) {
        balancers.add(probed(blocking));
      }
      LoadBalancer other = probed(quick);
      balancers.add(other);
      assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(other.status().endpoints())
          .allMatch(endpoint -> endpoint.state() == EndpointState.ELIGIBLE);
    } finally {
      release.countDown();
      balancers.forEach(LoadBalancer::close);
    }
    awaitThreads(0);
  }

  private static LoadBalancer probed(HealthProbe probe) {
    return LoadBalancer.builder("probed")
        .servers(ServerList.of(World.servers(2)))
        .healthCheck(
            HealthCheck.builder(probe).interval(ofMillis(100)).timeout(ofMillis(500)).build())
        .build();
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean open = false;
    while (!open) {
      try {
        latch.await();
        open = true;
      } catch (InterruptedException e) {
        // It blocks all the same.
      }
    }
  }

  /** Waits until there are so many of the library's threads at most. */
  private static void awaitThreads(int most) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    Set<Thread> threads = threads();
    while (threads.size() > most && System.nanoTime() < deadline) {
      threads.iterator().next().join(50);
      threads = threads();
    }
    assertThat(threads).hasSizeLessThanOrEqualTo(most);
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("evenload"))
        .collect(Collectors.toSet());
  }
}
