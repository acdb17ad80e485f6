package io.evenload.okhttp;

import io.evenload.okhttp.internal.route.ClientView;
import io.evenload.okhttp.internal.route.ServerDns;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Makes one attempt by a call of its own. */
final class NestedCall {

  /*
   * A new call holds no connection, so nothing can misroute it, and it can be canceled alone. It runs what the outer one
   * would have run behind our interceptor, on a client without the interceptors before that, with the settings of the
   * outer chain. What is lost: the outer call ends early for its listeners, its timeout does not cover the body (the inner
   * one's does), and the inner events are another call's, of which only a tag tells whose it is. So it is used only where
   * the call itself cannot make the attempt.
   *
   * What came of it is told once: by whoever made it, when the call has returned, or by whoever left it while it had not.
   * The phase decides which. Not to be left is one that writes the caller's body, for the next attempt would write that
   * too, on another thread: it is canceled, and soon over.
   */

  private final Interceptor.Chain outer;
  private final Request logical;
  private final Request request;
  private final ServerDns dns;
  private final AttemptRecord record;
  private final Duration attemptTimeout;
  private final Timing timing;
  private final Call call;
  private volatile long dueNanos;
  private volatile @Nullable Future<?> clock;
  private volatile boolean timedOut;
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.WAITING);

  private enum Phase {
    WAITING,

    /** The call has returned, whatever came of it. */
    ANSWERED,

    /** Its time is over, and it is to be left. */
    TIMED_OUT,

    /** What came of it is known, and was not told by its call. */
    LEFT
  }

  private NestedCall(
      Passage passage,
      Request logical,
      Request request,
      ServerDns dns,
      AttemptRecord record,
      Duration attemptTimeout,
      Call call) {
    this.outer = passage.chain;
    this.logical = logical;
    this.request = request;
    this.dns = dns;
    this.record = record;
    this.attemptTimeout = attemptTimeout;
    this.timing = passage.service.timing;
    this.call = call;
  }

  /**
   * Returns a call that takes over one attempt, and ends when the outer call is canceled or its
   * time is over.
   *
   * @param logical the request as the caller sees it
   * @param request what is sent
   * @param attemptTimeout the longest until the response begins; zero is no limit
   * @throws IOException if OkHttp does not tell the client of a call
   */
  static NestedCall of(
      Clients clients,
      Passage passage,
      AttemptRecord record,
      Request logical,
      Request request,
      ServerDns dns,
      Duration attemptTimeout)
      throws IOException {
    BalancedCall balanced = passage.balanced;
    Request tagged = request.newBuilder().tag(Call.class, balanced.call()).build();
    Call call = clients.of(passage.chain).newCall(tagged);
    NestedCall nested =
        new NestedCall(passage, logical, request, dns, record, attemptTimeout, call);
    long remaining = balanced.remainingNanos();
    if (remaining != Long.MAX_VALUE) {
      call.timeout().timeout(Math.max(1, remaining), TimeUnit.NANOSECONDS);
    }
    call.tag(NestedCall.class, () -> nested);
    Carrier carrier = new Carrier(balanced, call);
    carrier.expect(dns);
    carrier.lookFirst(passage.countsOnConnection());
    carrier.attach();
    record.moveTo(carrier);
    balanced.nest(call);
    return nested;
  }

  AttemptRecord record() {
    return record;
  }

  Call call() {
    return call;
  }

  /** The request as the caller sees it. */
  Request logical() {
    return logical;
  }

  /** What is sent. */
  Request request() {
    return request;
  }

  /** What is known of the attempt while it runs, also that its time is over. */
  CallAttempt described() {
    return record.described(timedOut ? timeout() : null);
  }

  private AttemptTimeoutException timeout() {
    return new AttemptTimeoutException(attemptTimeout);
  }

  /**
   * Begins to count the time that the attempt may take, if that is limited, and over before the
   * call's own: which of two clocks rings first must not decide what is told of the end of a call.
   *
   * @param over is run when it is over, on the timer's thread
   */
  void limit(Runnable over) {
    long nanos = attemptTimeout.toNanos();
    if (nanos > 0 && nanos < record.carrier().balanced().remainingNanos()) {
      dueNanos = timing.nanoTime().getAsLong() + nanos;
      clock = timing.timer().schedule(() -> timeOut(over), nanos, TimeUnit.NANOSECONDS);
    }
  }

  /**
   * Returns the response; null if the attempt was left, and somebody else told what came of it.
   *
   * @throws AttemptTimeoutException if it does not begin within the timeout of an attempt
   */
  @Nullable Response execute() throws IOException {
    Response response;
    try {
      response = call.execute();
    } catch (Throwable e) { // OkHttp also throws what it does not declare
      if (returned()) {
        throw e;
      }
      return unlessLeft();
    }
    if (!returned()) {
      response.close();
      return unlessLeft();
    }
    if (isEventStream(response)) {
      call.timeout().cancel(); // as those who read one do with the call that they know
    }
    return response;
  }

  /** Whether the call has returned in time. */
  private boolean returned() {
    stopClock();
    return phase.compareAndSet(Phase.WAITING, Phase.ANSWERED);
  }

  private @Nullable Response unlessLeft() throws IOException {
    if (phase.compareAndSet(Phase.TIMED_OUT, Phase.LEFT)) {
      throw cutShort();
    }
    return null;
  }

  private IOException cutShort() {
    return outer.call().isCanceled() ? new IOException("Canceled") : timeout();
  }

  private static boolean isEventStream(Response response) {
    MediaType type = response.body().contentType();
    return type != null && type.type().equals("text") && type.subtype().equals("event-stream");
  }

  /**
   * Leaves an attempt whose time is over.
   *
   * @return what came of it, for the caller of this to tell; null if that is told without it
   */
  @Nullable IOException leaveLate() {
    if (outer.call().isCanceled()) {
      call.cancel(); // before it is judged, which goes by that
    }
    return record.carrier().leave() && phase.compareAndSet(Phase.TIMED_OUT, Phase.LEFT)
        ? cutShort()
        : null;
  }

  /** Leaves an attempt; returns whether what came of it is the caller of this to tell. */
  boolean leave() {
    return record.carrier().leave() && abandon();
  }

  /** Leaves an attempt of which nobody wants to know what comes of it. */
  boolean abandon() {
    boolean left = phase.compareAndSet(Phase.WAITING, Phase.LEFT);
    if (left) {
      stopClock();
    }
    return left;
  }

  /** Cancels the call, unless it has returned, perhaps with the response that the caller gets. */
  void cancel() {
    if (phase.get() != Phase.ANSWERED) {
      call.cancel();
    }
  }

  private void stopClock() {
    Future<?> running = clock;
    if (running != null) {
      running.cancel(false);
    }
  }

  /**
   * Whether a timer that was late by so much says more of the client than of the server: by more
   * than a quarter of its time.
   */
  static boolean isLate(long lateNanos, long timeoutNanos) {
    return lateNanos > timeoutNanos / 4;
  }

  private void timeOut(Runnable over) {
    long late = timing.nanoTime().getAsLong() - dueNanos;
    if (phase.compareAndSet(Phase.WAITING, Phase.TIMED_OUT)) {
      if (isLate(late, attemptTimeout.toNanos())) {
        record.carrier().starve();
      }
      timedOut = true;
      over.run();
    }
  }

  /** Goes on with this call on the way to the server, with what the outer one overrides. */
  private Response proceed(Interceptor.Chain inner) throws IOException {
    Interceptor.Chain chain = sameSettings(inner) ? inner : withSettings(inner);
    return record.carrier().proceed(chain, inner.request(), dns);
  }

  @SuppressWarnings("ReferenceEquality") // what is not overridden is the client's own
  private boolean sameSettings(Interceptor.Chain inner) {
    return outer.connectTimeoutMillis() == inner.connectTimeoutMillis()
        && outer.readTimeoutMillis() == inner.readTimeoutMillis()
        && outer.writeTimeoutMillis() == inner.writeTimeoutMillis()
        && outer.getProxy() == inner.getProxy()
        && outer.getProxySelector() == inner.getProxySelector()
        && outer.getSocketFactory() == inner.getSocketFactory()
        && outer.getRetryOnConnectionFailure() == inner.getRetryOnConnectionFailure()
        && outer.getAuthenticator() == inner.getAuthenticator()
        && outer.getProxyAuthenticator() == inner.getProxyAuthenticator()
        && outer.getCache() == inner.getCache()
        && outer.getCookieJar() == inner.getCookieJar()
        && outer.getCertificatePinner() == inner.getCertificatePinner()
        && outer.getHostnameVerifier() == inner.getHostnameVerifier()
        && outer.getConnectionPool() == inner.getConnectionPool()
        && outer.getSslSocketFactoryOrNull() == inner.getSslSocketFactoryOrNull();
  }

  private Interceptor.Chain withSettings(Interceptor.Chain inner) {
    Interceptor.Chain chain =
        inner
            .withConnectTimeout(outer.connectTimeoutMillis(), TimeUnit.MILLISECONDS)
            .withReadTimeout(outer.readTimeoutMillis(), TimeUnit.MILLISECONDS)
            .withWriteTimeout(outer.writeTimeoutMillis(), TimeUnit.MILLISECONDS)
            .withProxy(outer.getProxy())
            .withProxySelector(outer.getProxySelector())
            .withSocketFactory(outer.getSocketFactory())
            .withRetryOnConnectionFailure(outer.getRetryOnConnectionFailure())
            .withAuthenticator(outer.getAuthenticator())
            .withProxyAuthenticator(outer.getProxyAuthenticator())
            .withCache(outer.getCache())
            .withCookieJar(outer.getCookieJar())
            .withCertificatePinner(outer.getCertificatePinner())
            .withHostnameVerifier(outer.getHostnameVerifier())
            .withConnectionPool(outer.getConnectionPool());
    SSLSocketFactory sslSocketFactory = outer.getSslSocketFactoryOrNull();
    X509TrustManager trustManager = outer.getX509TrustManagerOrNull();
    return sslSocketFactory == null || trustManager == null
        ? chain
        : chain.withSslSocketFactory(sslSocketFactory, trustManager);
  }

  /** The clients that such calls are made with; the last one is kept. */
  static final class Clients {

    private final Interceptor owner;
    private final Interceptor networkHalf;
    private final boolean publicApiOnly;
    private volatile @Nullable Derived last;

    /**
     * Creates none yet.
     *
     * @param owner the interceptor that makes such calls
     * @param networkHalf what such calls need next to the network, added where it is not there
     * @param publicApiOnly whether nothing of OkHttp is read but what is public
     */
    Clients(Interceptor owner, Interceptor networkHalf, boolean publicApiOnly) {
      this.owner = owner;
      this.networkHalf = networkHalf;
      this.publicApiOnly = publicApiOnly;
    }

    /**
     * Returns the client for attempts of a call.
     *
     * @param outer the chain that the owner was given
     * @throws IOException if OkHttp does not tell the client of a call
     */
    OkHttpClient of(Interceptor.Chain outer) throws IOException {
      OkHttpClient client = ClientView.of(outer.call());
      Derived derived = last;
      if (derived == null
          || derived.from != client
          || !(derived.owned || derived.passed == passed(client, outer))) {
        int passed = client.interceptors().indexOf(owner) + 1;
        boolean owned = passed > 0;
        passed = owned ? passed : passed(client, outer);
        derived = new Derived(client, owned, passed, derived(client, passed));
        last = derived;
      }
      return derived.client;
    }

    /** How many interceptors the call has passed, the last of which calls the owner by itself. */
    private int passed(OkHttpClient client, Interceptor.Chain outer) {
      return publicApiOnly ? 0 : Math.min(ClientView.passed(outer), client.interceptors().size());
    }

    private OkHttpClient derived(OkHttpClient client, int passed) {
      OkHttpClient.Builder builder = client.newBuilder().callTimeout(0, TimeUnit.NANOSECONDS);
      List<Interceptor> interceptors = builder.interceptors();
      interceptors.subList(0, passed).clear();
      interceptors.add(0, Clients::intercept);
      if (!builder.networkInterceptors().contains(networkHalf)) {
        builder.addNetworkInterceptor(networkHalf);
      }
      return builder.build();
    }

    private static Response intercept(Interceptor.Chain chain) throws IOException {
      NestedCall nested = chain.call().tag(NestedCall.class);
      return nested == null ? chain.proceed(chain.request()) : nested.proceed(chain);
    }

    private record Derived(OkHttpClient from, boolean owned, int passed, OkHttpClient client) {}
  }
}
