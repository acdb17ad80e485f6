package io.evenload.okhttp;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import java.io.IOException;
import java.util.function.BiConsumer;
import kotlin.jvm.functions.Function0;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Runs the calls of one host: attempt after attempt, until one may be given to the caller. */
final class BalancedService {

  final String host;
  final LoadBalancer balancer;
  final Admission admission;
  final Retries retries;
  final Hedging hedging;
  final Router router;
  final Sessions sessions;
  final ServerFailures failures;
  final BiConsumer<Server, Response> hints;
  final @Nullable String timeoutHeader;
  final Timing timing;
  private final SizingAdvice sizing;
  private final Function0<BalancedCall> states;
  private final ProxyCheck proxyCheck;

  /**
   * Creates the service.
   *
   * @param builder the options of the interceptor
   */
  BalancedService(
      String host,
      LoadBalancer balancer,
      LoadBalancingInterceptor.Builder builder,
      Router router,
      CallListener listener,
      SizingAdvice sizing,
      RateLimitedLog log) {
    this.host = host;
    this.balancer = balancer;
    this.router = router;
    this.timing = builder.timing;
    this.admission =
        new Admission(balancer, builder.waitForServers, builder.waitForRoom, timing.nanoTime());
    this.retries = new Retries(host, builder.retry, timing, listener);
    this.hedging = new Hedging(host, timing, listener);
    this.sessions = new Sessions(host, balancer, builder.affinity, timing, log);
    this.timeoutHeader = builder.timeoutHeader;
    this.failures = new ServerFailures(builder.failureStatuses, builder.retry, log);
    BackendHints believed = builder.hints;
    this.hints =
        (server, response) ->
            believed.read(balancer, server, response, timing.epochMillis().getAsLong());
    this.sizing = sizing;
    this.states = () -> new BalancedCall(timing, log);
    this.proxyCheck = new ProxyCheck(host);
  }

  /**
   * Runs one call.
   *
   * @param request the chain's, or what it was redirected to
   * @throws ServiceRedirect if a server redirects the call to where another has to be chosen
   */
  Response intercept(Interceptor.Chain chain, Request request) throws IOException {
    OkHttpCheck.verify();
    proxyCheck.verify(chain, request.url());
    sizing.check(host, chain, balancer);
    Call call = chain.call();
    BalancedCall state = BalancedCall.of(call, states);
    if (!state.enter()) {
      return chain.proceed(request);
    }
    try {
      return new AttemptLoop(this, chain, request, state).run();
    } catch (ServiceRedirect e) {
      throw e;
    } catch (IOException e) {
      state.explain(e, host);
      throw e;
    } finally {
      state.leave();
    }
  }
}
