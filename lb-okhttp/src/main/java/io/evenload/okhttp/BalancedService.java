package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import java.io.IOException;
import java.util.function.Consumer;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Answers the calls of one host. */
final class BalancedService {

  final String host;
  final Timing timing;

  /** Whether each attempt of a call must be a call of its own. */
  final Separation separation;

  /** Is told of attempts whose response was dropped without being closed. */
  final Consumer<Attempt> leaks;

  private final LoadBalancer balancer;
  private final RateLimitedLog log;
  private final @Nullable SizingAdvice sizing; // reads what is not public
  private final CallHandler handler;
  private volatile ServiceOptions options;

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
      Separation separation,
      ContainedListener listener,
      @Nullable SizingAdvice sizing,
      RateLimitedLog log) {
    this.host = host;
    this.balancer = balancer;
    this.timing = builder.timing;
    this.log = log;
    this.separation = separation;
    this.sizing = sizing;
    this.leaks = this::leaked;
    this.options =
        options(
            builder,
            new FirstAttempt(
                balancer, builder.waitForServers, builder.waitForRoom, timing.nanoTime()),
            new Retries(host, builder.retry, timing, listener));
    this.handler = handler(router, listener);
  }

  /**
   * Returns what answers the calls. Each handler is around those before it, and sees what they
   * return and throw; what is around each attempt is told in {@link AttemptMaker}.
   */
  private CallHandler handler(Router router, ContainedListener listener) {
    Hedging hedging = new Hedging(host, timing, listener);
    AttemptPlanner planner = new PolicyPlanner(balancer, hedging);
    AttemptMaker maker = new AttemptMaker(planner, router, hedging, timing);

    CallHandler handler = new AttemptLoop(this, planner, maker);
    handler = new ProxyCheck(host).before(handler); // no proxy is passed by
    handler = listener.listens() ? new CallEnds(host, listener, timing, handler) : handler;
    handler = AttemptsException.addedTo(handler, host); // what was tried stands in what is thrown
    handler = Backstop.behind(handler); // stays last: what broke leaves nothing open
    return handler;
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
            last.first().with(builder.waitForServers, builder.waitForRoom),
            last.retries().with(builder.retry));
  }

  private ServiceOptions options(
      LoadBalancingInterceptor.Builder builder, FirstAttempt first, Retries retries) {
    BackendHints believed = builder.hints;
    return new ServiceOptions(
        first,
        retries,
        new Sessions(host, balancer, builder.affinity, timing, log),
        new Judge(builder.failureStatuses, builder.retry, log),
        (server, response) ->
            believed.read(balancer, server, response, timing.epochMillis().getAsLong()),
        builder.timeoutHeader);
  }

  /**
   * Answers one call, unless its server is chosen already.
   *
   * @param request the chain's, or what it was redirected to
   * @throws ServiceRedirect if a server redirects the call to where another has to be chosen
   */
  Response intercept(Interceptor.Chain chain, Request request) throws IOException {
    OkHttpCheck.verify();
    if (sizing != null) {
      sizing.check(host, chain, balancer);
    }
    BalancedCall balanced = BalancedCall.of(chain.call(), timing);
    if (balanced == null || !balanced.enter()) {
      return chain.proceed(request);
    }
    try {
      return handler.handle(chain, request, balanced);
    } finally {
      balanced.leave();
    }
  }

  private void leaked(Attempt attempt) {
    log.warn(
        host
            + ": a response was dropped without being closed; its attempt at "
            + attempt.server().id()
            + " was given back",
        null);
  }
}
