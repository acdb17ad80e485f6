package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.Server;
import io.evenload.discovery.Networks;
import io.evenload.okhttp.internal.route.ServerRoutes;
import java.io.IOException;
import java.util.List;
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

  /** Ends the streams of servers that drain. */
  final StreamDrain streams;

  /** Keeps connections open. */
  final WarmUp warmUp;

  /** Is told of attempts whose response was dropped without being closed. */
  final Consumer<Attempt> leaks;

  private final LoadBalancer balancer;
  private final RateLimitedLog log;
  private final @Nullable SizingAdvice sizing; // reads what is not public
  private final CallHandler handler;
  private volatile ServiceParts options;

  /**
   * Creates the service.
   *
   * @param given what it does with its calls at first
   */
  BalancedService(
      String host,
      LoadBalancer balancer,
      ServiceOptions<?> given,
      Timing timing,
      ServerRoutes routes,
      Router router,
      Separation separation,
      ContainedListener listener,
      @Nullable SizingAdvice sizing,
      RateLimitedLog log) {
    this.host = host;
    this.balancer = balancer;
    this.timing = timing;
    this.log = log;
    this.separation = separation;
    this.sizing = sizing;
    this.leaks = this::leaked;
    this.streams = new StreamDrain(balancer, timing);
    this.warmUp =
        new WarmUp(
            host, balancer, routes, timing, () -> options().connections(), log, sizing != null);
    this.options =
        options(
            given,
            new FirstAttempt(balancer, given.waitForServers, given.waitForRoom, timing.nanoTime()),
            new Retries(host, given.retry, timing, listener).with(given.retry, given.throttling),
            throttle(null, given.throttling));
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

  ServiceParts options() {
    return options;
  }

  /**
   * Works by other options from now on. Calls must not overlap.
   *
   * @param given the options from now on
   */
  void use(ServiceOptions<?> given) {
    ServiceParts last = options;
    options =
        options(
            given,
            last.first().with(given.waitForServers, given.waitForRoom),
            last.retries().with(given.retry, given.throttling),
            throttle(last.throttle(), given.throttling));
  }

  /** Returns the last throttle if it is still the one that is wanted, since it has counted. */
  private @Nullable Throttle throttle(@Nullable Throttle last, @Nullable Throttling wanted) {
    if (wanted == null || (last != null && last.options().equals(wanted))) {
      return wanted == null ? null : last;
    }
    return new Throttle(host, wanted, timing.nanoTime(), timing.random());
  }

  /** The share of the calls that is not sent now. */
  double throttled() {
    Throttle throttle = options.throttle();
    return throttle == null ? 0 : throttle.share();
  }

  /** Says in words that calls are not sent; null while all are. */
  @Nullable String notice() {
    Throttle throttle = options.throttle();
    return throttle == null ? null : throttle.notice();
  }

  private ServiceParts options(
      ServiceOptions<?> given, FirstAttempt first, Retries retries, @Nullable Throttle throttle) {
    BackendHints believed = given.hints;
    return new ServiceParts(
        first,
        retries,
        throttle,
        new Sessions(host, balancer, given.affinity, timing, log),
        new Judge(given.failureStatuses, given.retry, log),
        (server, response) ->
            believed.read(balancer, server, response, timing.epochMillis().getAsLong()),
        given.timeoutHeader,
        given.connections);
  }

  /** Those that are known now. */
  List<Server> servers() {
    return balancer.status().endpoints().stream().map(EndpointStatus::server).toList();
  }

  /** The networks that its servers may be in. */
  Networks networks() {
    return balancer.networks();
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
