package io.evenload;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the stress tests share: no timers, no threads, and a context for the parts of the engine.
 */
final class StressWorld {

  static final Server A = Server.of("a", 80);
  static final Server B = Server.of("b", 80);

  private StressWorld() {}

  static BalancerContext context() {
    return new BalancerContext("stress", () -> 0, () -> ThreadLocalRandom.current().nextLong());
  }

  /** A control path on which nothing happens but that it counts who asks for a look. */
  static Control control(AtomicInteger looks) {
    return new Control() {
      @Override
      public boolean onPath() {
        return true;
      }

      @Override
      public void execute(Runnable task) {
        task.run();
      }

      @Override
      public Future<?> after(long nanos, Runnable task) {
        return new Never();
      }

      @Override
      public void elsewhere(Runnable task) {
        task.run();
      }

      @Override
      public void publish(Snapshot next) {}

      @Override
      public void requestRefresh() {}

      @Override
      public void requestLook() {
        looks.incrementAndGet();
      }
    };
  }

  static LoadBalancer.Builder balancer(ServerList servers) {
    return LoadBalancer.builder("stress")
        .servers(servers)
        .scheduler(DirectScheduler.INSTANCE)
        .leakSampling(0);
  }

  /** Returns the first character of the chosen server, or '-' if there is none. */
  static char start(LoadBalancer balancer) {
    try (Attempt attempt = balancer.start()) {
      return attempt.server().host().charAt(0);
    } catch (NoServerAvailableException e) {
      return '-';
    }
  }

  static int inFlight(LoadBalancer balancer) {
    return balancer.status().endpoints().stream()
        .mapToInt(LoadBalancerStatus.EndpointStatus::inFlight)
        .sum();
  }

  /** Runs on the caller's thread what is due now, and never what is due later. */
  private static final class DirectScheduler extends AbstractExecutorService
      implements ScheduledExecutorService {

    static final DirectScheduler INSTANCE = new DirectScheduler();

    private static final ScheduledFuture<?> NEVER = new Never();

    @Override
    public void execute(Runnable command) {
      command.run();
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(
        Runnable command, long initialDelay, long delay, TimeUnit unit) {
      return NEVER;
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(
        Runnable command, long initialDelay, long period, TimeUnit unit) {
      return NEVER;
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
      return NEVER;
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
      return List.of();
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return false;
    }
  }

  private static final class Never extends FutureTask<Void> implements ScheduledFuture<Void> {
    Never() {
      super(() -> {}, null);
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      return true;
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return Long.MAX_VALUE;
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
  }
}
