package io.evenload.config;

import io.evenload.okhttp.Affinity;
import io.evenload.okhttp.BackendHints;
import io.evenload.okhttp.CircuitBreaker;
import io.evenload.okhttp.ConnectionPolicy;
import io.evenload.okhttp.HedgePolicy;
import io.evenload.okhttp.RetryPolicy;
import io.evenload.okhttp.ServiceOptions;
import io.evenload.okhttp.Throttling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The parts of the {@link ServiceOptions}. */
final class InterceptorParts {

  private static final String IF_SET = "true if another is set";

  private InterceptorParts() {}

  /** Returns them in the order of the documentation. */
  static List<Part<ServiceOptions<?>>> all() {
    List<Part<ServiceOptions<?>>> parts = new ArrayList<>();
    parts.add(RetryPart.PART);
    parts.add(BreakerPart.PART);
    parts.addAll(
        new Settings<ServiceOptions<?>>("", "ServiceOptions")
            .duration("waitForServers", Duration.ZERO, ServiceOptions::waitForServers)
            .duration("waitForRoom", Duration.ZERO, ServiceOptions::waitForRoom)
            .parts());
    parts.add(
        Part.of(
            new Key<>(
                "failure-statuses",
                Form.STATUS_SET,
                "500 and more, and `retry.statuses`",
                "ServiceOptions.failureStatuses, defaultFailureStatuses"),
            (builder, statuses) -> builder.failureStatuses(statuses::contains),
            ServiceOptions::defaultFailureStatuses));
    parts.add(
        Part.of(
            new Key<>(
                "timeout-header",
                Form.TEXT,
                "none",
                "ServiceOptions.timeoutHeader, withoutTimeoutHeader"),
            ServiceOptions::timeoutHeader,
            ServiceOptions::withoutTimeoutHeader));
    parts.add(throttling());
    parts.add(AffinityPart.PART);
    parts.add(hints());
    parts.add(connections());
    return List.copyOf(parts);
  }

  private static Part<ServiceOptions<?>> throttling() {
    Key<Boolean> enabled =
        Key.enabled("throttling", IF_SET, "ServiceOptions.throttling, withoutThrottling");
    Settings<Throttling.Builder> settings =
        new Settings<Throttling.Builder>("throttling", "Throttling.Builder")
            .number("ratio", Throttling.DEFAULT_RATIO, Throttling.Builder::ratio)
            .duration("window", Throttling.DEFAULT_WINDOW, Throttling.Builder::window)
            .integer(
                "minimumCalls", Throttling.DEFAULT_MINIMUM_CALLS, Throttling.Builder::minimumCalls)
            .with(
                "statuses",
                Form.STATUS_SET,
                Form.text(new TreeSet<>(Throttling.DEFAULT_STATUSES)),
                Throttling.Builder::statuses);
    return Part.of(
        settings.keysAfter(enabled),
        values -> {
          Throttling throttling = settings.on(Throttling.builder(), values).build();
          return values.get(enabled, true) ? throttling : null;
        },
        (ServiceOptions<?> options, Throttling throttling) -> options.throttling(throttling),
        ServiceOptions::withoutThrottling,
        ServiceOptions::withoutThrottling);
  }

  private static Part<ServiceOptions<?>> hints() {
    Key<Boolean> enabled = Key.enabled("hints", IF_SET, "ServiceOptions.hints");
    Settings<BackendHints.Builder> settings =
        new Settings<BackendHints.Builder>("hints", "BackendHints.Builder")
            .flag(
                "loadReports",
                false,
                (hints, believed) -> {
                  if (believed) {
                    hints.loadReports();
                  }
                })
            .number(
                "errorPenalty",
                BackendHints.Builder.DEFAULT_ERROR_PENALTY,
                BackendHints.Builder::errorPenalty)
            .text("drainingHeader", "none", BackendHints.Builder::drainingHeader)
            .flag(
                "retryAfter",
                false,
                (hints, believed) -> {
                  if (believed) {
                    hints.retryAfter();
                  }
                });
    return Part.of(
        settings.keysAfter(enabled),
        values -> {
          BackendHints hints = settings.on(BackendHints.builder(), values).build();
          return values.get(enabled, true) ? hints : null;
        },
        (ServiceOptions<?> options, BackendHints hints) -> options.hints(hints),
        InterceptorParts::believeNothing,
        InterceptorParts::believeNothing);
  }

  private static Part<ServiceOptions<?>> connections() {
    Key<Boolean> enabled = Key.enabled("connections", IF_SET, "ServiceOptions.connections");
    Settings<ConnectionPolicy.Builder> settings =
        new Settings<ConnectionPolicy.Builder>("connections", "ConnectionPolicy.Builder")
            .duration("maxAge", Duration.ZERO, ConnectionPolicy.Builder::maxAge)
            .duration("drainStreams", Duration.ZERO, ConnectionPolicy.Builder::drainStreams)
            .text(
                "streamTypes",
                String.join(",", ConnectionPolicy.DEFAULT_STREAM_TYPES),
                (policy, types) -> policy.streamTypes(types.split("\\s*,\\s*", -1)))
            .integer("warm", 0, ConnectionPolicy.Builder::warm)
            .text("warmUrl", "https and the service's name", ConnectionPolicy.Builder::warmUrl)
            .duration(
                "warmWithin",
                ConnectionPolicy.DEFAULT_WARM_WITHIN,
                ConnectionPolicy.Builder::warmWithin);
    return Part.of(
        settings.keysAfter(enabled),
        values -> {
          ConnectionPolicy policy = settings.on(ConnectionPolicy.builder(), values).build();
          return values.get(enabled, true) ? policy : null;
        },
        (ServiceOptions<?> options, ConnectionPolicy policy) -> options.connections(policy),
        InterceptorParts::leaveConnections,
        InterceptorParts::leaveConnections);
  }

  private static void leaveConnections(ServiceOptions<?> builder) {
    builder.connections(ConnectionPolicy.defaults());
  }

  private static void believeNothing(ServiceOptions<?> builder) {
    builder.hints(BackendHints.builder().build());
  }

  /** When a call is tried again, and hedged. */
  private static final class RetryPart {
    private static final Key<Boolean> ENABLED =
        Key.enabled("retry", "true", "ServiceOptions.retry");
    private static final Key<Boolean> BUDGET =
        Key.enabled("retry.budget", "true", "RetryPolicy.Builder.withoutBudget");
    private static final Key<Boolean> HEDGE =
        Key.enabled("retry.hedge", IF_SET, "RetryPolicy.Builder.hedge, withoutHedge");
    private static final Key<Duration> DELAY =
        new Key<>("retry.hedge.delay", Form.DURATION, "none", "HedgePolicy.after");
    private static final Key<Double> QUANTILE =
        new Key<>("retry.hedge.quantile", Form.NUMBER, "none", "HedgePolicy.afterQuantile");
    private static final Settings<RetryPolicy.Builder> SETTINGS =
        new Settings<RetryPolicy.Builder>("retry", "RetryPolicy.Builder")
            .integer(
                "maxAttempts", RetryPolicy.DEFAULT_MAX_ATTEMPTS, RetryPolicy.Builder::maxAttempts)
            .with(
                "statuses",
                Form.STATUS_SET,
                Form.text(new TreeSet<>(RetryPolicy.DEFAULT_STATUSES)),
                RetryPolicy.Builder::statuses)
            .duration(
                "baseBackoff", RetryPolicy.DEFAULT_BASE_BACKOFF, RetryPolicy.Builder::baseBackoff)
            .duration(
                "maxBackoff", RetryPolicy.DEFAULT_MAX_BACKOFF, RetryPolicy.Builder::maxBackoff)
            .duration(
                "maxRetryAfter",
                RetryPolicy.DEFAULT_MAX_RETRY_AFTER,
                RetryPolicy.Builder::maxRetryAfter)
            .number(
                "budgetRatio", RetryPolicy.DEFAULT_BUDGET_RATIO, RetryPolicy.Builder::budgetRatio)
            .number(
                "budgetPerSecond",
                RetryPolicy.DEFAULT_BUDGET_PER_SECOND,
                RetryPolicy.Builder::budgetPerSecond)
            .text("idempotencyKey", "none", RetryPolicy.Builder::idempotencyKey)
            .flag("refusalsTrusted", true, RetryPolicy.Builder::refusalsTrusted)
            .duration("attemptTimeout", Duration.ZERO, RetryPolicy.Builder::attemptTimeout);

    static final Part<ServiceOptions<?>> PART =
        Part.of(
            keys(),
            RetryPart::read,
            ServiceOptions::retry,
            builder -> builder.retry(RetryPolicy.none()),
            builder -> builder.retry(RetryPolicy.defaults()));

    private static List<Key<?>> keys() {
      List<Key<?>> keys = SETTINGS.keysAfter(ENABLED);
      keys.addAll(List.of(BUDGET, HEDGE, DELAY, QUANTILE));
      return keys;
    }

    private static RetryPolicy read(Values values) {
      RetryPolicy.Builder policy = SETTINGS.on(RetryPolicy.builder(), values);
      if (!values.get(BUDGET, true)) {
        policy.withoutBudget();
      }
      HedgePolicy hedge = hedge(values);
      if (hedge != null) {
        policy.hedge(hedge);
      }
      policy.build(); // what is turned off is checked too
      return (values.get(ENABLED, true) ? policy : policy.maxAttempts(1)).build();
    }

    private static @Nullable HedgePolicy hedge(Values values) {
      boolean enabled = values.get(HEDGE, false) || !values.has(HEDGE);
      HedgePolicy hedge = null;
      if (values.prefers(DELAY, QUANTILE)) {
        hedge = HedgePolicy.after(values.need(DELAY));
      } else if (values.has(QUANTILE)) {
        hedge = HedgePolicy.afterQuantile(values.need(QUANTILE));
      } else if (values.get(HEDGE, false)) {
        values.need(QUANTILE);
      }
      return enabled ? hedge : null;
    }
  }

  /** The circuit breaker of each server. */
  private static final class BreakerPart {
    private static final Key<Boolean> ENABLED =
        Key.enabled(
            "circuit-breaker", "true", "ServiceOptions.circuitBreaker, withoutCircuitBreaker");
    private static final Settings<CircuitBreaker.Builder> SETTINGS =
        new Settings<CircuitBreaker.Builder>("circuit-breaker", "CircuitBreaker.Builder")
            .integer(
                "failurePercent",
                CircuitBreaker.DEFAULT_FAILURE_PERCENT,
                CircuitBreaker.Builder::failurePercent)
            .integer(
                "slowPercent",
                CircuitBreaker.DEFAULT_SLOW_PERCENT,
                CircuitBreaker.Builder::slowPercent)
            .duration(
                "slowAfter", CircuitBreaker.DEFAULT_SLOW_AFTER, CircuitBreaker.Builder::slowAfter)
            .integer("window", CircuitBreaker.DEFAULT_WINDOW, CircuitBreaker.Builder::window)
            .integer(
                "minimumAttempts",
                CircuitBreaker.DEFAULT_MINIMUM_ATTEMPTS,
                CircuitBreaker.Builder::minimumAttempts)
            .duration(
                "openTime", CircuitBreaker.DEFAULT_OPEN_TIME, CircuitBreaker.Builder::openTime)
            .integer("trials", CircuitBreaker.DEFAULT_TRIALS, CircuitBreaker.Builder::trials);

    static final Part<ServiceOptions<?>> PART =
        Part.of(
            SETTINGS.keysAfter(ENABLED),
            BreakerPart::read,
            (options, breaker) -> options.circuitBreaker(breaker),
            ServiceOptions::withoutCircuitBreaker,
            options -> options.circuitBreaker(CircuitBreaker.defaults()));

    private static @Nullable CircuitBreaker read(Values values) {
      CircuitBreaker breaker = SETTINGS.on(CircuitBreaker.builder(), values).build();
      return values.get(ENABLED, true) ? breaker : null;
    }
  }

  /** What keeps the calls of a session together. */
  private static final class AffinityPart {
    private static final Key<Boolean> ENABLED =
        Key.enabled("affinity", IF_SET, "ServiceOptions.affinity");
    private static final Key<String> BY =
        new Key<>(
            "affinity.by",
            Form.oneOf("header", "cookie", "server-cookie"),
            "none",
            "Affinity.header, cookie, serverCookie");
    private static final Key<String> NAME =
        new Key<>("affinity.name", Form.TEXT, "none", "Affinity.header, cookie");
    private static final Key<Duration> MAX_AGE =
        new Key<>("affinity.max-age", Form.DURATION, "none", "Affinity.serverCookie");

    static final Part<ServiceOptions<?>> PART =
        Part.of(
            List.of(ENABLED, BY, NAME, MAX_AGE),
            AffinityPart::read,
            ServiceOptions::affinity,
            AffinityPart::none,
            AffinityPart::none);

    private static void none(ServiceOptions<?> builder) {
      builder.affinity(Affinity.by(request -> null));
    }

    private static @Nullable Affinity read(Values values) {
      boolean enabled = values.get(ENABLED, true);
      if (!enabled && !values.has(BY)) {
        return null;
      }
      String by = values.need(BY);
      values.get(NAME, BY, List.of("header", "cookie"));
      Duration maxAge = values.get(MAX_AGE, BY, List.of("server-cookie"));
      Affinity affinity =
          switch (by) {
            case "header" -> Affinity.header(values.need(NAME));
            case "cookie" -> Affinity.cookie(values.need(NAME));
            default -> maxAge == null ? Affinity.serverCookie() : Affinity.serverCookie(maxAge);
          };
      return enabled ? affinity : null;
    }
  }
}
