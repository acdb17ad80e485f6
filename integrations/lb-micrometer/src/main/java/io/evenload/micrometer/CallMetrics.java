package io.evenload.micrometer;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.okhttp.CallListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Locale;

/**
 * The meters of the calls that an interceptor balances; give it to the interceptor's builder.
 *
 * <pre>{@code
 * LoadBalancingInterceptor.builder().service("orders", orders).listener(CallMetrics.of(registry)).build();
 * }</pre>
 *
 * <p>Every meter has the tag {@code service}, the host by which URLs name the service:
 *
 * <ul>
 *   <li>{@code evenload.retries} (counter): failed attempts that were repeated, by {@code reason}:
 *       a status such as {@code 503}, or the simple name of the exception's class.
 *   <li>{@code evenload.retries.refused} (counter): failed attempts that were not, by {@code
 *       refusal}, such as {@code budget_exhausted}.
 *   <li>{@code evenload.misrouted} (counter): requests that went to the wrong server; always 0, or
 *       please report it.
 * </ul>
 *
 * <p>Immutable and thread-safe.
 */
public final class CallMetrics implements CallListener {

  private final MeterRegistry registry;

  private CallMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Returns a listener that counts in this registry. */
  public static CallMetrics of(MeterRegistry registry) {
    return new CallMetrics(requireNonNull(registry, "registry"));
  }

  @Override
  public void retried(FailedAttempt attempt, Duration delay) {
    Counter.builder("evenload.retries")
        .description("Failed attempts that were repeated")
        .tag("service", attempt.host())
        .tag("reason", attempt.reason())
        .register(registry)
        .increment();
  }

  @Override
  public void notRetried(FailedAttempt attempt, Refusal refusal) {
    Counter.builder("evenload.retries.refused")
        .description("Failed attempts that were not repeated")
        .tag("service", attempt.host())
        .tag("refusal", refusal.name().toLowerCase(Locale.ROOT))
        .register(registry)
        .increment();
  }

  @Override
  public void misrouted(String host, Server expected, String actual) {
    Counter.builder("evenload.misrouted")
        .description("Requests that went to the wrong server")
        .tag("service", host)
        .register(registry)
        .increment();
  }
}
