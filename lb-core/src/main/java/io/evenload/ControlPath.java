package io.evenload;

import io.evenload.health.HealthCheck;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Everything that happens to a balancer apart from attempts, one event after another. */
final class ControlPath implements ServerList.Listener {

  /*
   * Lists arrive on the thread of their source and are applied there, unless another thread is in the control path:
   * then that one goes on with them. What a request sets off (a gate that changes) is handed to the scheduler, so that
   * no request does this work.
   */

  private static final long TICK_MILLIS = 1_000;

  private final BalancerContext balancer;
  private final ScheduledExecutorService scheduler;
  private final boolean ownsScheduler;
  private final @Nullable LeakSampler sampler;
  private final long emptyListGraceNanos;
  private final SerialExecutor serial;
  private final Roster roster;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final AtomicBoolean refreshRequested = new AtomicBoolean();
  private volatile Snapshot snapshot = Snapshot.empty(List.of(), false);
  private volatile boolean closed;

  // Within the serial executor only.
  private boolean ended;
  private boolean emptyPending;
  private long emptySinceNanos;
  private long lastTickNanos;
  private @Nullable Future<?> tick;
  private ServerList.@Nullable Subscription subscription;

  ControlPath(
      BalancerContext balancer,
      Chooser recipe,
      double panicThreshold,
      Duration emptyListGrace,
      ScheduledExecutorService scheduler,
      boolean ownsScheduler,
      @Nullable HealthCheck healthCheck,
      @Nullable LeakSampler sampler) {
    this.balancer = balancer;
    this.scheduler = scheduler;
    this.ownsScheduler = ownsScheduler;
    this.sampler = sampler;
    this.emptyListGraceNanos = emptyListGrace.toNanos();
    this.serial = new SerialExecutor(e -> balancer.log().warn("the control path failed", e));
    HealthMonitor health =
        healthCheck == null
            ? null
            : new HealthMonitor(balancer, healthCheck, scheduler, serial, this::requestRefresh);
    this.roster =
        new Roster(balancer, recipe, panicThreshold, this::requestRefresh, this::publish, health);
    this.lastTickNanos = balancer.nanoTime().getAsLong();
  }

  Snapshot snapshot() {
    return snapshot;
  }

  CompletableFuture<Void> ready() {
    return ready;
  }

  void start(ServerList servers, List<Gate.Factory> gates) {
    serial.execute(
        () -> {
          gates.forEach(roster::addGates);
          tick =
              scheduler.scheduleWithFixedDelay(
                  () -> serial.execute(this::tick),
                  TICK_MILLIS,
                  TICK_MILLIS,
                  TimeUnit.MILLISECONDS);
        });
    try {
      ServerList.Subscription subscribed = servers.subscribe(this);
      serial.execute(() -> subscribed(subscribed));
    } catch (Throwable e) {
      balancer.log().warn("ServerList.subscribe threw; no server will be known", e);
    }
  }

  private void subscribed(ServerList.Subscription subscribed) {
    subscription = subscribed;
    if (closed) {
      unsubscribe();
    }
  }

  void addGates(Gate.Factory factory) {
    serial.execute(
        () -> {
          if (!closed) {
            roster.addGates(factory);
          }
        });
  }

  @Override
  public void updated(List<Server> servers) {
    List<Server> copy;
    try {
      copy = List.copyOf(servers);
    } catch (NullPointerException e) {
      balancer.log().warn("the server list holds null; the last one stays in force", e);
      return;
    }
    serial.execute(() -> apply(copy));
  }

  @Override
  public void failed(Throwable cause) {
    if (!closed) {
      balancer
          .log()
          .warn("the server list could not be refreshed; the last one stays in force", cause);
    }
  }

  private void apply(List<Server> servers) {
    if (closed) {
      return;
    }
    boolean emptied = servers.isEmpty() && !roster.servers().isEmpty();
    if (emptied && emptyListGraceNanos > 0) {
      keepLastGood();
      return;
    }
    emptyPending = false;
    roster.update(servers);
    if (!servers.isEmpty()) {
      ready.complete(null);
    }
  }

  private void keepLastGood() {
    if (!emptyPending) {
      emptyPending = true;
      emptySinceNanos = balancer.nanoTime().getAsLong();
      balancer
          .log()
          .warn(
              "the server list became empty; the last good one of "
                  + roster.servers().size()
                  + " stays in force for "
                  + Duration.ofNanos(emptyListGraceNanos),
              null);
    }
  }

  private void tick() {
    if (closed) {
      return;
    }
    long now = balancer.nanoTime().getAsLong();
    double seconds = Math.max(0, now - lastTickNanos) / 1e9;
    lastTickNanos = now;
    if (sampler != null) {
      sampler.poll();
    }
    if (emptyPending && now - emptySinceNanos >= emptyListGraceNanos) {
      emptyPending = false;
      roster.update(List.of());
    }
    roster.tick(seconds, now);
  }

  private void publish(Snapshot next) {
    snapshot = next;
  }

  /** Called from any thread. */
  private void requestRefresh() {
    if (!closed && refreshRequested.compareAndSet(false, true)) {
      try {
        scheduler.execute(() -> serial.execute(this::refresh));
      } catch (RejectedExecutionException e) {
        refreshRequested.set(
            false); // the scheduler is being shut down; the next tick would see the change, if any
        // comes
      }
    }
  }

  private void refresh() {
    refreshRequested.set(false);
    if (!closed) {
      roster.refresh();
    }
  }

  void close() {
    closed = true;
    serial.execute(this::end);
    // If another thread is in the control path, end() follows there; until then LoadBalancer sees
    // `closed`.
  }

  boolean closed() {
    return closed;
  }

  private void end() {
    if (ended) {
      return;
    }
    ended = true;
    publish(Snapshot.empty(snapshot.known(), true));
    unsubscribe();
    if (tick != null) {
      tick.cancel(false);
    }
    roster.close();
    ready.completeExceptionally(new NoServerAvailableException(balancer.name() + ": closed"));
    if (ownsScheduler) {
      scheduler.shutdownNow();
    }
  }

  private void unsubscribe() {
    ServerList.Subscription running = subscription;
    subscription = null;
    if (running != null) {
      balancer.contain("ServerList.Subscription.close", running::close);
    }
  }
}
