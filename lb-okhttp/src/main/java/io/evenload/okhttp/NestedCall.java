package io.evenload.okhttp;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Makes one attempt by a call of its own. */
final class NestedCall {

  /*
   * A new call holds no connection, so nothing can misroute it. It runs what the outer one would have run behind our
   * interceptor, with the settings of its chain. What is lost: the outer call ends early for its listeners, its timeout
   * does not cover the body (the inner one's does), and the inner events look like another call's. So it is used only
   * where the call itself cannot make the attempt.
   */

  private NestedCall() {}

  /**
   * Makes the attempt.
   *
   * @param chain the chain of the outer call, routed to the server
   * @throws IOException as the attempt does, or if OkHttp does not tell the client of a call
   */
  static Response proceed(
      Interceptor.Chain chain, BalancedCall state, LoadBalancingInterceptor owner)
      throws IOException {
    Call outer = chain.call();
    OkHttpClient client = client(outer);
    if (client == null) {
      throw new IOException(
          outer.request().url().host()
              + ": the call cannot be sent to another server with this version of OkHttp");
    }
    Call inner = derived(client, chain, owner).newCall(chain.request());
    long remaining = state.remainingNanos(outer);
    if (remaining != Long.MAX_VALUE) {
      inner.timeout().timeout(Math.max(1, remaining), TimeUnit.NANOSECONDS);
    }
    inner.tag(BalancedCall.class, () -> state);
    inner.addEventListener(state);
    state.nest(inner);
    if (outer.isCanceled()) {
      inner.cancel();
    }
    return inner.execute();
  }

  private static OkHttpClient derived(
      OkHttpClient client, Interceptor.Chain chain, LoadBalancingInterceptor owner) {
    OkHttpClient.Builder builder =
        client
            .newBuilder()
            .callTimeout(0, TimeUnit.NANOSECONDS)
            .connectTimeout(chain.connectTimeoutMillis(), TimeUnit.MILLISECONDS)
            .readTimeout(chain.readTimeoutMillis(), TimeUnit.MILLISECONDS)
            .writeTimeout(chain.writeTimeoutMillis(), TimeUnit.MILLISECONDS)
            .dns(chain.getDns())
            .proxy(chain.getProxy())
            .socketFactory(chain.getSocketFactory())
            .retryOnConnectionFailure(chain.getRetryOnConnectionFailure())
            .authenticator(chain.getAuthenticator())
            .cache(chain.getCache())
            .cookieJar(chain.getCookieJar())
            .certificatePinner(chain.getCertificatePinner())
            .hostnameVerifier(chain.getHostnameVerifier())
            .connectionPool(chain.getConnectionPool());
    SSLSocketFactory sslSocketFactory = chain.getSslSocketFactoryOrNull();
    X509TrustManager trustManager = chain.getX509TrustManagerOrNull();
    if (sslSocketFactory != null && trustManager != null) {
      builder.sslSocketFactory(sslSocketFactory, trustManager);
    }
    List<Interceptor> interceptors = builder.interceptors();
    interceptors.subList(0, interceptors.indexOf(owner) + 1).clear();
    return builder.build();
  }

  /** The client of a call, which OkHttp tells on the class path only; null if it does not. */
  private static @Nullable OkHttpClient client(Call call) {
    try {
      return (OkHttpClient) call.getClass().getMethod("getClient").invoke(call);
    } catch (ReflectiveOperationException | ClassCastException e) {
      return null;
    }
  }
}
