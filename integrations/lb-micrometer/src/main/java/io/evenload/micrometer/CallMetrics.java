package io.evenload.micrometer;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.okhttp.CallAttempt;
import io.evenload.okhttp.CallListener;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import okhttp3.Call;
import org.jspecify.annotations.Nullable;

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
 *       {@code no_server} if there was none to try.
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
 *   <li>{@code evenload.misrouted} (counter): requests that went to the wrong server; always 0, or
 *       please report it.
 * </ul>
 *
 * <p>Thread-safe; may be given to several interceptors.
 */
public final class CallMetrics implements CallListener {

  private static final String BUDGET = "evenload.retry.budget";

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
      registry.find(BUDGET).tag("service", host).meters().forEach(registry::remove);
      Gauge.builder(BUDGET, interceptor, current -> current.retriesLeft(host))
          .description("Retries and hedges that the budget has left")
          .baseUnit("retries")
          .tag("service", host)
          .register(registry);
    }
  }

  @Override
  public void ended(
      String host,
      Call call,
      @Nullable CallAttempt last,
      @Nullable Throwable failure,
      long tookNanos) {
    meters(host).ended(call, last, failure, tookNanos);
  }

  @Override
  public void retried(FailedAttempt attempt, Duration delay) {
    meters(attempt.host()).retried(attempt);
  }

  @Override
  public void notRetried(FailedAttempt attempt, Refusal refusal) {
    meters(attempt.host()).notRetried(refusal);
  }

  @Override
  public void hedged(String host, Call call, Server slow, Server second) {
    meters(host).hedged();
  }

  @Override
  public void notHedged(String host, Call call, Server slow, Refusal refusal) {
    meters(host).notHedged(refusal);
  }

  @Override
  public void misrouted(String host, Server expected, String actual) {
    meters(host).misrouted();
  }

  private ServiceMeters meters(String host) {
    ServiceMeters known = services.get(host);
    return known != null
        ? known
        : services.computeIfAbsent(host, service -> new ServiceMeters(registry, service));
  }
}
