package io.evenload;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.evenload.health.HealthCheck;
import io.evenload.health.OutlierDetection;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.World;
import java.lang.ref.WeakReference;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A scheduler of the user's that fails its balancer, and a balancer that its user forgot. */
final class TimersTest {

  private final World world = new World(821);
  private final AtomicInteger probes = new AtomicInteger();
  private final HealthCheck check =
      HealthCheck.builder(
              (server, timeout) -> {
                probes.incrementAndGet();
                return CompletableFuture.completedFuture(HealthReport.healthy());
              })
          .jitter(0)
          .interval(ofSeconds(1))
          .build();

  @Test
  void scheduler_rejectsForAWhile_nothingStops() {
    Refusing refusing = new Refusing();
    try (LoadBalancer balancer =
        world
            .balancer(World.server("a"))
            .scheduler(refusing.scheduler(world))
            .healthCheck(check)
            .build()) {
      world.time.advance(ofMillis(2500));
      refusing.refuses = true;
      world.time.advance(ofMillis(1300));
      refusing.refuses = false;
      int before = probes.get();
      world.time.advance(ofSeconds(10));

      assertThat(probes.get() - before).isBetween(8, 12);
      assertThat(balancer.status().endpoints()).hasSize(1);
    }
    assertThat(world.time.pending()).isZero();
  }

  @Test
  void scheduler_shutDownFirst_isReplacedAndSaidOnce() throws Exception {
    ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(1);
    CountDownLatch back = new CountDownLatch(1);
    try (CapturedLog log = new CapturedLog(LoadBalancer.class);
        LoadBalancer balancer =
            LoadBalancer.builder("orders")
                .servers(ServerList.of(World.servers(4)))
                .scheduler(scheduler)
                .nanoTime(
                    () -> System.nanoTime() * 10) // an ejection, and what is overdue, in no time
                .outlierDetection(
                    OutlierDetection.builder().baseEjectionTime(ofSeconds(10)).jitter(0).build())
                .slowStartAfterEjections()
                .listener(
                    new LoadBalancerListener() {
                      @Override
                      public void stateChanged(
                          Server server, EndpointState from, EndpointState to, String reason) {
                        if (from == EndpointState.EJECTED) {
                          back.countDown();
                        }
                      }
                    })
                .build()) {
      balancer.eject("s0", ofSeconds(10), "slow");
      while (balancer.status().endpoints().get(0).state() != EndpointState.EJECTED) {
        Thread.onSpinWait();
      }
      scheduler.shutdownNow();
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (back.getCount() > 0 && System.nanoTime() < deadline) {
        balancer.start().succeed();
      }

      assertThat(back.getCount()).isZero();
      assertThat(log.events())
          .filteredOn(event -> event.getLevel() == Level.ERROR)
          .extracting(ILoggingEvent::getFormattedMessage)
          .singleElement()
          .asString()
          .startsWith("orders: its scheduler was shut down");
    }
  }

  @Test
  void samples_tickNeverComes_areBounded() {
    BalancerContext context = new BalancerContext("orders", world.time, world.random);
    LeakSampler sampler = new LeakSampler(context, 1);
    LiveEndpoint endpoint = new LiveEndpoint(context, World.server("a"));
    int drawn = 0;
    for (int i = 0; i < 2 * LeakSampler.MOST_UNPOLLED; i++) {
      if (sampler.draws()) {
        drawn++;
        new Attempt(endpoint, GateChain.NONE, null, 0, sampler).succeed();
      }
    }
    assertThat(drawn).isEqualTo(LeakSampler.MOST_UNPOLLED);
    sampler.poll();
    assertThat(sampler.draws()).isTrue();
  }

  @Test
  void balancer_droppedWithoutClose_isClosedAndNamedOnce() throws Exception {
    AtomicInteger closed = new AtomicInteger();
    ServerList list =
        listener -> {
          listener.updated(World.servers("a"));
          return closed::incrementAndGet;
        };
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      WeakReference<LoadBalancer> dropped = new WeakReference<>(world.balancer(list).build());
      for (int i = 0; i < 1_000 && dropped.get() != null; i++) {
        System.gc();
        world.time.advance(ofMillis(1));
      }
      world.time.advance(ofSeconds(3));

      assertThat(closed).hasValue(1);
      assertThat(world.time.pending()).isZero();
      assertThat(log.messages())
          .filteredOn(line -> line.startsWith("orders: was dropped without close()"))
          .hasSize(1);
    }
  }

  /** A scheduler that takes nothing new at times. */
  private static final class Refusing {
    volatile boolean refuses;

    ScheduledExecutorService scheduler(World world) {
      return (ScheduledExecutorService)
          Proxy.newProxyInstance(
              getClass().getClassLoader(),
              new Class<?>[] {ScheduledExecutorService.class},
              (proxy, method, arguments) -> {
                boolean submits =
                    method.getName().startsWith("schedule") || method.getName().equals("execute");
                if (submits && refuses) {
                  throw new RejectedExecutionException("full");
                }
                return method.invoke(world.time, arguments);
              });
    }
  }
}
