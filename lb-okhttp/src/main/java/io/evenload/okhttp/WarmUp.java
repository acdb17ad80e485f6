package io.evenload.okhttp;

import io.evenload.EndpointState;
import io.evenload.Gate;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.LoadBalancerStatus;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.okhttp.internal.route.AttemptTrace;
import io.evenload.okhttp.internal.route.ClientView;
import io.evenload.okhttp.internal.route.Opening;
import io.evenload.okhttp.internal.route.ServerDns;
import io.evenload.okhttp.internal.route.ServerRoutes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import okhttp3.Authenticator;
import okhttp3.Call;
import okhttp3.CookieJar;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Keeps connections to the servers of a service open; see {@link ConnectionPolicy.Builder#warm}.
 */
final class WarmUp implements Gate.Factory, LoadBalancerListener {

  /*
   * Once a second, and when a list or a state has changed, all endpoints are looked at: to those that may get traffic
   * connections are opened until there are enough. The others are forgotten, so that they begin anew when they come back.
   *
   * The gate of each keeps a server out until its first connection is there. Those that were there when it began serve
   * already, and are not kept out. A look runs on a thread of its own, one at a time, and connects on a few others, so that
   * a server that does not answer delays few and blocks nobody.
   *
   * A connection is opened by a call that is stopped as soon as it has it (Opening); the last interceptor sees to it that
   * nothing is sent if ever it goes on.
   */

  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long REFILL_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final Set<EndpointState> OUT =
      Set.of(EndpointState.DRAINING, EndpointState.WEIGHT_ZERO, EndpointState.OUTSIDE_SUBSET);

  private final String host;
  private final LoadBalancer balancer;
  private final ServerRoutes routes;
  private final Timing timing;
  private final Supplier<ConnectionPolicy> policy;
  private final RateLimitedLog log;
  private final boolean readsSizes;
  private final Executor threads;
  private final Map<String, Warmed> servers = new ConcurrentHashMap<>();
  private final AtomicBoolean lookDue = new AtomicBoolean();
  private volatile @Nullable OkHttpClient client;
  private volatile boolean closed;
  private boolean begun; // guarded by this, which nothing is waited for under

  /**
   * Creates what opens none yet.
   *
   * @param policy what is in force
   * @param readsSizes whether the size of a pool may be read, which is not public
   */
  WarmUp(
      String host,
      LoadBalancer balancer,
      ServerRoutes routes,
      Timing timing,
      Supplier<ConnectionPolicy> policy,
      RateLimitedLog log,
      boolean readsSizes) {
    this.host = host;
    this.balancer = balancer;
    this.routes = routes;
    this.timing = timing;
    this.policy = policy;
    this.log = log;
    this.readsSizes = readsSizes;
    this.threads = Timing.openers();
  }

  /** Opens connections for the calls of this client from now on; see the interceptor's ready. */
  CompletableFuture<Void> begin(OkHttpClient given) {
    CompletableFuture<Void> listed = balancer.ready().toCompletableFuture();
    if (policy.get().warm() == 0) {
      return listed;
    }
    client = derived(given);
    if (beginsNow()) {
      balancer.status().endpoints().forEach(each -> servers.put(key(each.server()), serving(each)));
      balancer.wiring().addGate(this);
      balancer.wiring().addListener(this);
      later();
    }
    return listed.thenComposeAsync(
        done -> {
          look();
          adviseOn(given);
          return whenWarm();
        },
        Timing::aside);
  }

  private synchronized boolean beginsNow() {
    boolean first = !begun;
    begun = true;
    return first;
  }

  private CompletableFuture<Void> whenWarm() {
    List<CompletableFuture<Void>> all = new ArrayList<>();
    servers.values().forEach(each -> all.add(each.first));
    return CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0]));
  }

  private void adviseOn(OkHttpClient given) {
    int idle = readsSizes ? ClientView.maxIdle(given.connectionPool()) : ClientView.UNKNOWN;
    long wanted = (long) servers.size() * policy.get().warm();
    if (idle < wanted) {
      log.warn(
          host
              + ": the client's pool keeps "
              + idle
              + " idle connections (expected: at least "
              + wanted
              + ", as so many are to be warm); it closes what is opened for that",
          null);
    }
  }

  /** Opens no more, and keeps nobody out. */
  void close() {
    closed = true;
    balancer.wiring().removeGate(this);
    balancer.wiring().removeListener(this);
    servers.values().forEach(Warmed::release);
  }

  @Override
  public Gate create(Server server, LongSupplier nanoTime, Runnable changed) {
    Warmed warmed =
        servers.compute(
            key(server),
            (any, known) ->
                known == null || known.changed != null ? new Warmed(server, false) : known);
    warmed.changed = changed;
    return warmed;
  }

  @Override
  public void serversChanged(ServersChanged event) {
    lookSoon();
  }

  @Override
  public void stateChanged(StateChanged event) {
    lookSoon();
  }

  private void lookSoon() {
    if (!closed && lookDue.compareAndSet(false, true)) {
      Timing.aside(this::look);
    }
  }

  private void later() {
    var unused =
        timing
            .timer()
            .schedule(
                () -> {
                  if (!closed) {
                    lookSoon();
                    later();
                  }
                },
                LOOK_NANOS,
                TimeUnit.NANOSECONDS);
  }

  private synchronized void look() {
    lookDue.set(false);
    LoadBalancerStatus status = balancer.status();
    if (status.closed()) {
      closed = true;
    }
    if (closed) {
      servers.values().forEach(Warmed::release);
      return;
    }
    long now = timing.nanoTime().getAsLong();
    for (EndpointStatus each : status.endpoints()) {
      Warmed warmed = servers.computeIfAbsent(key(each.server()), any -> serving(each));
      if (OUT.contains(each.state())) {
        warmed.rest();
      } else {
        warmed.keep(now);
      }
    }
  }

  private Warmed serving(EndpointStatus each) {
    return new Warmed(each.server(), true);
  }

  private boolean connects(Server server, ConnectionPolicy policy) {
    OkHttpClient client = this.client;
    if (client == null || closed) {
      return false;
    }
    HttpUrl url = url(policy);
    ServerDns dns =
        routes
            .to(url.host(), server, client.dns(), true)
            .within(balancer.networks())
            .connectionsUpTo(policy.maxAgeNanos());
    Opening opening = new Opening();
    opening.expect(dns);
    Call call = client.newCall(new Request.Builder().url(url).tag(ServerDns.class, dns).build());
    call.timeout().timeout(policy.warmWithinNanos(), TimeUnit.NANOSECONDS);
    call.tag(AttemptTrace.class, () -> opening);
    call.addEventListener(opening);
    try {
      call.execute().close(); // which it does not come to
      return opening.opened();
    } catch (IOException | RuntimeException e) {
      return opening.opened();
    }
  }

  private HttpUrl url(ConnectionPolicy policy) {
    HttpUrl given = policy.warmUrl();
    return given != null ? given : new HttpUrl.Builder().scheme("https").host(host).build();
  }

  private static OkHttpClient derived(OkHttpClient client) {
    OkHttpClient.Builder builder =
        client
            .newBuilder()
            .dispatcher(new Dispatcher())
            .eventListener(EventListener.NONE)
            .cookieJar(CookieJar.NO_COOKIES)
            .cache(null)
            .authenticator(Authenticator.NONE);
    builder.interceptors().clear();
    builder.networkInterceptors().clear();
    return builder
        .addInterceptor(OkHttpProbe::routed)
        .addNetworkInterceptor(
            chain -> {
              throw new IOException(chain.request().url().host() + ": only to be opened");
            })
        .build();
  }

  private static String key(Server server) {
    return server.id() + "@" + server.host() + ":" + server.port();
  }

  /** A server, and whether it is warm enough to be chosen. */
  private final class Warmed implements Gate {

    final CompletableFuture<Void> first = new CompletableFuture<>();
    volatile @Nullable Runnable changed;
    private final Server server;
    private volatile boolean open;

    // Guarded by the warm-up.
    private boolean active;
    private boolean filling;
    private long activeNanos;
    private long nextNanos;

    Warmed(Server server, boolean open) {
      this.server = server;
      this.open = open;
    }

    /** It gets no traffic; when that changes it begins anew. */
    void rest() {
      active = false;
      open(false);
      first.complete(null);
    }

    void keep(long now) {
      ConnectionPolicy policy = WarmUp.this.policy.get();
      if (!active) {
        active = true;
        activeNanos = now;
        nextNanos = now;
        var unused =
            timing
                .timer()
                .schedule(WarmUp.this::lookSoon, policy.warmWithinNanos(), TimeUnit.NANOSECONDS);
      }
      int lacking = lacking(policy);
      if (lacking == 0 || now - activeNanos >= policy.warmWithinNanos()) {
        release();
      }
      if (lacking > 0 && !filling && now - nextNanos >= 0) {
        filling = Timing.taken(threads, () -> fill(policy));
      }
    }

    private int lacking(ConnectionPolicy policy) {
      return routes.lackingConnections(url(policy).host(), server, policy.warm());
    }

    private void fill(ConnectionPolicy policy) {
      boolean connected = true;
      try {
        for (int i = 0; i < policy.warm() && connected && lacking(policy) > 0; i++) {
          connected = connects(server, policy);
          if (connected) {
            open(true);
          }
        }
      } finally {
        filled(connected);
      }
    }

    private void filled(boolean connected) {
      synchronized (WarmUp.this) {
        filling = false;
        nextNanos = timing.nanoTime().getAsLong() + (open ? REFILL_NANOS : 0);
      }
      if (connected) {
        release();
      }
    }

    /** It is not kept out any more. */
    void release() {
      open(true);
      first.complete(null);
    }

    private void open(boolean open) {
      if (this.open != open) {
        this.open = open;
        Runnable told = changed;
        if (told != null) {
          told.run();
        }
      }
    }

    @Override
    public boolean open() {
      return open || closed;
    }

    @Override
    public boolean preparing() {
      return true;
    }

    @Override
    public String reason() {
      return "warming up: no connection is open yet";
    }

    @Override
    public boolean tryAcquire() {
      return true;
    }

    @Override
    public void release(Outcome outcome, long latencyNanos) {}

    @Override
    public void close() {
      boolean unused = servers.remove(key(server), this);
      first.complete(null);
    }
  }
}
