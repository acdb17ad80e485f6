package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.Server;
import io.evenload.okhttp.internal.route.NetworkHalf;
import io.evenload.okhttp.internal.route.ServerDns;
import io.evenload.okhttp.internal.route.ServerRoutes;
import java.io.IOException;
import java.net.Proxy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import okhttp3.Authenticator;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.CookieJar;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** A request to one server, by a client that shares what makes connections and nothing else. */
final class OkHttpProbe implements HealthProbe {

  /*
   * Each probe is a call of its own, so it holds no connection that could lead elsewhere. Router sends it as it sends
   * balanced calls, and all that OkHttp compares of a connection is the client's, so it may find one of theirs in the pool.
   */

  private static final ThreadPoolExecutor THREADS =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          1,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          task -> {
            Thread thread = new Thread(null, task, "evenload-okhttp-probes", 0, false);
            thread.setDaemon(true);
            return thread;
          });

  private final OkHttpClient client;
  private final String host;
  private final Request request;
  private final Function<Response, HealthReport> judge;
  private final ServerRoutes routes = new ServerRoutes(host -> false, true);

  OkHttpProbe(
      OkHttpClient client, String host, Request request, Function<Response, HealthReport> judge) {
    this.client = derived(client);
    this.host = host;
    this.request = request;
    this.judge = judge;
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
            .retryOnConnectionFailure(false);
    builder.interceptors().clear();
    builder.networkInterceptors().clear();
    return builder
        .addInterceptor(OkHttpProbe::routed)
        .addNetworkInterceptor(OkHttpProbe::withoutRetryAfter)
        .build();
  }

  private static Response routed(Interceptor.Chain chain) throws IOException {
    Request request = chain.request();
    ServerDns dns = requireNonNull(request.tag(ServerDns.class));
    return dns.routed(chain.withProxy(Proxy.NO_PROXY), request.url()).proceed(request);
  }

  /** OkHttp would send the request again after a 503 that asks for it; see {@link NetworkHalf}. */
  private static Response withoutRetryAfter(Interceptor.Chain chain) throws IOException {
    Response response = chain.proceed(chain.request());
    return response.newBuilder().removeHeader(RetryAfter.NAME).build();
  }

  @Override
  public CompletionStage<HealthReport> probe(Server server, Duration timeout) {
    ServerDns dns = routes.to(host, server, client.dns(), false);
    Call call = client.newCall(request.newBuilder().tag(ServerDns.class, dns).build());
    call.timeout().timeout(timeout.toNanos(), TimeUnit.NANOSECONDS);
    CompletableFuture<HealthReport> report = new CompletableFuture<>();
    var unused =
        report.whenComplete(
            (done, failure) -> {
              if (report.isCancelled()) {
                call.cancel();
              }
            });
    call.enqueue(new Answer(report));
    return report;
  }

  /** What is asked for, such as {@code GET https://orders/health}. */
  @Override
  public String toString() {
    return request.method() + " " + request.url();
  }

  private final class Answer implements Callback {
    private final CompletableFuture<HealthReport> report;

    Answer(CompletableFuture<HealthReport> report) {
      this.report = report;
    }

    @Override
    public void onResponse(Call call, Response response) {
      HealthReport judged;
      try (response) {
        judged = judge.apply(response);
      } catch (Throwable e) {
        report.completeExceptionally(e);
        return;
      }
      report.complete(judged); // when the connection is back in the pool
    }

    @Override
    public void onFailure(Call call, IOException failure) {
      report.complete(
          HealthReport.unhealthy(failure.getClass().getSimpleName() + ": " + failure.getMessage()));
    }
  }
}
