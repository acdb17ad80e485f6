package io.evenload;

import static java.util.Objects.requireNonNull;

import io.evenload.chooser.Choosers;
import io.evenload.discovery.Networks;
import io.evenload.health.HealthCheck;
import io.evenload.health.OutlierDetection;
import io.evenload.health.SlowStart;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Chooses a server for every attempt at a request, among the servers of a list that changes over
 * time.
 *
 * <pre>{@code
 * LoadBalancer orders = LoadBalancer.of("orders", Server.of("10.0.0.1", 8080), Server.of("10.0.0.2", 8080));
 * String answer = orders.call(server -> send(server)); // throws what send throws, which is the server's failure
 * }</pre>
 *
 * <p>Thread-safe; meant to live as long as the program, one for each service. {@code start} and the
 * end of an attempt take no lock and block on nothing. All else happens on the control path, one
 * event after another. These threads can run it:
 *
 * <ul>
 *   <li>a thread that builds or closes the balancer, drains or undrains a server by hand, adds or
 *       removes gates, or reconfigures: what it asks for is in force when the method returns,
 *       unless another thread is on the control path, which then goes on with it;
 *   <li>the thread of the server list, with a list that it brings;
 *   <li>the daemon threads {@code evenload-worker}, which all balancers of the JVM share, or those
 *       of the scheduler that is given: with the timers, the answers of probes, and what attempts
 *       set off. There are as many as are held at a time, and none without a balancer.
 * </ul>
 *
 * <p>Choosers and gates are called on the control path, so they must be quick. Listeners are told
 * after it, in order and one event at a time, by the thread that caused the event or by one of the
 * scheduler's: one that takes its time delays later events, and nothing else. Without a scheduler
 * of the user's, what a list or a timer sets off is told by a worker, later. Probes, and {@link
 * ServerList#subscribe} after the first time, are called by workers, or by the scheduler's threads.
 *
 * <p>A balancer that becomes garbage without {@link #close} is closed, and a warning names it.
 *
 * <p>The logger of this class tells what changes, at {@code INFO} and not too often, and what goes
 * wrong, at {@code WARN}. That of {@link Attempt} tells at {@code DEBUG} of each attempt why it
 * went to its server.
 */
public final class LoadBalancer implements AutoCloseable {

  private final BalancerContext balancer;
  private final ControlPath control;
  private final Picker picker;
  private final LeakSampler sampler;
  private final Administration admin;
  private final Wiring wiring;
  private final CompletionStage<Void> ready; // one for all, as each made would stay with the other
  private final ReentrantLock reconfiguring = new ReentrantLock();

  private LoadBalancer(Builder builder, ServerList servers) {
    balancer = new BalancerContext(builder.name, builder.nanoTime, builder.random);
    builder.listeners.forEach(balancer.listeners()::add);
    sampler = new LeakSampler(balancer, builder.leakSampling);
    picker = new Picker(balancer, new Admission(balancer, sampler));
    control = new ControlPath(balancer, builder.options(), builder.scheduler, sampler);
    admin = new Administration(control);
    wiring = new Wiring(control, balancer);
    ready = control.ready().minimalCompletionStage();
    try {
      control.start(servers, new WeakReference<>(this));
    } catch (LinkageError e) {
      close();
      throw e;
    }
  }

  /** Returns a balancer over servers that never change, with all defaults. */
  public static LoadBalancer of(String name, Server... servers) {
    return builder(name).servers(ServerList.of(servers)).build();
  }

  /**
   * Returns a builder.
   *
   * @param name the service's name, for messages and logs
   * @throws IllegalArgumentException if the name is blank
   */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  /** The name given to {@link #builder}. */
  public String name() {
    return balancer.name();
  }

  /**
   * Runs an action at a chosen server, as the only attempt of a request that has no key; see {@link
   * #call(RequestContext, Action)}.
   *
   * @throws NoServerAvailableException if no endpoint takes the attempt, or the balancer is closed
   * @throws X what the action throws
   */
  public <T extends @Nullable Object, X extends Exception> T call(Action<T, X> action)
      throws X, NoServerAvailableException {
    return call(RequestContext.ANONYMOUS, action);
  }

  /**
   * Runs an action at a chosen server, on this thread, and tells by its end how the server did: one
   * that returns is a success, an exception is the server's failure, told apart as by {@link
   * Attempt#fail}.
   *
   * <p>An interrupt, a {@code CancellationException} and an {@code Error} are not the server's
   * fault: the attempt is cancelled after an {@code InterruptedException}, a {@code
   * ClosedByInterruptException}, an {@code InterruptedIOException} that is no {@code
   * SocketTimeoutException}, or anything that is thrown while this thread is interrupted. Whatever
   * is thrown is passed on as it is, and the thread's interrupt flag is left as it is.
   *
   * <p>To try again elsewhere, call once more with the same request.
   *
   * @param request is asked for a key, and which servers it has tried
   * @throws NoServerAvailableException if no endpoint takes the attempt, or the balancer is closed
   * @throws X what the action throws
   */
  public <T extends @Nullable Object, X extends Exception> T call(
      RequestContext request, Action<T, X> action) throws X, NoServerAvailableException {
    return call(request, action, LoadBalancer::isException);
  }

  /**
   * Runs an action as {@link #call(RequestContext, Action)} does, with a judgement of one's own.
   *
   * @param failures tells whether something that was thrown is the server's failure. If not, the
   *     server did what it was asked, as with an exception that means "not found"; but an {@code
   *     Error} is cancelled. It is not asked of what an interrupt or a cancellation brought about.
   *     If it throws, the attempt counts as failed, and what it threw is suppressed
   * @throws NoServerAvailableException if no endpoint takes the attempt, or the balancer is closed
   * @throws X what the action throws
   */
  public <T extends @Nullable Object, X extends Exception> T call(
      RequestContext request, Action<T, X> action, Predicate<? super Throwable> failures)
      throws X, NoServerAvailableException {
    requireNonNull(action, "action");
    requireNonNull(failures, "failures");
    Attempt attempt = start(request);
    T result;
    try {
      result = action.at(attempt.server());
    } catch (Throwable e) {
      end(attempt, e, failures);
      throw e;
    }
    attempt.succeed();
    return result;
  }

  private static boolean isException(Throwable thrown) {
    return !(thrown instanceof Error);
  }

  private static void end(
      Attempt attempt, Throwable thrown, Predicate<? super Throwable> failures) {
    if (Thread.currentThread().isInterrupted() || FailureCause.cancels(thrown)) {
      attempt.cancel();
    } else if (blames(failures, thrown)) {
      attempt.fail(thrown);
    } else if (thrown instanceof Error) {
      attempt.cancel();
    } else {
      attempt.succeed();
    }
  }

  @SuppressWarnings("ReferenceEquality") // nothing can suppress itself
  private static boolean blames(Predicate<? super Throwable> failures, Throwable thrown) {
    try {
      return failures.test(thrown);
    } catch (Throwable e) {
      if (e != thrown) {
        thrown.addSuppressed(e);
      }
      return true;
    }
  }

  /**
   * Starts the only attempt of a request that has no key, which the caller has to end. {@link
   * #call} is simpler where an action returns when it is done.
   *
   * @throws NoServerAvailableException if no endpoint takes the attempt, or the balancer is closed
   */
  public Attempt start() throws NoServerAvailableException {
    return start(RequestContext.ANONYMOUS);
  }

  /**
   * Starts an attempt: chooses a server, preferring those that the request has not tried.
   *
   * @throws NoServerAvailableException if no endpoint takes the attempt, or the balancer is closed
   */
  @SuppressWarnings("ReferenceEquality") // whether another snapshot was published meanwhile
  public Attempt start(RequestContext request) throws NoServerAvailableException {
    requireNonNull(request, "request");
    for (Snapshot snapshot = control.snapshot(); ; ) {
      if (control.closed()) {
        throw Refusal.closed(name());
      }
      Attempt attempt = picker.pick(snapshot, request);
      if (attempt != null) {
        if (AttemptLog.enabled()) {
          AttemptLog.started(attempt, request, snapshot);
        }
        return attempt;
      }
      Snapshot latest = control.snapshot();
      if (latest == snapshot) {
        throw Refusal.of(name(), snapshot, request);
      }
      snapshot = latest;
    }
  }

  /**
   * Returns whether there is an eligible server that the request may go to and has not tried: if
   * not, {@link #start(RequestContext)} chooses one that it has, or throws.
   */
  public boolean hasUntried(RequestContext request) {
    requireNonNull(request, "request");
    for (Candidates level : control.snapshot().levels()) {
      for (LiveEndpoint endpoint : level.endpoints()) {
        if (endpoint.state() == EndpointState.ELIGIBLE && !request.skips(endpoint)) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * Completes when the first list with a server arrived; fails with {@link
   * NoServerAvailableException} if the balancer is closed before. Dependent actions run on the
   * control path unless they are async, and should be short.
   */
  public CompletionStage<Void> ready() {
    return ready;
  }

  /** Where single servers are drained, ejected, or given the weight that they report. */
  public Administration admin() {
    return admin;
  }

  /** Where libraries add gates and listeners to this balancer while it runs. */
  public Wiring wiring() {
    return wiring;
  }

  /**
   * The networks that servers may be in: those of {@link Builder#networks}, else {@link
   * Networks#defaults()}. Whoever looks up the name of a server checks by them what was found.
   */
  public Networks networks() {
    Networks given = control.options().networks();
    return given == null ? Networks.defaults() : given;
  }

  /** Returns what the balancer knows now. */
  public LoadBalancerStatus status() {
    Snapshot snapshot = control.snapshot();
    List<LoadBalancerStatus.EndpointStatus> endpoints = new ArrayList<>();
    for (LiveEndpoint endpoint : snapshot.known()) {
      endpoints.add(endpoint.status());
    }
    return new LoadBalancerStatus(
        name(),
        control.closed(),
        snapshot.panic(),
        sampler.leaked(),
        snapshot.status(),
        endpoints,
        control.listAge(),
        control.listStatus(),
        wiring.notices());
  }

  /**
   * Changes options while the balancer runs:
   *
   * <pre>{@code
   * balancer.reconfigure(options -> options.withoutOutlierDetection().panicThreshold(0.3));
   * }</pre>
   *
   * <p>What is set comes into force as a whole, by one new snapshot: from then on no attempt sees
   * anything of what held before. One that starts at that very moment finds a server in any case;
   * but gates are the endpoints' own, so it may be sent by the old chooser and admitted by a new
   * gate, and one whose chooser goes may get any server that has room. Attempts that run are not
   * disturbed. Endpoints keep what is known of them: latency, failures, what is in flight, drains,
   * slow starts, the verdicts of probes, and ejections, which end only with {@link
   * Builder#withoutOutlierDetection}. A chooser that is another object than the one in force begins
   * anew, as do its gates and their limits; what is set to the very object in force is left alone.
   *
   * <p>Takes effect before this returns, unless another thread is just bringing a change into
   * force, which then goes on with this one. On a closed balancer nothing happens. Concurrent calls
   * come one after another, and each sees what the one before has set.
   *
   * @param change is given a builder with the options in force, and sets others; called once, on
   *     this thread. It must not reconfigure this balancer itself. If it throws, nothing changes
   * @throws IllegalArgumentException if an option's value is not valid, or if one is set that stays
   *     for a balancer's life: {@code servers}, {@code listener}, {@code nanoTime}, {@code random}
   *     and {@code scheduler}
   */
  public void reconfigure(Consumer<Builder> change) {
    requireNonNull(change, "change");
    reconfiguring.lock(); // no request takes it, nor does the control path
    try {
      Builder builder = new Builder(name(), control.options());
      change.accept(builder);
      control.options(builder.options());
    } finally {
      reconfiguring.unlock();
    }
    control.reconfigure();
  }

  /**
   * Ends the subscription and the timers; the threads of all balancers end when none needs them.
   * From now on {@code start} throws; attempts that run end normally. Idempotent; a scheduler given
   * to the builder is not shut down.
   */
  @Override
  public void close() {
    control.close();
  }

  /** The status as text. */
  @Override
  public String toString() {
    return status().toString();
  }

  /**
   * What is done at a server, for {@link #call}.
   *
   * @param <T> what it returns
   * @param <X> what it may throw; the compiler finds it, be it one checked exception, several or
   *     none
   */
  @FunctionalInterface
  public interface Action<T extends @Nullable Object, X extends Exception> {

    /** Sends the request to this server, and returns when the response was read. */
    T at(Server server) throws X;
  }

  /** Collects the options of a {@link LoadBalancer}; not thread-safe. */
  public static final class Builder {

    /**
     * Half, as in Envoy: with fewer eligible endpoints, the rest would carry more than twice its
     * load.
     */
    public static final double DEFAULT_PANIC_THRESHOLD = 0.5;

    /**
     * 5 minutes: long enough for a discovery outage to be noticed, short enough for a service that
     * was removed.
     */
    public static final Duration DEFAULT_EMPTY_LIST_GRACE = Duration.ofMinutes(5);

    /** One in 128: a leak shows within minutes, and the cost is lost in the noise. */
    public static final int DEFAULT_LEAK_SAMPLING = 128;

    /** One object, so that a ramp goes on when it is set once more. */
    private static final SlowStart AFTER_EJECTIONS = SlowStart.builder().build();

    private final String name;
    private @Nullable ServerList servers;
    private Chooser chooser = Choosers.powerOfTwoChoices();
    private double panicThreshold = DEFAULT_PANIC_THRESHOLD;
    private Duration emptyListGrace = DEFAULT_EMPTY_LIST_GRACE;
    private int leakSampling = DEFAULT_LEAK_SAMPLING;
    private final List<Gate.Factory> gates = new ArrayList<>();
    private @Nullable HealthCheck healthCheck;
    private @Nullable OutlierDetection outlierDetection = OutlierDetection.defaults();
    private @Nullable Locality locality;
    private @Nullable Subset subset;
    private @Nullable SlowStart slowStart = AFTER_EJECTIONS;
    private boolean slowStartOfAll;
    private @Nullable Networks networks;
    private final List<LoadBalancerListener> listeners = new ArrayList<>();
    private LongSupplier nanoTime = System::nanoTime;
    private RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
    private @Nullable ScheduledExecutorService scheduler;
    private final boolean running; // these are the options of a balancer that runs

    private Builder(String name) {
      if (requireNonNull(name, "name").isBlank()) {
        throw new IllegalArgumentException("name: '" + name + "' (expected: not blank)");
      }
      this.name = name;
      this.running = false;
    }

    private Builder(String name, Options inForce) {
      this.name = name;
      this.running = true;
      chooser = inForce.chooser();
      panicThreshold = inForce.panicThreshold();
      emptyListGrace = inForce.emptyListGrace();
      leakSampling = inForce.leakSampling();
      gates.addAll(inForce.gates());
      healthCheck = inForce.healthCheck();
      outlierDetection = inForce.outlierDetection();
      locality = inForce.locality();
      subset = inForce.subset();
      slowStart = inForce.slowStart();
      slowStartOfAll = inForce.slowStartOfAll();
      networks = inForce.networks();
    }

    private void checkNotRunning(String option) {
      if (running) {
        throw new IllegalArgumentException(
            option + ": set on a running balancer (expected: before build() only)");
      }
    }

    /** Sets where the servers come from; required. */
    public Builder servers(ServerList servers) {
      checkNotRunning("servers");
      this.servers = requireNonNull(servers, "servers");
      return this;
    }

    /**
     * Sets the networks that servers may be in. An entry of the list at another address never
     * becomes a server, and a warning names it; if all are, the list counts as a failure of its
     * source, and the last good one stays. Where the host of a server is a name, {@code lb-okhttp}
     * leaves out those of its addresses that are elsewhere, each time that it connects; without it,
     * check them by {@link LoadBalancer#networks()}.
     *
     * <p>By default it is {@link Networks#defaults()}: link-local addresses and those of the
     * clouds' metadata are refused, in lists and behind names, but an address that a program has
     * written down itself in {@link ServerList#of(Server...)} is not.
     */
    public Builder networks(Networks networks) {
      this.networks = requireNonNull(networks, "networks");
      return this;
    }

    /** Lets servers be in any network but those that are refused by default. */
    public Builder withoutNetworks() {
      this.networks = null;
      return this;
    }

    /** Sets the strategy; by default {@link Choosers#powerOfTwoChoices()}. */
    public Builder chooser(Chooser chooser) {
      this.chooser = requireNonNull(chooser, "chooser");
      return this;
    }

    /**
     * Sets the share of eligible endpoints below which health is ignored, so that the few are not
     * overloaded; 0.5 by default, 0 turns panic off. With fewer than 5 endpoints, panic begins only
     * when none is eligible.
     *
     * @throws IllegalArgumentException if the threshold is not 0 to 1
     */
    public Builder panicThreshold(double threshold) {
      if (!(threshold >= 0 && threshold <= 1)) {
        throw new IllegalArgumentException("panicThreshold: " + threshold + " (expected: 0 to 1)");
      }
      this.panicThreshold = threshold;
      return this;
    }

    /**
     * Sets how long the last list stays in force when the source reports an empty one; 5 minutes by
     * default, zero brings an empty list into force at once.
     *
     * @throws IllegalArgumentException if the duration is negative or more than 100 days
     */
    public Builder emptyListGrace(Duration grace) {
      requireNonNull(grace, "grace");
      if (grace.isNegative() || grace.compareTo(Duration.ofDays(100)) > 0) {
        throw new IllegalArgumentException(
            "emptyListGrace: " + grace + " (expected: PT0S to PT2400H)");
      }
      this.emptyListGrace = grace;
      return this;
    }

    /**
     * Sets that one attempt in so many is watched for being dropped without being ended; 128 by
     * default, 0 turns the watch off. A leaked attempt that is watched is given back and a warning
     * is logged. With 1 every attempt is watched and the warning has the stack trace of its start,
     * which is slow: for finding a leak.
     *
     * @throws IllegalArgumentException if the number is negative
     */
    public Builder leakSampling(int oneIn) {
      if (oneIn < 0) {
        throw new IllegalArgumentException("leakSampling: " + oneIn + " (expected: 0 or more)");
      }
      this.leakSampling = oneIn;
      return this;
    }

    /** Sets where this client runs; by default zones are not looked at. */
    public Builder locality(Locality locality) {
      this.locality = requireNonNull(locality, "locality");
      return this;
    }

    /** Looks at no zones, as by default. */
    public Builder withoutLocality() {
      this.locality = null;
      return this;
    }

    /** Sets which part of a large list this client uses; by default all of it. */
    public Builder subset(Subset subset) {
      this.subset = requireNonNull(subset, "subset");
      return this;
    }

    /** Uses the whole list, as by default. */
    public Builder withoutSubset() {
      this.subset = null;
      return this;
    }

    /** Sets how the servers are asked whether they are well; by default they are not asked. */
    public Builder healthCheck(HealthCheck check) {
      this.healthCheck = requireNonNull(check, "check");
      return this;
    }

    /** Asks no server whether it is well, as by default. */
    public Builder withoutHealthCheck() {
      this.healthCheck = null;
      return this;
    }

    /**
     * Sets how an endpoint is brought up to its full weight when it is new, or may be chosen again:
     * after it had left the list, was drained, failed its probes, was ejected, or had a closed
     * gate. The servers of the first list start with their full weight. By default slow start is
     * {@linkplain #slowStartAfterEjections after ejections} only.
     */
    public Builder slowStart(SlowStart slowStart) {
      this.slowStart = requireNonNull(slowStart, "slowStart");
      this.slowStartOfAll = true;
      return this;
    }

    /** Brings up only those endpoints that come back from an ejection, over 30 s, as by default. */
    public Builder slowStartAfterEjections() {
      this.slowStart = AFTER_EJECTIONS;
      this.slowStartOfAll = false;
      return this;
    }

    /** Lets every endpoint have its full weight at once, also after an ejection. */
    public Builder withoutSlowStart() {
      this.slowStart = null;
      return this;
    }

    /**
     * Sets how servers are found that fail more than they should, and for how long they are taken
     * out; {@link OutlierDetection#defaults()} by default.
     */
    public Builder outlierDetection(OutlierDetection detection) {
      this.outlierDetection = requireNonNull(detection, "detection");
      return this;
    }

    /** Sets that no server is taken out for its failures, nor by {@link Administration#eject}. */
    public Builder withoutOutlierDetection() {
      this.outlierDetection = null;
      return this;
    }

    /** Adds a gate to every endpoint; by default there is none. See {@link Wiring#addGate}. */
    public Builder gate(Gate.Factory factory) {
      gates.add(requireNonNull(factory, "factory"));
      return this;
    }

    /** Leaves out the gates that this builder was given; not those of {@link Wiring#addGate}. */
    public Builder withoutGates() {
      gates.clear();
      return this;
    }

    /**
     * Adds what is told of the balancer's events; by default there is nothing. See {@link
     * Wiring#addListener}.
     */
    public Builder listener(LoadBalancerListener listener) {
      checkNotRunning("listener");
      listeners.add(requireNonNull(listener, "listener"));
      return this;
    }

    /** Sets the source of elapsed nanoseconds; {@link System#nanoTime} by default. */
    public Builder nanoTime(LongSupplier nanoTime) {
      checkNotRunning("nanoTime");
      this.nanoTime = requireNonNull(nanoTime, "nanoTime");
      return this;
    }

    /**
     * Sets the source of randomness, which must be safe from any thread; {@link ThreadLocalRandom}
     * by default.
     */
    public Builder random(RandomGenerator random) {
      checkNotRunning("random");
      this.random = requireNonNull(random, "random");
      return this;
    }

    /**
     * Sets what runs the timers and calls the probes, which the caller shuts down; by default the
     * daemon threads that all balancers share. If it is shut down before the balancer is closed,
     * those take its place, and an error is logged once.
     */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      checkNotRunning("scheduler");
      this.scheduler = requireNonNull(scheduler, "scheduler");
      return this;
    }

    private Options options() {
      return new Options(
          chooser,
          panicThreshold,
          emptyListGrace,
          leakSampling,
          List.copyOf(gates),
          healthCheck,
          outlierDetection,
          locality,
          subset,
          slowStart,
          slowStartOfAll,
          networks);
    }

    /**
     * Returns the balancer, subscribed to its list.
     *
     * @throws NullPointerException if no server list was given
     * @throws IllegalArgumentException if this builder came from {@link LoadBalancer#reconfigure}
     */
    public LoadBalancer build() {
      checkNotRunning("build");
      return new LoadBalancer(
          this, requireNonNull(servers, "servers: null (expected: a ServerList)"));
    }
  }
}
