package io.evenload.okhttp;

import io.evenload.LoadBalancer;
import java.io.IOException;
import kotlin.jvm.functions.Function0;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Runs the calls of one host: attempt after attempt, until one may be given to the caller. */
final class BalancedService {

  final String host;
  final LoadBalancer balancer;
  final Hedging hedging;
  final Router router;
  final Timing timing;
  private volatile ServiceOptions options;
  private final RateLimitedLog log;
  private final ContainedListener listener;
  private final @Nullable SizingAdvice sizing; // reads what is not public
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
      ContainedListener listener,
      @Nullable SizingAdvice sizing,
      RateLimitedLog log) {
    this.host = host;
    this.balancer = balancer;
    this.router = router;
    this.timing = builder.timing;
    this.log = log;
    this.hedging = new Hedging(host, timing, listener);
    this.options =
        options(
            builder,
            new Admission(balancer, builder.waitForServers, builder.waitForRoom, timing.nanoTime()),
            new Retries(host, builder.retry, timing, listener));
    this.listener = listener;
    this.sizing = sizing;
    this.states = () -> new BalancedCall(timing, log);
    this.proxyCheck = new ProxyCheck(host);
  }

  ServiceOptions options() {
    return options;
  }

  /**
   * Works by other options from now on. Calls must not overlap.
   *
   * @param builder the options of the interceptor
   */
  void use(LoadBalancingInterceptor.Builder builder) {
    ServiceOptions last = options;
    options =
        options(
            builder,
            last.admission().with(builder.waitForServers, builder.waitForRoom),
            last.retries().with(builder.retry));
  }

  private ServiceOptions options(
      LoadBalancingInterceptor.Builder builder, Admission admission, Retries retries) {
    BackendHints believed = builder.hints;
    return new ServiceOptions(
        admission,
        retries,
        new Sessions(host, balancer, builder.affinity, timing, log),
        new ServerFailures(builder.failureStatuses, builder.retry, log),
        (server, response) ->
            believed.read(balancer, server, response, timing.epochMillis().getAsLong()),
        builder.timeoutHeader);
  }

  /**
   * Runs one call.
   *
   * @param request the chain's, or what it was redirected to
   * @throws ServiceRedirect if a server redirects the call to where another has to be chosen
   */
  Response intercept(Interceptor.Chain chain, Request request) throws IOException {
    OkHttpCheck.verify();
    if (sizing != null) {
      sizing.check(host, chain, balancer);
    }
    BalancedCall state = BalancedCall.of(chain.call(), states);
    if (!state.enter()) {
      return chain.proceed(request);
    }
    try {
      return listener.listens() ? told(chain, request, state) : begin(chain, request, state).run();
    } catch (ServiceRedirect e) {
      throw e;
    } catch (IOException e) {
      state.explain(e, host);
      throw e;
    } finally {
      state.leave();
    }
  }

  /** Begins with the attempts; fails if the client's proxy, or code of the caller's, does. */
  private AttemptLoop begin(Interceptor.Chain chain, Request request, BalancedCall state)
      throws IOException {
    proxyCheck.verify(chain, request.url());
    return new AttemptLoop(this, chain, request, state);
  }

  /** Runs the attempts, and tells what came of them. */
  private Response told(Interceptor.Chain chain, Request request, BalancedCall state)
      throws IOException {
    Call call = chain.call();
    long begin = timing.nanoTime().getAsLong();
    AttemptLoop loop = null;
    Response response;
    try {
      loop = begin(chain, request, state);
      response = loop.run();
    } catch (ServiceRedirect e) {
      tell(call, loop, null, begin); // the answer of this service
      throw e;
    } catch (IOException e) {
      if (call.isCanceled()) {
        tellWhenFailed(call, loop, begin);
      } else {
        tell(call, loop, e, begin);
      }
      throw e;
    } catch (Throwable e) { // OkHttp also throws what it does not declare: InterruptedException
      tell(call, loop, e, begin);
      throw e;
    }
    tell(call, loop, null, begin);
    return response;
  }

  /** Only the end of a cancelled call tells whether it was cancelled by its timeout. */
  private void tellWhenFailed(Call call, @Nullable AttemptLoop loop, long begin) {
    call.addEventListener(
        new EventListener() {
          @Override
          public void callFailed(Call failed, IOException failure) {
            tell(failed, loop, failure, begin);
          }
        });
  }

  private void tell(
      Call call, @Nullable AttemptLoop loop, @Nullable Throwable failure, long begin) {
    long took = timing.nanoTime().getAsLong() - begin;
    listener.ended(host, call, loop == null ? null : loop.last(), failure, took);
  }
}
