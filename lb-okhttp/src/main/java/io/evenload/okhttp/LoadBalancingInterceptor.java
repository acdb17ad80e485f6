package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.okhttp.internal.route.Detachment;
import io.evenload.okhttp.internal.route.NetworkHalf;
import io.evenload.okhttp.internal.route.ServerRoutes;
import java.io.IOException;
import java.net.ProtocolException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
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
 * {@link RetryPolicy#statuses()}, an exception on the way, and an attempt's timeout. A cancelled
 * call, a lost hedge, a call whose own timeout is over before the response begins, and a 429 count
 * neither way, nor does a response from the cache; but a server that answers nothing for long is
 * ejected. A web socket is a success once it is open, however it ends.
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
 * maxRequestsPerHost} allows for the whole service, since all its servers are one host there, and
 * whose {@code maxRequests} allows for all services, since otherwise one that hangs stops the
 * others; {@link #install(OkHttpClient.Builder, int)} gives it both.
 *
 * <p>A server that drains, or left the list, gets no new call. Its running calls finish, and a
 * second or two after the last its connections are closed that no call uses, not even one of
 * another client with the same pool, so that the server sees them end. Its web sockets and event
 * streams end in time if {@link ConnectionPolicy.Builder#drainStreams} says so.
 *
 * <p>If the client follows redirects, one from a service to another of the same interceptor is
 * balanced again. A redirect within the host and the service goes to the same server, and one to a
 * host that is no service is followed as OkHttp does; from there, one to a service is balanced too,
 * unless {@link Builder#serviceOf} is set.
 *
 * <p>Several services go into one interceptor, each with {@linkplain ServiceOptions options} of its
 * own if need be.
 *
 * <p>Thread-safe; one instance may serve several clients, and its options may {@linkplain
 * #reconfigure change} while it does. An interceptor that is used no more while its balancers go on
 * is to be {@linkplain #close closed}.
 */
public final class LoadBalancingInterceptor implements Interceptor, AutoCloseable {

  /** 100,000: more calls at once than one client can have sockets for. */
  public static final int MAX_CONCURRENT_CALLS = 100_000;

  /** As many redirects as OkHttp follows. */
  private static final int MAX_REDIRECTS = 20;

  private final Map<String, BalancedService> services;
  private final @Nullable Function<Request, @Nullable String> serviceOf;
  private final NetworkHalf networkHalf = new NetworkHalf(call -> call.tag(Tags.CARRIER));
  private final ServerRoutes routes;
  private final Separation separation;
  private final CallStart.Note startNote;
  private final Map<String, LoadBalancer> balancers;
  private final List<Runnable> watches; // ends what the balancers tell
  private final ReentrantLock changing = new ReentrantLock();
  private final Breakers breakers = new Breakers(); // guarded by the lock
  private Map<String, OwnOptions> inForce; // guarded by the lock
  private volatile boolean closed;

  private LoadBalancingInterceptor(Builder builder, Map<String, OwnOptions> options) {
    RateLimitedLog log = new RateLimitedLog(builder.timing.nanoTime());
    this.startNote = new CallStart.Note(builder.timing.nanoTime());
    ContainedListener listener = new ContainedListener(builder.listener, log);
    this.routes =
        new ServerRoutes(this::leadsTo, builder.separateCalls, builder.timing.ageLimits());
    this.separation = new Separation(builder.separateCalls, networkHalf, log);
    Router router =
        new Router(
            new NestedCall.Clients(this, networkHalf, builder.separateCalls),
            routes,
            this::leadsTo,
            builder.serviceOf == null ? null : this::leaves,
            new PathPrefix(builder.pathPrefix),
            listener,
            log,
            builder.detaches);
    SizingAdvice sizing = builder.separateCalls ? null : new SizingAdvice(log);
    Map<String, BalancedService> services = new HashMap<>();
    builder.balancers.forEach(
        (host, balancer) ->
            services.put(
                host,
                new BalancedService(
                    host,
                    balancer,
                    requireNonNull(options.get(host)),
                    builder.timing,
                    routes,
                    router,
                    separation,
                    listener,
                    sizing,
                    log)));
    this.services = Map.copyOf(services);
    this.serviceOf = builder.serviceOf;
    this.balancers = Map.copyOf(builder.balancers);
    this.watches = watches();
    this.inForce = options;
    useBreakers(options);
    listener.addedTo(this); // last, when all the rest is there
  }

  private List<Runnable> watches() {
    List<Runnable> watches = new ArrayList<>();
    balancers.forEach(
        (host, balancer) -> {
          StreamDrain streams = requireNonNull(services.get(host)).streams;
          LoadBalancerListener watch = routes.watch(host, balancer);
          balancer.wiring().addListener(watch);
          balancer.wiring().addListener(streams);
          watches.add(() -> balancer.wiring().removeListener(watch));
          watches.add(() -> balancer.wiring().removeListener(streams));
          watches.add(streams::close);
          watches.add(requireNonNull(services.get(host)).warmUp::close);
          Supplier<@Nullable String> notice = requireNonNull(services.get(host))::notice;
          balancer.wiring().addNotice(notice);
          watches.add(() -> balancer.wiring().removeNotice(notice));
        });
    return List.copyOf(watches);
  }

  /** Gives each balancer the breakers of all services that it is the balancer of. */
  private void useBreakers(Map<String, OwnOptions> options) {
    Map<LoadBalancer, Set<CircuitBreaker>> wanted = new HashMap<>();
    balancers.forEach(
        (host, balancer) -> {
          Set<CircuitBreaker> all = wanted.computeIfAbsent(balancer, any -> new LinkedHashSet<>());
          OwnOptions own = options.get(host);
          if (own != null && own.circuitBreaker != null) {
            BreakerCheck.verify();
            all.add(own.circuitBreaker);
          }
        });
    wanted.forEach(breakers::use);
  }

  /**
   * Changes options of all services while calls run:
   *
   * <pre>{@code
   * interceptor.reconfigure(options -> options.retry(RetryPolicy.none()).withoutCircuitBreaker());
   * }</pre>
   *
   * <p>Calls that run keep the options that they began with; those that begin after this returned
   * have the new ones. What was counted for the retry budget and the quantiles of hedging stays,
   * and so does the queue of calls that wait for room. Breakers stay as they are if {@link
   * ServiceOptions#circuitBreaker} is left as it is, or set to one that is equal; with another one
   * they begin anew, closed. Concurrent calls come one after another, and each sees what the one
   * before has set.
   *
   * @param change is given the options in force, and sets others; called once for each service, on
   *     this thread. It must not reconfigure this interceptor itself. If it throws, nothing changes
   *     at any service
   * @throws IllegalArgumentException if an option's value is not valid
   * @throws IllegalStateException if this interceptor is closed
   */
  public void reconfigure(Consumer<? super ServiceOptions<?>> change) {
    reconfigure(balancers.keySet(), change);
  }

  /**
   * Changes options of one service while calls run, as {@link #reconfigure(Consumer)} does.
   *
   * @param host the host that the service was added with
   * @throws IllegalArgumentException if there is no such service, or an option's value is not valid
   * @throws IllegalStateException if this interceptor is closed
   */
  public void reconfigure(String host, Consumer<? super ServiceOptions<?>> change) {
    reconfigure(Set.of(known(host).host), change);
  }

  private void reconfigure(Set<String> hosts, Consumer<? super ServiceOptions<?>> change) {
    requireNonNull(change, "change");
    changing.lock(); // no call takes it
    try {
      if (closed) {
        throw new IllegalStateException(this + ": closed");
      }
      Map<String, OwnOptions> next = new LinkedHashMap<>(inForce);
      for (String host : hosts) {
        OwnOptions given = new OwnOptions(requireNonNull(inForce.get(host)));
        change.accept(given);
        next.put(host, new OwnOptions(given)); // the one given may be kept, and changed
      }
      inForce = next;
      services.forEach((host, service) -> service.use(requireNonNull(next.get(host))));
      useBreakers(next);
    } finally {
      changing.unlock();
    }
  }

  /**
   * Takes the circuit breakers and the listeners of this interceptor away from its balancers. Calls
   * that run end normally. A call to one of the services that begins later fails with an {@link
   * IOException}, since nobody but this interceptor knows where to send it; calls for other hosts
   * pass untouched. The balancers and clients are the caller's to close. Idempotent.
   */
  @Override
  public void close() {
    changing.lock();
    try {
      if (!closed) {
        closed = true;
        watches.forEach(Runnable::run);
        routes.close();
        useBreakers(Map.of());
      }
    } finally {
      changing.unlock();
    }
  }

  /**
   * Returns a stage that completes when calls can be made without delay: each balancer has its
   * first list, and where {@link ConnectionPolicy.Builder#warm} says so, each server its
   * connections, or its time for that is over. So the first call to a server pays no TLS handshake.
   * From then on as many connections as that are kept open for the calls of this client, until this
   * interceptor is closed.
   *
   * @param client what this interceptor is installed in; where several are, the one that was given
   *     last has its connections kept
   * @return fails if a balancer is closed before it has a list
   * @throws IllegalStateException if this interceptor is closed
   */
  public CompletionStage<Void> ready(OkHttpClient client) {
    requireNonNull(client, "client");
    if (closed) {
      throw new IllegalStateException(this + ": closed");
    }
    return CompletableFuture.allOf(
            services.values().stream()
                .map(service -> service.warmUp.begin(client))
                .toArray(CompletableFuture<?>[]::new))
        .minimalCompletionStage();
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

  /**
   * Returns a builder.
   *
   * @throws IllegalStateException if resilience4j is not there
   */
  public static Builder builder() {
    try {
      return new Builder();
    } catch (NoClassDefFoundError e) {
      throw new IllegalStateException(
          "a class is missing: "
              + e.getMessage()
              + " (expected: io.github.resilience4j:resilience4j-circuitbreaker 2.2.0 or newer on"
              + " the class path). lb-okhttp depends on it, so see that nothing excludes it",
          e);
    }
  }

  /**
   * Adds this interceptor to the client, as its last application interceptor so far; returns the
   * builder. As a network interceptor it adds the half that has to sit next to the network.
   * Interceptors that are added before see each call once; those added later run for each attempt.
   * In front of those that were added before it puts one that takes note of when a call begins, so
   * that the time they take counts in what is left of the call's timeout.
   *
   * <p>Over HTTP/2 set {@link OkHttpClient.Builder#pingInterval}, which is off by default, to some
   * seconds. What a relay on the way drops without a word is otherwise found dead only by a call
   * that waits for its answer in vain: the attempt after one that was given up before any byte came
   * takes a fresh connection. Pings also find it while no call runs, and keep relays from dropping
   * what is idle.
   *
   * <p>An interceptor that is added alone, by {@code addInterceptor}, is as safe, and makes each
   * attempt by a call of its own, as {@link Builder#separateCalls} describes; the log says so once.
   * The time that is left then counts from when a call comes by the interceptor. On the module
   * path, unless OkHttp's inner package is exported to this module, its calls fail with a message
   * that names this method.
   *
   * @throws IllegalStateException if OkHttp is older than 5.4.0, or on the class path twice
   */
  public OkHttpClient.Builder install(OkHttpClient.Builder client) {
    OkHttpCheck.require();
    add(client);
    Bulkheads.added(client);
    return client;
  }

  private void add(OkHttpClient.Builder client) {
    separation.installed();
    List<Interceptor> before = client.interceptors();
    if (!before.isEmpty() && !before.contains(startNote)) {
      before.add(0, startNote);
    }
    client.addInterceptor(this).addNetworkInterceptor(networkHalf);
  }

  /**
   * Does what {@link #install(OkHttpClient.Builder)} does, and gives the client a {@link
   * Dispatcher} that runs so many calls at once to each service, and a {@link ConnectionPool} that
   * keeps so many idle connections for each, for 5 minutes, as OkHttp does. By default OkHttp runs
   * 5 enqueued calls at once to a service, whatever the number of its servers, and keeps 5 idle
   * connections in all; a client that is used so is warned of once in the log. Calls that are
   * executed, not enqueued, are not limited.
   *
   * <p>The client runs as many calls in all as its services may have together, and so many more, so
   * that one that hangs does not stop the others: its calls fill its own share, also those that
   * wait for a retry, for room or for the first list, and the rest queue behind them. Services of
   * interceptors that are installed later add theirs; of several numbers for one client the last
   * holds for all of its services. OkHttp counts by the host of the URL: services that {@link
   * Builder#serviceOf} tells apart under one host have one share. Hosts that are no services have
   * one share between them; where several of these can hang at once, raise {@code
   * dispatcher().setMaxRequests}.
   *
   * @param concurrentCalls the most calls at once to a service; at least the number of its servers,
   *     so that each keeps a connection
   * @throws IllegalArgumentException if it is not 1 to {@link #MAX_CONCURRENT_CALLS}
   * @throws IllegalStateException if OkHttp is older than 5.4.0, or on the class path twice
   */
  public OkHttpClient.Builder install(OkHttpClient.Builder client, int concurrentCalls) {
    if (concurrentCalls < 1 || concurrentCalls > MAX_CONCURRENT_CALLS) {
      throw new IllegalArgumentException(
          "concurrentCalls: " + concurrentCalls + " (expected: 1 to " + MAX_CONCURRENT_CALLS + ")");
    }
    OkHttpCheck.require();
    add(client);
    int idle = Bulkheads.inAll(concurrentCalls, client);
    return client
        .dispatcher(Bulkheads.dispatcher(concurrentCalls, client))
        .connectionPool(new ConnectionPool(idle, 5, TimeUnit.MINUTES));
  }

  /**
   * Balances the call if it is for one of the services.
   *
   * @throws IOException as the call does; if no server is available; if the client uses a proxy; if
   *     OkHttp is older than 5.4.0 or on the class path twice; if this interceptor is closed
   */
  @Override
  public Response intercept(Chain chain) throws IOException {
    Request request = chain.request();
    BalancedService service = service(request);
    if (service != null && closed) {
      throw new IOException(service.host + ": the interceptor is closed");
    }
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
    Carrier carrier = prior == null ? null : chain.call().tag(Tags.CARRIER);
    if (carrier != null) {
      carrier.letGo(chain); // the host may be the same
    }
    return ServiceRedirect.after(prior, chain.proceed(request));
  }

  /** Whether a redirect within the host of a service is not for that service to answer. */
  private boolean leaves(BalancedService service, Request followUp) {
    try {
      return !service.equals(service(followUp));
    } catch (IOException e) {
      return true; // it is thrown when the call begins anew
    }
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
    BalancedService service = find(name);
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
   * call; infinite without a budget. A retry after a refusal for load counts as two.
   *
   * @param host the host that the service was added with
   * @throws IllegalArgumentException if there is no such service
   */
  public double retriesLeft(String host) {
    return known(host).options().retries().left();
  }

  /**
   * Returns how many connections to each server of a service are open that its calls have used:
   * those that carry calls now, and those that wait in the pool. Servers that left the list and
   * still drain are among them. OkHttp closes idle connections without a word, and they count no
   * more from then on; one that its server closed may count until somebody looks.
   *
   * @param host the host that the service was added with
   * @throws IllegalArgumentException if there is no such service
   */
  public Map<Server, Integer> connections(String host) {
    BalancedService service = known(host);
    Map<Server, Integer> open = new LinkedHashMap<>();
    for (Server server : service.servers()) {
      open.put(server, routes.openConnections(service.host, server));
    }
    return Collections.unmodifiableMap(open);
  }

  /**
   * Returns the share of the calls to a service that is not sent now, since it refuses so many; 0
   * without {@link ServiceOptions#throttling}.
   *
   * @param host the host that the service was added with
   * @return 0 to 0.9
   * @throws IllegalArgumentException if there is no such service
   */
  public double throttledShare(String host) {
    return known(host).throttled();
  }

  private BalancedService known(String host) {
    BalancedService service = find(host);
    if (service == null) {
      throw new IllegalArgumentException(
          "host: '" + host + "' (expected: one of " + services.keySet() + ")");
    }
    return service;
  }

  /** Returns the service of a host, as URLs or as people spell it; null if there is none. */
  private @Nullable BalancedService find(String host) {
    BalancedService service = services.get(host);
    if (service != null) {
      return service;
    }
    String canonical = ServiceHost.inUrls(host);
    return canonical == null ? null : services.get(canonical);
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

  /**
   * Collects the options of a {@link LoadBalancingInterceptor}; not thread-safe. Those that it has
   * from {@link ServiceOptions} hold for all services, whether they are set before or after a
   * service is added.
   */
  public static final class Builder extends ServiceOptions<Builder> {

    private static final String SEPARATE_CALLS = "io.evenload.okhttp.separateCalls";

    private final Map<String, LoadBalancer> balancers = new LinkedHashMap<>();
    private final Map<String, Consumer<? super ServiceOptions<?>>> changes = new HashMap<>();
    private @Nullable Function<Request, @Nullable String> serviceOf;
    private Function<Server, String> pathPrefix = server -> "";
    private CallListener listener = ContainedListener.NOBODY;
    Timing timing = Timing.SYSTEM;
    private boolean detaches = true;
    private boolean separateCalls = Boolean.getBoolean(SEPARATE_CALLS);

    private Builder() {}

    @Override
    Builder self() {
      return this;
    }

    /**
     * Adds a service; at least one is required.
     *
     * @param host the host that URLs name the service by; upper and lower case are the same
     * @throws IllegalArgumentException if the host is an address, cannot be the host of a URL, or
     *     was added before
     */
    public Builder service(String host, LoadBalancer balancer) {
      return service(host, balancer, options -> {});
    }

    /**
     * Adds a service with options of its own.
     *
     * @param host the host that URLs name the service by; upper and lower case are the same
     * @param change is given the options that hold for all services, and sets others for this one;
     *     called once, by {@link #build}, which throws what it throws
     * @throws IllegalArgumentException if the host is an address, cannot be the host of a URL, or
     *     was added before
     */
    public Builder service(
        String host, LoadBalancer balancer, Consumer<? super ServiceOptions<?>> change) {
      requireNonNull(balancer, "balancer");
      requireNonNull(change, "change");
      String canonical = ServiceHost.canonical(host);
      if (balancers.putIfAbsent(canonical, balancer) != null) {
        throw new IllegalArgumentException("host: '" + host + "' (expected: each host once)");
      }
      changes.put(canonical, change);
      return this;
    }

    /**
     * Sets which service a request is for, for services that a URL's host alone does not tell
     * apart; by default the one that was added with the URL's host.
     *
     * @param serviceOf returns the host that a service was added with, or null for a request that
     *     is not to be balanced; called for each call, and for each redirect that it follows, on
     *     its thread. The host of the URL may be any name then, and is what servers and
     *     certificates see; under another name than the service's, idle connections to a server
     *     that left stay until the pool closes them. If it throws or returns what was not added,
     *     the call fails
     */
    public Builder serviceOf(Function<Request, @Nullable String> serviceOf) {
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
      this.pathPrefix = requireNonNull(pathPrefix, "pathPrefix");
      return this;
    }

    /** Sets what is told of the calls; by default nothing. */
    public Builder listener(CallListener listener) {
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
     * @throws IllegalArgumentException if no service was added, or an option of a service is not
     *     valid
     * @throws IllegalStateException if OkHttp is older than 5.4.0, or on the class path twice; if
     *     resilience4j is too old for the circuit breaker. The message names the jar and the cure
     */
    public LoadBalancingInterceptor build() {
      OkHttpCheck.require();
      if (balancers.isEmpty()) {
        throw new IllegalArgumentException("services: none (expected: at least one)");
      }
      Map<String, OwnOptions> options = new LinkedHashMap<>();
      balancers.keySet().forEach(host -> options.put(host, optionsOf(host)));
      return new LoadBalancingInterceptor(this, options);
    }

    private OwnOptions optionsOf(String host) {
      OwnOptions given = new OwnOptions(this);
      requireNonNull(changes.get(host)).accept(given);
      return new OwnOptions(given); // the one given may be kept, and changed
    }
  }
}
