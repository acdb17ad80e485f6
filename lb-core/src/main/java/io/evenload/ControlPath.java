package io.evenload;

import io.evenload.discovery.Networks;
import io.evenload.internal.threads.SerialExecutor;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Everything that happens to a balancer apart from attempts, one event after another. */
final class ControlPath implements Control, ListSource.Target {

  /*
   * The map of the engine, with what belongs to the control path, is in package-info.
   *
   * What people ask for is done on their thread, and so is a list that arrives, unless another thread is in the control
   * path: then that one goes on with it. What a request sets off (a gate that changes, a look for outliers, a server that
   * announces its end) and what a probe answers is handed over, so that no request, and no thread that other probes need,
   * does this work. Listeners are told after the change: by the thread that made it if that is a caller's, or a list's with
   * a scheduler that the user gave; else by one of its own, as they may take their time.
   */

  private final BalancerContext balancer;
  private final Timers timers;
  private final boolean shared; // the threads of all balancers
  private final ListSource source;
  private final LeakSampler sampler;
  private final SerialExecutor serial;
  private final Roster roster;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final AtomicBoolean refreshRequested = new AtomicBoolean();
  private volatile Snapshot snapshot = Snapshot.empty(List.of(), false);
  private volatile Options options;
  private volatile boolean closed;
  private volatile @Nullable Thread starter; // who builds the balancer, while it subscribes
  private volatile boolean ended; // what follows from `closed` was done
  private volatile @Nullable Duration ageAtEnd;
  private volatile boolean listKnown;
  private volatile long listNanos; // when the source last gave or confirmed the list in force
  private WeakReference<?> owner = new WeakReference<>(this);

  // Within the serial executor only.
  private Options inForce;
  private boolean emptyPending;
  private long emptySinceNanos;
  private long lastTickNanos;

  ControlPath(
      BalancerContext balancer,
      Options options,
      @Nullable ScheduledExecutorService scheduler,
      LeakSampler sampler) {
    this.balancer = balancer;
    this.options = options;
    this.inForce = options;
    this.shared = scheduler == null;
    this.timers = new Timers(balancer, scheduler);
    this.sampler = sampler;
    this.serial = new SerialExecutor(e -> balancer.log().warn("the control path failed", e));
    this.roster = new Roster(balancer, options, this);
    this.source = new ListSource(balancer, this, this);
    this.lastTickNanos = balancer.nanoTime().getAsLong();
  }

  Snapshot snapshot() {
    return snapshot;
  }

  CompletableFuture<Void> ready() {
    return ready;
  }

  /**
   * Begins to live.
   *
   * @param owner without whom nobody can use this
   */
  void start(ServerList servers, WeakReference<?> owner) {
    this.owner = owner;
    timers.tick(() -> handedOver(this::tick));
    starter = Thread.currentThread();
    source.start(servers);
    starter = null;
    roster.throwIfUnlinked();
  }

  void addGates(Gate.Factory factory) {
    execute(unlessClosed(() -> roster.addGates(factory)));
    roster.throwIfUnlinked(); // of what ran here; if another thread runs it, the gate stays closed
  }

  void drain(String id) {
    execute(unlessClosed(() -> roster.drain(id)));
  }

  void drain(String id, Duration atMost, String reason) {
    later(unlessClosed(() -> roster.drain(id, atMost, reason)));
  }

  /** Whether this very server is listed, however it is described; from any thread. */
  boolean lists(Server server) {
    return roster.lists(server);
  }

  /** Runs it soon, with what it hands over itself, if this very server is listed then. */
  void ifListed(Server server, Runnable task) {
    later(
        unlessClosed(
            () -> {
              if (roster.lists(server)) {
                task.run();
              }
            }));
  }

  void reportWeight(String id, double weight, Duration validFor) {
    roster
        .reportedWeights()
        .report(id, weight, validFor.toNanos(), balancer.nanoTime().getAsLong());
  }

  void undrain(String id) {
    execute(unlessClosed(() -> roster.undrain(id)));
  }

  void removeGates(Gate.Factory factory) {
    execute(unlessClosed(() -> roster.removeGates(factory)));
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
    execute(unlessClosed(this::useLatest));
  }

  @SuppressWarnings("ReferenceEquality") // these very ones
  private void useLatest() {
    assert onPath();
    Options next = options;
    if (next == inForce) {
      return; // another thread's reconfiguration was as late as this one
    }
    Options last = inForce;
    inForce = next;
    sampler.use(next.leakSampling());
    expireEmpty(balancer.nanoTime().getAsLong());
    roster.use(next);
    if (!Objects.equals(last.networks(), next.networks())) {
      source.networksChanged();
    }
  }

  @Override
  public @Nullable Networks networks() {
    assert onPath();
    return inForce.networks();
  }

  void eject(String id, Duration atMost, String reason) {
    later(unlessClosed(() -> roster.eject(id, atMost, reason)));
  }

  @Override
  public void onSource(Runnable task) {
    if (shared && starter != Thread.currentThread()) {
      handedOver(task);
    } else {
      execute(task);
    }
  }

  @Override
  public void updated(List<Server> servers, long now) {
    assert onPath();
    boolean emptied = servers.isEmpty() && !roster.servers().isEmpty();
    if (emptied && graceNanos() > 0) {
      keepLastGood();
      return;
    }
    emptyPending = false;
    listIsOf(now);
    roster.update(servers);
    if (!servers.isEmpty()) {
      ready.complete(null);
    }
  }

  /** What was confirmed is not the list in force, while that outlasts an empty one. */
  @Override
  public void confirmed(long now) {
    assert onPath();
    if (listKnown && !emptyPending) {
      listIsOf(now);
    }
  }

  private void listIsOf(long now) {
    listNanos = now;
    listKnown = true;
  }

  /** How long ago the source gave or confirmed the list in force; null before the first. */
  @Nullable Duration listAge() {
    return ended ? ageAtEnd : age();
  }

  /** Where the list comes from; null before the balancer has begun to live. */
  LoadBalancerStatus.@Nullable ListStatus listStatus() {
    return source.status(balancer.nanoTime().getAsLong());
  }

  private @Nullable Duration age() {
    long age = balancer.nanoTime().getAsLong() - listNanos;
    return listKnown ? Duration.ofNanos(Math.max(0, age)) : null;
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
    if (owner.refersTo(null)) {
      balancer.log().warn("was dropped without close(), which is done now", null);
      close();
      return;
    }
    long now = balancer.nanoTime().getAsLong();
    double seconds = Math.max(0, now - lastTickNanos) / 1e9;
    lastTickNanos = now;
    sampler.poll();
    expireEmpty(now);
    roster.tick(seconds, now);
    long attempts = 0;
    for (LiveEndpoint endpoint : snapshot.known()) {
      attempts += endpoint.ended();
    }
    if (balancer.refusedAttempts().tooMany(attempts)) {
      source.refresh(now);
    }
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
    if (!serial.runsHere()) { // else who runs the outer task tells
      balancer.listeners().tell();
    }
  }

  /** The same, but listeners are told by another thread, so that they cannot hold this one. */
  private void handedOver(Runnable task) {
    serial.execute(task);
    if (!serial.runsHere() && balancer.listeners().anyUntold()) {
      timers.execute(() -> balancer.listeners().tell());
    }
  }

  @Override
  public void elsewhere(Runnable task) {
    timers.execute(task);
  }

  @Override
  public void later(Runnable task) {
    if (serial.runsHere()) {
      serial.execute(task);
    } else {
      timers.execute(() -> handedOver(task));
    }
  }

  @Override
  public void publish(Snapshot next) {
    assert onPath();
    snapshot = next;
    balancer.noRoom().mayBe();
  }

  @Override
  public void requestLook() {
    timers.execute(() -> handedOver(unlessClosed(roster::ejectOutliers)));
  }

  @Override
  public void requestRefresh() {
    if (!closed && refreshRequested.compareAndSet(false, true)) {
      timers.execute(() -> handedOver(this::refresh));
    }
  }

  @Override
  public Future<?> after(long nanos, Runnable task) {
    return timers.after(nanos, () -> handedOver(unlessClosed(task)));
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
    execute(this::end);
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
    ageAtEnd = age();
    ended = true;
    publish(Snapshot.empty(snapshot.known(), true));
    source.close();
    timers.close();
    roster.close();
    ready.completeExceptionally(Refusal.closed(balancer.name()));
  }
}
