package io.evenload.spring;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Lets what is in flight end before balancers, interceptor and client are closed. It stops after
 * all that has a higher phase, so after web servers, schedulers, executors and consumers of
 * messages; and beans are destroyed when all of these have stopped, those that use a client before
 * it.
 */
public final class GracefulEnd implements SmartLifecycle {

  private static final Logger LOG = LoggerFactory.getLogger(GracefulEnd.class);

  /** After everything that has a phase of its own by default. */
  private static final int PHASE = Integer.MIN_VALUE + 1_024;

  /** No caller waits for it but the end of the application. */
  private static final long LOOK_MILLIS = 20;

  private final List<LoadBalancer> balancers;
  private volatile boolean running;

  /** Creates what waits for the attempts of these balancers. */
  public GracefulEnd(List<LoadBalancer> balancers) {
    this.balancers = List.copyOf(balancers);
  }

  @Override
  public void start() {
    running = true;
  }

  @Override
  public void stop() {
    running = false;
  }

  /** Stops when nothing is in flight; Spring waits for it, up to its timeout for a phase. */
  @Override
  public void stop(Runnable callback) {
    running = false;
    if (inFlight() == 0) {
      callback.run();
      return;
    }
    LOG.info("Waiting for {} attempts in flight", inFlight());
    ScheduledExecutorService looking =
        Executors.newSingleThreadScheduledExecutor(GracefulEnd::thread);
    ScheduledFuture<?> unused =
        looking.scheduleWithFixedDelay(
            () -> {
              if (inFlight() == 0 || closed()) {
                looking.shutdown();
                callback.run();
              }
            },
            LOOK_MILLIS,
            LOOK_MILLIS,
            TimeUnit.MILLISECONDS);
  }

  private int inFlight() {
    return balancers.stream()
        .flatMap(balancer -> balancer.status().endpoints().stream())
        .mapToInt(EndpointStatus::inFlight)
        .sum();
  }

  /** Whether Spring has waited as long as it does, and has gone on. */
  private boolean closed() {
    return balancers.stream().allMatch(balancer -> balancer.status().closed());
  }

  private static Thread thread(Runnable task) {
    Thread thread = new Thread(null, task, "evenload-end", 0, false);
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public int getPhase() {
    return PHASE;
  }
}
