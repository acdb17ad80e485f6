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
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.WAITING);

  private enum Phase {
    WAITING,
    ANSWERED,
    TIMED_OUT
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
    Call call = clients.of(balanced.call()).newCall(tagged);
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
    return record.described(phase.get() == Phase.TIMED_OUT ? timeout() : null);
  }

  private AttemptTimeoutException timeout() {
    return new AttemptTimeoutException(attemptTimeout);
  }

  /**
   * Returns the response.
   *
   * @throws AttemptTimeoutException if it does not begin within the timeout of an attempt
   */
  Response execute() throws IOException {
    if (attemptTimeout.isZero()) {
      return call.execute();
    }
    dueNanos = timing.nanoTime().getAsLong() + attemptTimeout.toNanos();
    Future<?> due =
        timing.timer().schedule(this::timeOut, attemptTimeout.toNanos(), TimeUnit.NANOSECONDS);
    try {
      Response response = call.execute();
      if (!phase.compareAndSet(Phase.WAITING, Phase.ANSWERED)) {
        response.close();
        throw timeout();
      }
      return response;
    } catch (IOException e) {
      if (phase.get() == Phase.TIMED_OUT && !outer.call().isCanceled()) {
        throw timeout();
      }
      throw e;
    } finally {
      due.cancel(false);
    }
  }

  /**
   * Whether a timer that was late by so much says more of the client than of the server: by more
   * than a quarter of its time.
   */
  static boolean isLate(long lateNanos, long timeoutNanos) {
    return lateNanos > timeoutNanos / 4;
  }

  private void timeOut() {
    long late = timing.nanoTime().getAsLong() - dueNanos;
    if (phase.compareAndSet(Phase.WAITING, Phase.TIMED_OUT)) {
      if (isLate(late, attemptTimeout.toNanos())) {
        record.carrier().starve();
      }
      call.cancel();
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
    private volatile @Nullable Derived last;

    /**
     * Creates none yet.
     *
     * @param owner the interceptor that makes such calls
     * @param networkHalf what such calls need next to the network, added where it is not there
     */
    Clients(Interceptor owner, Interceptor networkHalf) {
      this.owner = owner;
      this.networkHalf = networkHalf;
    }

    /**
     * Returns the client for attempts of a call.
     *
     * @throws IOException if OkHttp does not tell the client of a call
     */
    OkHttpClient of(Call outer) throws IOException {
      OkHttpClient client = ClientView.of(outer);
      Derived derived = last;
      if (derived == null || derived.from != client) {
        derived = new Derived(client, derived(client));
        last = derived;
      }
      return derived.client;
    }

    private OkHttpClient derived(OkHttpClient client) {
      OkHttpClient.Builder builder = client.newBuilder().callTimeout(0, TimeUnit.NANOSECONDS);
      List<Interceptor> interceptors = builder.interceptors();
      interceptors.subList(0, interceptors.indexOf(owner) + 1).clear();
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

    private record Derived(OkHttpClient from, OkHttpClient client) {}
  }
}
