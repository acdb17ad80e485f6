package io.evenload.micrometer;

import static java.util.Objects.requireNonNull;

import io.evenload.okhttp.CallListener;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The meters of the calls that an interceptor balances; give it to the interceptor's builder.
 *
 * <pre>{@code
 * LoadBalancingInterceptor.builder().service("orders", orders).listener(CallMetrics.of(registry)).build();
 * }</pre>
 *
 * <p>Every meter has the tag {@code service}, the host that the service was added with:
 *
 * <ul>
 *   <li>{@code evenload.requests} (timer): calls with all their attempts, until the response begins
 *       or the call fails, by {@code outcome}: {@code success}; {@code failure}, which is a status
 *       of 500 or more or what else counts as one, an exception, or a timeout; {@code cancelled};
 *       {@code no_server} if there was none to try; {@code throttled} if it was not sent, as the
 *       service refuses so many.
 *   <li>{@code evenload.retries} (counter): failed attempts that were repeated, by {@code reason}:
 *       a status such as {@code 503}, or the simple name of the exception's class.
 *   <li>{@code evenload.retries.refused} (counter): failed attempts that were not, by {@code
 *       refusal}, such as {@code budget_exhausted}.
 *   <li>{@code evenload.hedges} (counter): second attempts, begun since the first was slow.
 *   <li>{@code evenload.hedges.won} (counter): those whose response the caller got.
 *   <li>{@code evenload.hedges.refused} (counter): slow attempts without a second one, by {@code
 *       refusal}.
 *   <li>{@code evenload.retry.budget} (gauge, {@code retries}): how many retries and hedges the
 *       budget has left; infinite without one. After another interceptor was built for the service,
 *       that one's.
 *   <li>{@code evenload.connections} (gauge, {@code connections}): how many are open to all servers
 *       together, in use or idle; those to each are told by {@link
 *       LoadBalancingInterceptor#connections}. Of the same interceptor as the budget.
 *   <li>{@code evenload.throttling} (gauge): the share of the calls that is not sent, as the
 *       service refuses so many; 0 mostly, and without {@code ServiceOptions.throttling}. Of the
 *       same interceptor as the budget.
 *   <li>{@code evenload.misrouted} (counter): requests that went to the wrong server; always 0, or
 *       please report it.
 * </ul>
 *
 * <p>Thread-safe; may be given to several interceptors.
 */
public final class CallMetrics implements CallListener {

  private static final String BUDGET = "evenload.retry.budget";
  private static final String CONNECTIONS = "evenload.connections";
  private static final String THROTTLING = "evenload.throttling";

  private final MeterRegistry registry;
  private final Map<String, ServiceMeters> services = new ConcurrentHashMap<>();

  private CallMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Returns a listener that counts in this registry. */
  public static CallMetrics of(MeterRegistry registry) {
    return new CallMetrics(requireNonNull(registry, "registry"));
  }

  @Override
  public void addedTo(LoadBalancingInterceptor interceptor) {
    for (String host : interceptor.hosts()) {
      ServiceMeters unused = meters(host);
      registerAnew(
          BUDGET,
          host,
          Gauge.builder(BUDGET, interceptor, current -> current.retriesLeft(host))
              .description("Retries and hedges that the budget has left")
              .baseUnit("retries"));
      registerAnew(
          THROTTLING,
          host,
          Gauge.builder(THROTTLING, interceptor, current -> current.throttledShare(host))
              .description("The share of the calls that is not sent"));
      registerAnew(
          CONNECTIONS,
          host,
          Gauge.builder(CONNECTIONS, interceptor, current -> sum(current.connections(host)))
              .description("Open connections to all servers, in use or idle")
              .baseUnit("connections"));
    }
  }

  private static double sum(Map<?, Integer> counts) {
    return counts.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** Registers a gauge in place of the one that an earlier interceptor of the service had. */
  private void registerAnew(String name, String host, Gauge.Builder<?> gauge) {
    registry.find(name).tag("service", host).meters().forEach(registry::remove);
    Gauge unused = gauge.tag("service", host).register(registry);
  }

  @Override
  public void ended(CallEnded event) {
    meters(event.host()).ended(event);
  }

  @Override
  public void retried(Retried event) {
    meters(event.attempt().host()).retried(event.attempt());
  }

  @Override
  public void notRetried(NotRetried event) {
    meters(event.attempt().host()).notRetried(event.refusal());
  }

  @Override
  public void hedged(Hedged event) {
    meters(event.host()).hedged();
  }

  @Override
  public void notHedged(NotHedged event) {
    meters(event.host()).notHedged(event.refusal());
  }

  @Override
  public void misrouted(Misrouted event) {
    meters(event.host()).misrouted();
  }

  private ServiceMeters meters(String host) {
    ServiceMeters known = services.get(host);
    return known != null
        ? known
        : services.computeIfAbsent(host, service -> new ServiceMeters(registry, service));
  }
}
