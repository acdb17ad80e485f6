package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.Server;
import io.evenload.discovery.Networks;
import io.evenload.okhttp.internal.route.AttemptTrace;
import io.evenload.okhttp.internal.route.NetworkHalf;
import io.evenload.okhttp.internal.route.ServerDns;
import io.evenload.okhttp.internal.route.ServerRoutes;
import java.io.IOException;
import java.net.Proxy;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import okhttp3.Authenticator;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.CookieJar;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** A request to one server, by a client that shares what makes connections and nothing else. */
final class OkHttpProbe implements HealthProbe {

  /*
   * Each probe is a call of its own, so it holds no connection that could lead elsewhere. Router sends it as it sends
   * balanced calls, and all that OkHttp compares of a connection is the client's, so it may find one of theirs in the pool.
   *
   * A call's timeout closes its socket, but code of users (a trust manager, a socket factory) may hold its thread for
   * longer. So the report does not wait for the call, but comes in time of itself; and a server whose last calls are still
   * held so is not asked again before one of them ends, so that threads do not pile up.
   */

  private static final int MOST_HELD = 3; // one may be late for other reasons
  private static final Duration LONGEST = Duration.ofDays(1);
  private static final String LATE = "InterruptedIOException: timeout"; // as OkHttp says it

  private static final ThreadPoolExecutor THREADS =
      new ThreadPoolExecutor(
          0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), OkHttpProbe::thread);

  private final OkHttpClient client;
  private final String host;
  private final Request request;
  private final Function<Response, HealthReport> judge;
  private final ProbeDns names;
  private final Networks networks; // in which the addresses of a server's name may be
  private final Map<String, Integer> held =
      new ConcurrentHashMap<>(); // calls that overran, by server
  private final ServerRoutes routes = new ServerRoutes(host -> false, true);

  OkHttpProbe(
      OkHttpClient client, String host, Request request, Function<Response, HealthReport> judge) {
    this.client = derived(client);
    this.host = host;
    this.request = request;
    this.judge = judge;
    this.names = new ProbeDns(client.dns(), THREADS);
    this.networks = Networks.defaults();
  }

  private OkHttpProbe(OkHttpProbe other, Networks networks) {
    this.client = other.client;
    this.host = other.host;
    this.request = other.request;
    this.judge = other.judge;
    this.names = other.names;
    this.networks = networks;
  }

  @Override
  public HealthProbe within(Networks networks) {
    return new OkHttpProbe(this, networks);
  }

  /** Runs what OkHttp runs, which throws again what it has told the callback. */
  private static void contained(Runnable task) {
    try {
      task.run();
    } catch (Throwable e) {
      // It is in the report.
    }
  }

  private static Thread thread(Runnable task) {
    Thread thread = new Thread(null, () -> contained(task), "evenload-okhttp-probes", 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
    return thread;
  }

  private static OkHttpClient derived(OkHttpClient client) {
    Dispatcher dispatcher = new Dispatcher(THREADS);
    dispatcher.setMaxRequests(Integer.MAX_VALUE);
    dispatcher.setMaxRequestsPerHost(Integer.MAX_VALUE);
    OkHttpClient.Builder builder =
        client
            .newBuilder()
            .dispatcher(dispatcher)
            .eventListener(EventListener.NONE)
            .cookieJar(CookieJar.NO_COOKIES)
            .cache(null)
            .authenticator(Authenticator.NONE)
            .followRedirects(false)
            .followSslRedirects(false)
            .fastFallback(true);
    builder.interceptors().clear();
    builder.networkInterceptors().clear();
    return builder
        .addInterceptor(OkHttpProbe::routed)
        .addNetworkInterceptor(OkHttpProbe::withoutRetryAfter)
        .addNetworkInterceptor(new NetworkHalf(call -> call.tag(AttemptTrace.class)))
        .build();
  }

  /** Sends a call whose request has the way to a server as a tag, and which has a trace as one. */
  static Response routed(Interceptor.Chain chain) throws IOException {
    Request request = chain.request();
    ServerDns dns = requireNonNull(request.tag(ServerDns.class));
    AttemptTrace trace = requireNonNull(chain.call().tag(AttemptTrace.class));
    return trace.proceed(chain.withProxy(Proxy.NO_PROXY), request, dns);
  }

  /** OkHttp would send the request again after a 503 that asks for it; see {@link NetworkHalf}. */
  private static Response withoutRetryAfter(Interceptor.Chain chain) throws IOException {
    Response response = chain.proceed(chain.request());
    return response.newBuilder().removeHeader(RetryAfter.NAME).build();
  }

  @Override
  public CompletionStage<HealthReport> probe(Server server, Duration timeout) {
    long nanos = timeout.compareTo(LONGEST) < 0 ? timeout.toNanos() : LONGEST.toNanos();
    ServerDns dns =
        routes
            .to(host, server, client.dns(), false)
            .lookUpBy(names.within(nanos / 2))
            .within(networks);
    if (held.getOrDefault(dns.authority(), 0) >= MOST_HELD) {
      return CompletableFuture.completedFuture(
          HealthReport.unhealthy("the last " + MOST_HELD + " probes have not ended yet"));
    }
    Call call = client.newCall(request.newBuilder().tag(ServerDns.class, dns).build());
    call.timeout().timeout(nanos, NANOSECONDS);
    AttemptTrace trace = new AttemptTrace() {};
    trace.expect(dns);
    call.tag(AttemptTrace.class, () -> trace);
    call.addEventListener(trace);
    Answer answer = new Answer(call, dns.authority());
    answer.start(nanos);
    return answer.report;
  }

  /** What is asked for, such as {@code GET https://orders/health}, without what may be secret. */
  @Override
  public String toString() {
    HttpUrl url = request.url().newBuilder().username("").password("").query(null).build();
    return request.method() + " " + url;
  }

  /** The answer to one call, or its end without one. */
  private final class Answer implements Callback {
    final CompletableFuture<HealthReport> report = new CompletableFuture<>();
    private final Call call;
    private final String authority;
    private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.RUNNING);

    Answer(Call call, String authority) {
      this.call = call;
      this.authority = authority;
    }

    void start(long nanos) {
      Future<?> alarm = Timing.SYSTEM.timer().schedule(this::expireSoon, nanos, NANOSECONDS);
      var unused =
          report.whenComplete(
              (done, failure) -> {
                boolean unusedResult = alarm.cancel(false);
                if (report.isCancelled()) {
                  call.cancel();
                }
              });
      call.enqueue(this);
    }

    /** On the timer, which only hands over. */
    private void expireSoon() {
      try {
        THREADS.execute(this::expire);
      } catch (OutOfMemoryError e) { // no thread is to be had
        expire();
      }
    }

    /** The time is over, and the call has not ended of itself. */
    private void expire() {
      if (stage.compareAndSet(Stage.RUNNING, Stage.OVERRUN)) {
        count(1);
      }
      call.cancel(); // what it says of that is no other reason
      report.complete(HealthReport.unhealthy(LATE));
    }

    /** Tells whether the time was over before. */
    private boolean ended() {
      boolean overran = stage.getAndSet(Stage.ENDED) == Stage.OVERRUN;
      if (overran) {
        count(-1);
      }
      return overran;
    }

    private void count(int change) {
      held.merge(authority, change, (a, b) -> a + b == 0 ? null : a + b);
    }

    @Override
    public void onResponse(Call call, Response response) {
      HealthReport judged;
      try (response) {
        judged = judge.apply(response);
      } catch (Throwable e) {
        var unused = ended();
        report.completeExceptionally(e);
        return;
      }
      var unused = ended();
      report.complete(judged); // when the connection is back in the pool
    }

    @Override
    public void onFailure(Call call, IOException failure) {
      String reason =
          ended() ? LATE : failure.getClass().getSimpleName() + ": " + failure.getMessage();
      report.complete(HealthReport.unhealthy(reason));
    }
  }

  private enum Stage {
    RUNNING,
    OVERRUN,
    ENDED
  }
}
