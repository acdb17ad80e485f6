package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.RequestContext;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.time.Duration;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The options of the calls to a service, which each service of a {@link LoadBalancingInterceptor}
 * may have of its own. Those that are set on the interceptor's builder hold for all services:
 *
 * <pre>{@code
 * LoadBalancingInterceptor.builder()
 *     .service("orders", orders)
 *     .service("search", search, options -> options.retry(RetryPolicy.none()).waitForRoom(Duration.ofMillis(50)))
 *     .timeoutHeader("X-Request-Timeout")
 *     .build();
 * }</pre>
 *
 * <p>All of them can be changed while calls run, by {@link LoadBalancingInterceptor#reconfigure}.
 * Not thread-safe.
 *
 * @param <B> the type that the methods return, for chains of them
 */
public abstract sealed class ServiceOptions<B extends ServiceOptions<B>>
    permits LoadBalancingInterceptor.Builder, OwnOptions {

  private static final Duration LONGEST_WAIT = Duration.ofHours(1);

  RetryPolicy retry = RetryPolicy.defaults();
  @Nullable CircuitBreaker circuitBreaker = CircuitBreaker.defaults();
  Duration waitForServers = Duration.ZERO;
  Duration waitForRoom = Duration.ZERO;
  @Nullable IntPredicate failureStatuses;
  @Nullable String timeoutHeader;
  BackendHints hints = BackendHints.NONE;
  Affinity affinity = Affinity.none();
  ConnectionPolicy connections = ConnectionPolicy.defaults();
  @Nullable Throttling throttling;

  ServiceOptions() {}

  /** Returns this, as the type that chains go on with. */
  abstract B self();

  /**
   * Sets when a call is tried again; {@link RetryPolicy#defaults()} by default. A request may carry
   * another one as a tag.
   */
  public B retry(RetryPolicy policy) {
    this.retry = requireNonNull(policy, "policy");
    return self();
  }

  /**
   * Sets the circuit breaker that each server gets, one for each server of a balancer; {@link
   * CircuitBreaker#defaults()} by default. While it is open its server is not chosen. Services of
   * one interceptor that have the same balancer and equal circuit breakers share them; a balancer
   * that is given to several interceptors gets the breakers of each.
   */
  public B circuitBreaker(CircuitBreaker breaker) {
    this.circuitBreaker = requireNonNull(breaker, "breaker");
    return self();
  }

  /**
   * Sets the circuit breaker by a config of resilience4j, for those who have one; as {@link
   * #circuitBreaker(CircuitBreaker)} with {@link CircuitBreaker#of} does.
   */
  public B circuitBreaker(CircuitBreakerConfig config) {
    return circuitBreaker(CircuitBreaker.of(config));
  }

  /** Turns the circuit breaker off. */
  public B withoutCircuitBreaker() {
    this.circuitBreaker = null;
    return self();
  }

  /**
   * Sets how long a call waits for a balancer that has not received any list of servers yet; zero
   * by default. The wait ends at once when the call is canceled or times out.
   *
   * @throws IllegalArgumentException if the duration is not zero to one hour
   */
  public B waitForServers(Duration wait) {
    this.waitForServers = wait("waitForServers", wait);
    return self();
  }

  /**
   * Sets how long a call waits when all servers that it could go to are at their limit, such as one
   * of {@link io.evenload.limit.ConcurrencyLimits}; zero by default, since calls that wait use up
   * threads just when a service is slow. Calls are served in the order of their coming, roughly.
   * The wait ends at once when the call is canceled or times out. Retries do not wait.
   *
   * @throws IllegalArgumentException if the duration is not zero to one hour
   */
  public B waitForRoom(Duration wait) {
    this.waitForRoom = wait("waitForRoom", wait);
    return self();
  }

  /**
   * Sets what keeps the calls of a session together; nothing by default but the key that a {@link
   * RequestContext} tag may have.
   */
  public B affinity(Affinity affinity) {
    this.affinity = requireNonNull(affinity, "affinity");
    return self();
  }

  /**
   * Sets which statuses count as failures of the server, for breakers, limits, ejection and
   * choosers; by default 500 and more, and those of {@link RetryPolicy#statuses()}. So 4xx are
   * successes, but a 429 counts neither way. Cancelled calls never count.
   */
  public B failureStatuses(IntPredicate statuses) {
    this.failureStatuses = requireNonNull(statuses, "statuses");
    return self();
  }

  /** Counts the statuses as failures that do by default. */
  public B defaultFailureStatuses() {
    this.failureStatuses = null;
    return self();
  }

  /**
   * Sets how long connections and streams live; {@link ConnectionPolicy#defaults()} by default, by
   * which OkHttp decides.
   */
  public B connections(ConnectionPolicy policy) {
    this.connections = requireNonNull(policy, "policy");
    return self();
  }

  /** Sets what is believed of the things that servers say of themselves; by default nothing. */
  public B hints(BackendHints hints) {
    this.hints = requireNonNull(hints, "hints");
    return self();
  }

  /**
   * Sets the header that tells the server how many milliseconds are left for its answer: of the
   * call's timeout, or of the {@linkplain RetryPolicy.Builder#attemptTimeout attempt's} if that is
   * shorter. Without either it is not sent, and a request that has it keeps it. There is none by
   * default; {@code X-Request-Timeout} is a usual name.
   *
   * @throws IllegalArgumentException if no header can have this name
   */
  public B timeoutHeader(String name) {
    this.timeoutHeader = HeaderName.checked("timeoutHeader", name);
    return self();
  }

  /** Tells servers nothing of the time that is left, as by default. */
  public B withoutTimeoutHeader() {
    this.timeoutHeader = null;
    return self();
  }

  /**
   * Leaves a share of the calls unsent while the service as a whole refuses them; off by default.
   * They fail with a {@link ThrottledException}. What was counted begins anew with other throttling
   * than was set before.
   */
  public B throttling(Throttling throttling) {
    this.throttling = requireNonNull(throttling, "throttling");
    return self();
  }

  /** Sends all calls, whatever the service refuses, as by default. */
  public B withoutThrottling() {
    this.throttling = null;
    return self();
  }

  private static Duration wait(String name, Duration wait) {
    requireNonNull(wait, "wait");
    if (wait.isNegative() || wait.compareTo(LONGEST_WAIT) > 0) {
      throw new IllegalArgumentException(
          name + ": " + wait + " (expected: PT0S to " + LONGEST_WAIT + ")");
    }
    return wait;
  }
}
