package io.evenload;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Everything that happens to a balancer apart from attempts, one event after another. */
final class ControlPath implements ServerList.Listener, Control {

  /*
   * The map of the engine, with what belongs to the control path, is in package-info.
   *
   * Lists arrive on the thread of their source and are applied there, unless another thread is in the control path:
   * then that one goes on with them. So do the answers of probes, and what people ask for. What a request sets off (a
   * gate that changes, a look for outliers, a server that announces its end) is handed to the scheduler, so that no
   * request does this work.
   */

  private static final long TICK_MILLIS = 1_000;

  private final BalancerContext balancer;
  private final ScheduledExecutorService scheduler;
  private final @Nullable ScheduledThreadPoolExecutor own; // the same, unless it is the user's
  private final LeakSampler sampler;
  private final SerialExecutor serial;
  private final Roster roster;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final AtomicBoolean refreshRequested = new AtomicBoolean();
  private volatile Snapshot snapshot = Snapshot.empty(List.of(), false);
  private volatile Options options;
  private volatile boolean closed;

  // Within the serial executor only.
  private Options inForce;
  private boolean ended;
  private boolean emptyPending;
  private long emptySinceNanos;
  private long lastTickNanos;
  private @Nullable Future<?> tick;
  private ServerList.@Nullable Subscription subscription;

  ControlPath(
      BalancerContext balancer,
      Options options,
      @Nullable ScheduledExecutorService scheduler,
      LeakSampler sampler) {
    this.balancer = balancer;
    this.options = options;
    this.inForce = options;
    this.own = scheduler == null ? daemon(balancer.name(), threads(options)) : null;
    this.scheduler = scheduler == null ? requireNonNull(own) : scheduler;
    this.sampler = sampler;
    this.serial = new SerialExecutor(e -> balancer.log().warn("the control path failed", e));
    this.roster = new Roster(balancer, options, this);
    this.lastTickNanos = balancer.nanoTime().getAsLong();
  }

  private static int threads(Options options) {
    return options.healthCheck() == null ? 1 : 2;
  }

  private static ScheduledThreadPoolExecutor daemon(String name, int threads) {
    ScheduledThreadPoolExecutor executor =
        new ScheduledThreadPoolExecutor(
            threads,
            task -> {
              Thread thread = new Thread(task, "evenload-" + name);
              thread.setDaemon(true);
              return thread;
            });
    executor.setRemoveOnCancelPolicy(true);
    return executor;
  }

  Snapshot snapshot() {
    return snapshot;
  }

  CompletableFuture<Void> ready() {
    return ready;
  }

  void start(ServerList servers) {
    serial.execute(
        () -> {
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
    roster.throwIfUnlinked();
  }

  private void subscribed(ServerList.Subscription subscribed) {
    assert onPath();
    subscription = subscribed;
    if (closed) {
      unsubscribe();
    }
  }

  void addGates(Gate.Factory factory) {
    serial.execute(unlessClosed(() -> roster.addGates(factory)));
    roster.throwIfUnlinked(); // of what ran here; if another thread runs it, the gate stays closed
  }

  void drain(String id) {
    serial.execute(unlessClosed(() -> roster.drain(id)));
  }

  void drain(String id, Duration atMost, String reason) {
    onScheduler(unlessClosed(() -> roster.drain(id, atMost, reason)));
  }

  void reportWeight(String id, double weight, Duration validFor) {
    roster
        .reportedWeights()
        .report(id, weight, validFor.toNanos(), balancer.nanoTime().getAsLong());
  }

  void undrain(String id) {
    serial.execute(unlessClosed(() -> roster.undrain(id)));
  }

  void removeGates(Gate.Factory factory) {
    serial.execute(unlessClosed(() -> roster.removeGates(factory)));
  }

  /** The options in force, or about to be. */
  Options options() {
    return options;
  }

  /** Has {@link #reconfigure} bring these options into force; calls must not overlap. */
  void options(Options next) {
    options = next;
  }

  /** Brings the latest options into force. */
  void reconfigure() {
    serial.execute(unlessClosed(this::useLatest));
  }

  @SuppressWarnings("ReferenceEquality") // these very ones
  private void useLatest() {
    assert onPath();
    Options next = options;
    if (next == inForce) {
      return; // another thread's reconfiguration was as late as this one
    }
    inForce = next;
    sampler.use(next.leakSampling());
    if (own != null) {
      own.setCorePoolSize(threads(next));
    }
    expireEmpty(balancer.nanoTime().getAsLong());
    roster.use(next);
  }

  void eject(String id, Duration atMost, String reason) {
    onScheduler(unlessClosed(() -> roster.eject(id, atMost, reason)));
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
      serial.execute(unlessClosed(() -> balancer.listeners().serversFailed(cause)));
    }
  }

  private void apply(List<Server> servers) {
    assert onPath();
    if (closed) {
      return;
    }
    boolean emptied = servers.isEmpty() && !roster.servers().isEmpty();
    if (emptied && graceNanos() > 0) {
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
                  + inForce.emptyListGrace(),
              null);
    }
  }

  private void tick() {
    assert onPath();
    if (closed) {
      return;
    }
    long now = balancer.nanoTime().getAsLong();
    double seconds = Math.max(0, now - lastTickNanos) / 1e9;
    lastTickNanos = now;
    sampler.poll();
    expireEmpty(now);
    roster.tick(seconds, now);
  }

  private void expireEmpty(long now) {
    if (emptyPending && now - emptySinceNanos >= graceNanos()) {
      emptyPending = false;
      roster.update(List.of());
    }
  }

  private long graceNanos() {
    return inForce.emptyListGrace().toNanos();
  }

  @Override
  public boolean onPath() {
    return serial.runsHere();
  }

  @Override
  public void execute(Runnable task) {
    serial.execute(task);
  }

  @Override
  public void elsewhere(Runnable task) {
    scheduler.execute(task);
  }

  @Override
  public void publish(Snapshot next) {
    assert onPath();
    snapshot = next;
  }

  @Override
  public void requestLook() {
    onScheduler(unlessClosed(roster::ejectOutliers));
  }

  @Override
  public void requestRefresh() {
    if (!closed && refreshRequested.compareAndSet(false, true) && !onScheduler(this::refresh)) {
      refreshRequested.set(false); // the next tick would see the change, if any comes
    }
  }

  /**
   * Runs a task on the control path that a request may have set off, so not on the thread at hand;
   * returns false if the scheduler is being shut down.
   */
  private boolean onScheduler(Runnable task) {
    try {
      scheduler.execute(() -> serial.execute(task));
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  @Override
  public Future<?> after(long nanos, Runnable task) {
    try {
      return scheduler.schedule(
          () -> serial.execute(unlessClosed(task)), nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      balancer.log().warn("the scheduler was shut down; timers no longer run", null);
      return CompletableFuture.completedFuture(null);
    }
  }

  private Runnable unlessClosed(Runnable task) {
    return () -> {
      if (!closed) {
        task.run();
      }
    };
  }

  private void refresh() {
    assert onPath();
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
    assert onPath();
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
    ready.completeExceptionally(Refusal.closed(balancer.name()));
    if (own != null) {
      own.shutdownNow();
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
