package io.evenload.config;

import io.evenload.okhttp.Affinity;
import io.evenload.okhttp.BackendHints;
import io.evenload.okhttp.HedgePolicy;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The parts of a {@link LoadBalancingInterceptor}'s options. */
final class InterceptorParts {

  private static final String IF_SET = "true if another is set";

  private InterceptorParts() {}

  /** Returns them in the order of the documentation. */
  static List<Part<LoadBalancingInterceptor.Builder>> all() {
    List<Part<LoadBalancingInterceptor.Builder>> parts = new ArrayList<>();
    parts.add(RetryPart.PART);
    parts.add(BreakerPart.PART);
    parts.addAll(
        new Settings<LoadBalancingInterceptor.Builder>("", "LoadBalancingInterceptor.Builder")
            .duration(
                "waitForServers", Duration.ZERO, LoadBalancingInterceptor.Builder::waitForServers)
            .duration("waitForRoom", Duration.ZERO, LoadBalancingInterceptor.Builder::waitForRoom)
            .parts());
    parts.add(
        Part.of(
            new Key<>(
                "failure-statuses",
                Form.STATUS_SET,
                "500 and more, and `retry.statuses`",
                "LoadBalancingInterceptor.Builder.failureStatuses, defaultFailureStatuses"),
            (builder, statuses) -> builder.failureStatuses(statuses::contains),
            LoadBalancingInterceptor.Builder::defaultFailureStatuses));
    parts.add(
        Part.of(
            new Key<>(
                "timeout-header",
                Form.TEXT,
                "none",
                "LoadBalancingInterceptor.Builder.timeoutHeader, withoutTimeoutHeader"),
            LoadBalancingInterceptor.Builder::timeoutHeader,
            LoadBalancingInterceptor.Builder::withoutTimeoutHeader));
    parts.add(AffinityPart.PART);
    parts.add(hints());
    return List.copyOf(parts);
  }

  private static Part<LoadBalancingInterceptor.Builder> hints() {
    Key<Boolean> enabled = Key.enabled("hints", IF_SET, "LoadBalancingInterceptor.Builder.hints");
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
        LoadBalancingInterceptor.Builder::hints,
        InterceptorParts::believeNothing,
        InterceptorParts::believeNothing);
  }

  private static void believeNothing(LoadBalancingInterceptor.Builder builder) {
    builder.hints(BackendHints.builder().build());
  }

  /** When a call is tried again, and hedged. */
  private static final class RetryPart {
    private static final Key<Boolean> ENABLED =
        Key.enabled("retry", "true", "LoadBalancingInterceptor.Builder.retry");
    private static final Key<Boolean> BUDGET =
        Key.enabled("retry.budget", "true", "RetryPolicy.Builder.withoutBudget");
    private static final Key<Boolean> HEDGE =
        Key.enabled("retry.hedge", IF_SET, "RetryPolicy.Builder.hedge");
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

    static final Part<LoadBalancingInterceptor.Builder> PART =
        Part.of(
            keys(),
            RetryPart::read,
            LoadBalancingInterceptor.Builder::retry,
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
            "circuit-breaker",
            "true",
            "LoadBalancingInterceptor.Builder.circuitBreaker, withoutCircuitBreaker");
    private static final Settings<CircuitBreakerConfig.Builder> SETTINGS =
        new Settings<CircuitBreakerConfig.Builder>(
                "circuit-breaker", "CircuitBreakerConfig.Builder")
            .number(
                "failureRateThreshold",
                LoadBalancingInterceptor.Builder.DEFAULT_FAILURE_RATE_THRESHOLD,
                (breaker, percent) -> breaker.failureRateThreshold(percent.floatValue()))
            .number(
                "slowCallRateThreshold",
                CircuitBreakerConfig.DEFAULT_SLOW_CALL_RATE_THRESHOLD,
                (breaker, percent) -> breaker.slowCallRateThreshold(percent.floatValue()))
            .duration(
                "slowCallDurationThreshold",
                Duration.ofSeconds(CircuitBreakerConfig.DEFAULT_SLOW_CALL_DURATION_THRESHOLD),
                CircuitBreakerConfig.Builder::slowCallDurationThreshold)
            .with(
                "slidingWindowType",
                Form.oneOf("count-based", "time-based"),
                "count-based",
                (breaker, type) -> breaker.slidingWindowType(windowType(type)))
            .integer(
                "slidingWindowSize",
                LoadBalancingInterceptor.Builder.DEFAULT_SLIDING_WINDOW_SIZE,
                CircuitBreakerConfig.Builder::slidingWindowSize)
            .integer(
                "minimumNumberOfCalls",
                LoadBalancingInterceptor.Builder.DEFAULT_MINIMUM_NUMBER_OF_CALLS,
                CircuitBreakerConfig.Builder::minimumNumberOfCalls)
            .duration(
                "waitDurationInOpenState",
                LoadBalancingInterceptor.Builder.DEFAULT_WAIT_DURATION_IN_OPEN_STATE,
                CircuitBreakerConfig.Builder::waitDurationInOpenState)
            .integer(
                "permittedNumberOfCallsInHalfOpenState",
                LoadBalancingInterceptor.Builder.DEFAULT_CALLS_IN_HALF_OPEN_STATE,
                CircuitBreakerConfig.Builder::permittedNumberOfCallsInHalfOpenState)
            .duration(
                "maxWaitDurationInHalfOpenState",
                Duration.ZERO,
                CircuitBreakerConfig.Builder::maxWaitDurationInHalfOpenState);

    static final Part<LoadBalancingInterceptor.Builder> PART =
        Part.of(
            SETTINGS.keysAfter(ENABLED),
            values -> {
              CircuitBreakerConfig breaker = SETTINGS.on(usual(values), values).build();
              return values.get(ENABLED, true) ? breaker : null;
            },
            LoadBalancingInterceptor.Builder::circuitBreaker,
            LoadBalancingInterceptor.Builder::withoutCircuitBreaker,
            builder -> builder.circuitBreaker(usual(Values.none()).build()));

    private static SlidingWindowType windowType(String word) {
      return word.equals("count-based")
          ? SlidingWindowType.COUNT_BASED
          : SlidingWindowType.TIME_BASED;
    }

    /** Returns the interceptor's own defaults, which are not resilience4j's. */
    private static CircuitBreakerConfig.Builder usual(Values values) {
      CircuitBreakerConfig.Builder breaker =
          CircuitBreakerConfig.custom()
              .failureRateThreshold(LoadBalancingInterceptor.Builder.DEFAULT_FAILURE_RATE_THRESHOLD)
              .slidingWindowSize(LoadBalancingInterceptor.Builder.DEFAULT_SLIDING_WINDOW_SIZE)
              .minimumNumberOfCalls(
                  LoadBalancingInterceptor.Builder.DEFAULT_MINIMUM_NUMBER_OF_CALLS)
              .permittedNumberOfCallsInHalfOpenState(
                  LoadBalancingInterceptor.Builder.DEFAULT_CALLS_IN_HALF_OPEN_STATE);
      // It may be set but once, so not if there is a value to come.
      return values.has(SETTINGS.key("waitDurationInOpenState"))
          ? breaker
          : breaker.waitDurationInOpenState(
              LoadBalancingInterceptor.Builder.DEFAULT_WAIT_DURATION_IN_OPEN_STATE);
    }
  }

  /** What keeps the calls of a session together. */
  private static final class AffinityPart {
    private static final Key<Boolean> ENABLED =
        Key.enabled("affinity", IF_SET, "LoadBalancingInterceptor.Builder.affinity");
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

    static final Part<LoadBalancingInterceptor.Builder> PART =
        Part.of(
            List.of(ENABLED, BY, NAME, MAX_AGE),
            AffinityPart::read,
            LoadBalancingInterceptor.Builder::affinity,
            AffinityPart::none,
            AffinityPart::none);

    private static void none(LoadBalancingInterceptor.Builder builder) {
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
