package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Gate;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.okhttp.internal.route.Detachment;
import io.evenload.okhttp.internal.route.NetworkHalf;
import io.evenload.okhttp.internal.route.ServerRoutes;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.io.IOException;
import java.net.ProtocolException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntPredicate;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * An OkHttp interceptor that sends each call for a service's host to a server that the service's
 * balancer chooses, and tries another one if that fails. Calls for all other hosts pass untouched.
 *
 * <pre>{@code
 * LoadBalancer orders = LoadBalancer.of("orders", Server.of("10.0.0.1", 8080), Server.of("10.0.0.2", 8080));
 * OkHttpClient client = LoadBalancingInterceptor.of("orders", orders).install(new OkHttpClient.Builder()).build();
 * Request request = new Request.Builder().url("http://orders/v1/items").build();
 * try (Response response = client.newCall(request).execute()) {
 *   ...
 * }
 * }</pre>
 *
 * <p>The URL keeps the logical name: the Host header, the name that TLS verifies, cookies, the
 * cache and redirects see {@code orders}, whatever server is called. {@link #install} is the way to
 * add the interceptor: it puts it last and adds what has to sit next to the network.
 *
 * <p>An attempt is in flight until the response body is read or closed, so a stream or a web socket
 * counts as long as it lives. A status of 500 or more is a failure of the server, as is a status of
 * {@link RetryPolicy#statuses()}, an exception on the way, and a call's timeout before the response
 * began. A cancelled call and a 429 count neither way, and neither does a response from the cache.
 * A web socket is a success once it is open, however it ends.
 *
 * <p>A request may carry a {@link RequestContext} as a tag, with a key or a filter. Each call takes
 * a {@linkplain RequestContext#copy copy}, so a request may be called again:
 *
 * <pre>{@code
 * new Request.Builder().url("http://orders/v1/items").tag(RequestContext.class, RequestContext.withKey(userId))
 * }</pre>
 *
 * <p>Sessions may also be told by a header, a cookie or a function of the request, or be led back
 * to their server by a cookie: see {@link Affinity}.
 *
 * <p>If the balancer has no server, the call fails with an {@link IOException} whose message begins
 * with that of the {@link NoServerAvailableException}, and whose cause it is.
 *
 * <p>Needs OkHttp 5.4.0 or newer, and no proxy: a call that OkHttp would send through one fails.
 * Give the client a {@link okhttp3.ConnectionPool} that keeps an idle connection or more for each
 * server (OkHttp's default keeps 5 in all), and a {@link okhttp3.Dispatcher} whose {@code
 * maxRequestsPerHost} allows for the whole service, since all its servers are one host there.
 *
 * <p>A server that drains, or left the list, gets no new call. Its running calls finish, and a
 * second or two after the last its idle connections are closed, so that the server sees them end.
 * OkHttp's pool holds the dead entries, and counts them, until its keep-alive time is over.
 *
 * <p>If the client follows redirects, one from a service to another of the same interceptor is
 * balanced again. A redirect within the host goes to the same server, and one to a host that is no
 * service is followed as OkHttp does; from there, one to a service is balanced too, unless {@link
 * Builder#serviceOf} is set.
 *
 * <p>Thread-safe; one instance may serve several clients, and its options may {@linkplain
 * #reconfigure change} while it does.
 */
public final class LoadBalancingInterceptor implements Interceptor {

  /** 100,000: more calls at once than one client can have sockets for. */
  public static final int MAX_CONCURRENT_CALLS = 100_000;

  /** As many redirects as OkHttp follows. */
  private static final int MAX_REDIRECTS = 20;

  private final Map<String, BalancedService> services;
  private final @Nullable Function<Request, @Nullable String> serviceOf;
  private final NetworkHalf networkHalf = new NetworkHalf(call -> call.tag(Tags.CARRIER));
  private final Separation separation;
  private final Set<LoadBalancer> balancers;
  private final ReentrantLock reconfiguring = new ReentrantLock();

  // Guarded by the lock.
  private Builder inForce;
  private Gate.@Nullable Factory breakers;

  private LoadBalancingInterceptor(Builder builder) {
    RateLimitedLog log = new RateLimitedLog(builder.timing.nanoTime());
    ContainedListener listener = new ContainedListener(builder.listener, log);
    ServerRoutes routes = new ServerRoutes(this::leadsTo, builder.separateCalls);
    this.separation = new Separation(builder.separateCalls, networkHalf, log);
    PathPrefix pathPrefix = new PathPrefix(builder.pathPrefix);
    Router router =
        new Router(
            new NestedCall.Clients(this, networkHalf),
            routes,
            this::leadsTo,
            pathPrefix,
            listener,
            log,
            builder.detaches);
    SizingAdvice sizing = builder.separateCalls ? null : new SizingAdvice(log);
    Map<String, BalancedService> services = new HashMap<>();
    builder.services.forEach(
        (host, balancer) ->
            services.put(
                host,
                new BalancedService(
                    host, balancer, builder, router, separation, listener, sizing, log)));
    this.services = Map.copyOf(services);
    this.serviceOf = builder.serviceOf;
    builder.services.forEach(
        (host, balancer) -> balancer.addListener(routes.watch(host, balancer)));
    this.balancers = Set.copyOf(builder.services.values());
    this.inForce = new Builder(builder);
    this.breakers = breakers(null, builder.circuitBreaker);
    listener.addedTo(this); // last, when all the rest is there
  }

  /**
   * Gives all balancers these breakers in place of those, which go only then.
   *
   * @return what makes the breakers; null if there are none
   */
  private Gate.@Nullable Factory breakers(
      Gate.@Nullable Factory last, @Nullable CircuitBreakerConfig config) {
    if (config != null) {
      BreakerCheck.verify();
    }
    Gate.Factory next = config == null ? null : BreakerGate.factory(config);
    for (LoadBalancer balancer : balancers) {
      if (next != null) {
        balancer.addGate(next);
      }
      if (last != null) {
        balancer.removeGate(last);
      }
    }
    return next;
  }

  /**
   * Changes options while calls run:
   *
   * <pre>{@code
   * interceptor.reconfigure(options -> options.retry(RetryPolicy.none()).withoutCircuitBreaker());
   * }</pre>
   *
   * <p>Calls that run keep the options that they began with; those that begin after this returned
   * have the new ones. What was counted for the retry budget and the quantiles of hedging stays,
   * and so does the queue of calls that wait for room. Breakers stay as they are if {@link
   * Builder#circuitBreaker} is left as it is, or set to the very object in force; with another one
   * they begin anew, closed. Concurrent calls come one after another, and each sees what the one
   * before has set.
   *
   * @param change is given a builder with the options in force, and sets others; called once, on
   *     this thread. It must not reconfigure this interceptor itself. If it throws, nothing changes
   * @throws IllegalArgumentException if an option's value is not valid, or if one is set that stays
   *     for an interceptor's life: {@code service}, {@code serviceOf}, {@code pathPrefix}, {@code
   *     listener} and {@code separateCalls}
   */
  @SuppressWarnings("ReferenceEquality") // this very config
  public void reconfigure(Consumer<Builder> change) {
    requireNonNull(change, "change");
    reconfiguring.lock(); // no call takes it
    try {
      Builder last = inForce;
      Builder given = new Builder(last);
      change.accept(given);
      Builder next = new Builder(given); // the one given may be kept, and changed, by the caller
      inForce = next;
      services.values().forEach(service -> service.use(next));
      if (next.circuitBreaker != last.circuitBreaker) {
        breakers = breakers(breakers, next.circuitBreaker);
      }
    } finally {
      reconfiguring.unlock();
    }
  }

  /**
   * Returns an interceptor for one service, with all defaults.
   *
   * @param host the host that URLs name the service by
   * @throws IllegalArgumentException if the host is an address, or cannot be the host of a URL
   */
  public static LoadBalancingInterceptor of(String host, LoadBalancer balancer) {
    return builder().service(host, balancer).build();
  }

  /** Returns a builder. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Adds this interceptor to the client as its last application interceptor so far, and as a
   * network interceptor the half that has to sit next to the network; returns the builder.
   * Interceptors that are added before see each call once; those added later run for each attempt.
   *
   * <p>An interceptor that is added alone, by {@code addInterceptor}, is as safe, and makes each
   * attempt by a call of its own, as {@link Builder#separateCalls} describes; the log says so once.
   * On the module path, unless OkHttp's inner package is exported to this module, its calls fail
   * with a message that names this method.
   *
   * @throws IllegalStateException if OkHttp is older than 5.4.0, or on the class path twice
   */
  public OkHttpClient.Builder install(OkHttpClient.Builder client) {
    OkHttpCheck.require();
    separation.installed();
    return client.addInterceptor(this).addNetworkInterceptor(networkHalf);
  }

  /**
   * Does what {@link #install(OkHttpClient.Builder)} does, and gives the client a {@link
   * Dispatcher} that runs so many calls at once, to one host or all, and a {@link ConnectionPool}
   * that keeps so many idle connections, for 5 minutes each, as OkHttp does. By default OkHttp runs
   * 5 enqueued calls at once to a service, whatever the number of its servers, and keeps 5 idle
   * connections in all; a client that is used so is warned of once in the log. Calls that are
   * executed, not enqueued, are not limited.
   *
   * @param concurrentCalls the most calls at once; at least the number of servers, so that each
   *     keeps a connection
   * @throws IllegalArgumentException if it is not 1 to {@link #MAX_CONCURRENT_CALLS}
   */
  public OkHttpClient.Builder install(OkHttpClient.Builder client, int concurrentCalls) {
    if (concurrentCalls < 1 || concurrentCalls > MAX_CONCURRENT_CALLS) {
      throw new IllegalArgumentException(
          "concurrentCalls: " + concurrentCalls + " (expected: 1 to " + MAX_CONCURRENT_CALLS + ")");
    }
    Dispatcher dispatcher = new Dispatcher();
    dispatcher.setMaxRequests(concurrentCalls);
    dispatcher.setMaxRequestsPerHost(concurrentCalls);
    return install(client)
        .dispatcher(dispatcher)
        .connectionPool(new ConnectionPool(concurrentCalls, 5, TimeUnit.MINUTES));
  }

  /**
   * Balances the call if it is for one of the services.
   *
   * @throws IOException as the call does; if no server is available; if the client uses a proxy; if
   *     OkHttp is older than 5.4.0 or on the class path twice
   */
  @Override
  public Response intercept(Chain chain) throws IOException {
    Request request = chain.request();
    BalancedService service = service(request);
    Response prior = null;
    for (int redirects = 0; service != null; redirects++) {
      try {
        return ServiceRedirect.after(prior, service.intercept(chain, request));
      } catch (ServiceRedirect e) {
        if (redirects == MAX_REDIRECTS) {
          throw new ProtocolException("Too many follow-up requests: " + (MAX_REDIRECTS + 1));
        }
        request = e.followUp();
        prior = e.redirect(prior);
        service = service(request);
      }
    }
    return ServiceRedirect.after(prior, chain.proceed(request));
  }

  /** Whether OkHttp must not follow a redirect to another host, because it may be a service's. */
  boolean leadsTo(String host) {
    return serviceOf != null || services.containsKey(host);
  }

  private @Nullable BalancedService service(Request request) throws IOException {
    String host = request.url().host();
    if (serviceOf == null) {
      return services.get(host);
    }
    String name;
    try {
      name = serviceOf.apply(request);
    } catch (RuntimeException e) {
      throw new IOException(host + ": the service of the request could not be told", e);
    }
    if (name == null) {
      return null;
    }
    BalancedService service = services.get(name.toLowerCase(Locale.ROOT));
    if (service == null) {
      throw new IOException(
          host + ": service '" + name + "' (expected: null or one of " + services.keySet() + ")");
    }
    if (ServiceHost.isAddress(host)) {
      throw new IOException(
          host + ": an address cannot be led to a server (expected: a URL with a host name)");
    }
    return service;
  }

  /**
   * Returns the attempts of a balanced call in the order of their starts, the last of which the
   * response is from; empty if the call was not balanced. If the cache answered, the server of the
   * attempt was chosen and not asked. Interceptors may have rebuilt the response, as long as its
   * request is still the one of the call.
   */
  public static List<CallAttempt> attemptsOf(Response response) {
    AttemptHistory call = response.request().tag(AttemptHistory.class);
    return call == null ? List.of() : call.attempts();
  }

  /**
   * Returns the attempts of a balanced call that failed with this exception, in the order of their
   * starts; empty if none was made. The exception also names them when it is printed, as a
   * suppressed one.
   */
  public static List<CallAttempt> attemptsOf(IOException failure) {
    return AttemptsException.of(requireNonNull(failure, "failure"));
  }

  /** Returns the hosts that the services were added with. */
  public Set<String> hosts() {
    return services.keySet();
  }

  /**
   * Returns how many retries and hedges the budget of a service has left now, which grows with each
   * call; infinite without a budget.
   *
   * @param host the host that the service was added with
   * @throws IllegalArgumentException if there is no such service
   */
  public double retriesLeft(String host) {
    BalancedService service = services.get(host.toLowerCase(Locale.ROOT));
    if (service == null) {
      throw new IllegalArgumentException(
          "host: '" + host + "' (expected: one of " + services.keySet() + ")");
    }
    return service.options().retries().left();
  }

  /**
   * Returns the attempt that is being made, for an interceptor behind this one, be it on the
   * network or not: the service, the server, the reason and the caller's call. What will come of it
   * is not known yet; its {@link CallAttempt#failure() failure} is null unless it was cut short by
   * {@link RetryPolicy.Builder#attemptTimeout}, which the interceptor sees as a cancelled call.
   *
   * <p>Null if the call is not balanced, and for a request that is none: before a call goes on to
   * another server, this interceptor takes it off its connection by proceeding to a host that is
   * never resolved. So an interceptor should let a request pass for which this is null.
   *
   * @param chain the one that the interceptor was given, on the thread it was given it
   */
  public static @Nullable CallAttempt attemptOf(Chain chain) {
    return Detachment.isFor(chain.request()) ? null : BalancedCall.current(chain.call());
  }

  /** The hosts. */
  @Override
  public String toString() {
    return "LoadBalancingInterceptor" + services.keySet();
  }

  /** Collects the options of a {@link LoadBalancingInterceptor}; not thread-safe. */
  public static final class Builder {

    /** 50 %: a server that fails more often than it answers. */
    public static final float DEFAULT_FAILURE_RATE_THRESHOLD = 50;

    /** The last 50 attempts at a server. */
    public static final int DEFAULT_SLIDING_WINDOW_SIZE = 50;

    /** 20 attempts: fewer tell too little of a rate. */
    public static final int DEFAULT_MINIMUM_NUMBER_OF_CALLS = 20;

    /** 5 s: about what a server takes to restart or a deployment to move on. */
    public static final Duration DEFAULT_WAIT_DURATION_IN_OPEN_STATE = Duration.ofSeconds(5);

    /** 3 trials decide whether a breaker closes or opens again. */
    public static final int DEFAULT_CALLS_IN_HALF_OPEN_STATE = 3;

    private static final String SEPARATE_CALLS = "io.evenload.okhttp.separateCalls";
    private static final Duration LONGEST_WAIT = Duration.ofHours(1);

    private final Map<String, LoadBalancer> services = new LinkedHashMap<>();
    RetryPolicy retry = RetryPolicy.defaults();
    private @Nullable CircuitBreakerConfig circuitBreaker = defaultCircuitBreaker();
    Duration waitForServers = Duration.ZERO;
    Duration waitForRoom = Duration.ZERO;
    @Nullable IntPredicate failureStatuses;
    @Nullable String timeoutHeader;
    BackendHints hints = BackendHints.NONE;
    private @Nullable Function<Request, @Nullable String> serviceOf;
    private Function<Server, String> pathPrefix = server -> "";
    Affinity affinity = Affinity.none();
    private CallListener listener = ContainedListener.NOBODY;
    Timing timing = Timing.SYSTEM;
    private boolean detaches = true;
    private boolean separateCalls = Boolean.getBoolean(SEPARATE_CALLS);
    private final boolean running; // these are the options of an interceptor that runs

    private Builder() {
      running = false;
    }

    /** The options in force, of which only some can be changed. */
    private Builder(Builder inForce) {
      running = true;
      retry = inForce.retry;
      circuitBreaker = inForce.circuitBreaker;
      waitForServers = inForce.waitForServers;
      waitForRoom = inForce.waitForRoom;
      failureStatuses = inForce.failureStatuses;
      timeoutHeader = inForce.timeoutHeader;
      hints = inForce.hints;
      affinity = inForce.affinity;
    }

    private void checkNotRunning(String option) {
      if (running) {
        throw new IllegalArgumentException(
            option + ": set on a running interceptor (expected: before build() only)");
      }
    }

    /**
     * Adds a service; at least one is required.
     *
     * @param host the host that URLs name the service by; upper and lower case are the same
     * @throws IllegalArgumentException if the host is an address, cannot be the host of a URL, or
     *     was added before
     */
    public Builder service(String host, LoadBalancer balancer) {
      checkNotRunning("service");
      requireNonNull(balancer, "balancer");
      String canonical = ServiceHost.canonical(host);
      if (services.putIfAbsent(canonical, balancer) != null) {
        throw new IllegalArgumentException("host: '" + host + "' (expected: each host once)");
      }
      return this;
    }

    /**
     * Sets which service a request is for, for services that a URL's host alone does not tell
     * apart; by default the one that was added with the URL's host.
     *
     * @param serviceOf returns the host that a service was added with, or null for a request that
     *     is not to be balanced; called once for each call, on its thread. The host of the URL may
     *     be any name then, and is what servers and certificates see; under another name than the
     *     service's, idle connections to a server that left stay until the pool closes them. If it
     *     throws or returns what was not added, the call fails
     */
    public Builder serviceOf(Function<Request, @Nullable String> serviceOf) {
      checkNotRunning("serviceOf");
      this.serviceOf = requireNonNull(serviceOf, "serviceOf");
      return this;
    }

    /**
     * Sets the path that each server has before the paths of URLs, such as {@code server ->
     * server.metadata().getOrDefault("path", "")}; none by default. A call to {@code
     * http://orders/v1/items} then asks a server with the prefix {@code /shop} for {@code
     * /shop/v1/items}. The response's request has the URL of the call, and its {@link
     * Response#networkResponse} what was sent; cookies and the cache go by what was sent.
     *
     * @param pathPrefix returns an empty string, or a path that begins with a slash; called for
     *     each attempt. If it throws or returns something else, the call fails
     */
    public Builder pathPrefix(Function<Server, String> pathPrefix) {
      checkNotRunning("pathPrefix");
      this.pathPrefix = requireNonNull(pathPrefix, "pathPrefix");
      return this;
    }

    /**
     * Sets when a call is tried again; {@link RetryPolicy#defaults()} by default. A request may
     * carry another one as a tag.
     */
    public Builder retry(RetryPolicy policy) {
      this.retry = requireNonNull(policy, "policy");
      return this;
    }

    /**
     * Sets the circuit breaker that each server gets, one for each server of a balancer. It is on
     * by default: over the last 50 attempts, of which there must be 20, it opens when 50 % failed;
     * after 5 s it lets 3 attempts through. While it is open its server is not chosen.
     *
     * <p>Its time is the balancer's (but a time-based window counts by the system's), its window is
     * always lock-free, and what counts as a failure is what this interceptor says: the predicates
     * for exceptions and results are not asked.
     *
     * <p>A balancer that is given to several interceptors gets the breakers of each.
     */
    public Builder circuitBreaker(CircuitBreakerConfig config) {
      this.circuitBreaker = requireNonNull(config, "config");
      return this;
    }

    /** Turns the circuit breaker off. */
    public Builder withoutCircuitBreaker() {
      this.circuitBreaker = null;
      return this;
    }

    /**
     * Sets how long a call waits for a balancer that has not received any list of servers yet; zero
     * by default. The wait ends at once when the call is canceled or times out.
     *
     * @throws IllegalArgumentException if the duration is not zero to one hour
     */
    public Builder waitForServers(Duration wait) {
      this.waitForServers = wait("waitForServers", wait);
      return this;
    }

    /**
     * Sets how long a call waits when all servers that it could go to are at their limit, such as
     * one of {@link io.evenload.limit.ConcurrencyLimits}; zero by default, since calls that wait
     * use up threads just when a service is slow. Calls are served in the order of their coming,
     * roughly. The wait ends at once when the call is canceled or times out. Retries do not wait.
     *
     * @throws IllegalArgumentException if the duration is not zero to one hour
     */
    public Builder waitForRoom(Duration wait) {
      this.waitForRoom = wait("waitForRoom", wait);
      return this;
    }

    /**
     * Sets what keeps the calls of a session together; nothing by default but the key that a {@link
     * RequestContext} tag may have.
     */
    public Builder affinity(Affinity affinity) {
      this.affinity = requireNonNull(affinity, "affinity");
      return this;
    }

    /**
     * Sets which statuses count as failures of the server, for breakers, limits, ejection and
     * choosers; by default 500 and more, and those of {@link RetryPolicy#statuses()}. So 4xx are
     * successes, but a 429 counts neither way. Cancelled calls never count.
     */
    public Builder failureStatuses(IntPredicate statuses) {
      this.failureStatuses = requireNonNull(statuses, "statuses");
      return this;
    }

    /** Counts the statuses as failures that do by default. */
    public Builder defaultFailureStatuses() {
      this.failureStatuses = null;
      return this;
    }

    /** Sets what is believed of the things that servers say of themselves; by default nothing. */
    public Builder hints(BackendHints hints) {
      this.hints = requireNonNull(hints, "hints");
      return this;
    }

    /**
     * Sets the header that tells the server how many milliseconds are left for its answer: of the
     * call's timeout, or of the {@linkplain RetryPolicy.Builder#attemptTimeout attempt's} if that
     * is shorter. Without either it is not sent, and a request that has it keeps it. There is none
     * by default; {@code X-Request-Timeout} is a usual name.
     *
     * @throws IllegalArgumentException if no header can have this name
     */
    public Builder timeoutHeader(String name) {
      this.timeoutHeader = HeaderName.checked("timeoutHeader", name);
      return this;
    }

    /** Tells servers nothing of the time that is left, as by default. */
    public Builder withoutTimeoutHeader() {
      this.timeoutHeader = null;
      return this;
    }

    /** Sets what is told of the calls; by default nothing. */
    public Builder listener(CallListener listener) {
      checkNotRunning("listener");
      this.listener = requireNonNull(listener, "listener");
      return this;
    }

    /**
     * Makes each attempt by a call of its own of a client derived from the caller's, as hedging and
     * attempt timeouts do anyway; off by default. Then this interceptor uses what OkHttp documents
     * and no more, but for the one method that tells the client of a call, without which calls
     * fail. It is for a version of OkHttp with which something is wrong, until that is mended. The
     * system property {@code io.evenload.okhttp.separateCalls=true} does the same for all
     * interceptors that are built after it was set.
     *
     * <p>What it costs: the caller's call ends for its event listeners when the response begins,
     * each attempt appears there as another call, and its timeout does not cover the body (that of
     * the attempt's call does). A request that was refused by HTTP/2, or found its connection
     * closed, is retried only if it is idempotent. A client too small for its servers is not warned
     * of.
     */
    public Builder separateCalls() {
      checkNotRunning("separateCalls");
      this.separateCalls = true;
      return this;
    }

    /** Sets time and chance, for tests. */
    Builder timing(Timing timing) {
      this.timing = timing;
      return this;
    }

    /** Leaves out what keeps retries from being misrouted, so that a test can see them noticed. */
    Builder withoutDetaching() {
      this.detaches = false;
      return this;
    }

    /**
     * Returns the interceptor.
     *
     * @throws IllegalArgumentException if no service was added, or this builder came from {@link
     *     LoadBalancingInterceptor#reconfigure}
     * @throws IllegalStateException if OkHttp is older than 5.4.0, or on the class path twice; if
     *     resilience4j is too old for the circuit breaker. The message names the jar and the cure
     */
    public LoadBalancingInterceptor build() {
      OkHttpCheck.require();
      checkNotRunning("build");
      if (services.isEmpty()) {
        throw new IllegalArgumentException("services: none (expected: at least one)");
      }
      return new LoadBalancingInterceptor(this);
    }

    private static Duration wait(String name, Duration wait) {
      requireNonNull(wait, "wait");
      if (wait.isNegative() || wait.compareTo(LONGEST_WAIT) > 0) {
        throw new IllegalArgumentException(
            name + ": " + wait + " (expected: PT0S to " + LONGEST_WAIT + ")");
      }
      return wait;
    }

    private static CircuitBreakerConfig defaultCircuitBreaker() {
      return CircuitBreakerConfig.custom()
          .failureRateThreshold(DEFAULT_FAILURE_RATE_THRESHOLD)
          .slidingWindowType(SlidingWindowType.COUNT_BASED)
          .slidingWindowSize(DEFAULT_SLIDING_WINDOW_SIZE)
          .minimumNumberOfCalls(DEFAULT_MINIMUM_NUMBER_OF_CALLS)
          .waitDurationInOpenState(DEFAULT_WAIT_DURATION_IN_OPEN_STATE)
          .permittedNumberOfCallsInHalfOpenState(DEFAULT_CALLS_IN_HALF_OPEN_STATE)
          .build();
    }
  }
}
