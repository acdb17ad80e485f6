package io.evenload;

import java.util.function.LongSupplier;

/**
 * Admission to one endpoint: a circuit breaker, a concurrency limiter, a switch.
 *
 * <p>A closed gate makes its endpoint ineligible before choice. An open gate may still refuse
 * single attempts, as a half-open breaker does whose trials are all running; the balancer then
 * chooses again. Thread-safe. What it throws is contained and logged: a gate that throws is taken
 * for open, and for admitting the attempt, which is then released as any other.
 */
public interface Gate {

  /**
   * Returns whether the endpoint may be chosen at all. Read on the control path: after each change
   * that the gate announced, and once a second.
   */
  boolean open();

  /** Asks for admission of one attempt; on the hot path, so it must be lock-free and fast. */
  boolean tryAcquire();

  /**
   * Returns whether {@link #tryAcquire} is sure to refuse until an attempt that this gate admitted
   * is released, as with a concurrency limit that is reached. By default false: it is not sure, as
   * with a rate limit, which admits again when time has passed.
   *
   * <p>A gate that can tell makes refusals cheap: the balancer does not ask it for admission while
   * it is full, and where every endpoint refuses, it remembers that instead of searching them for
   * each attempt. On the hot path, so it must be lock-free and fast.
   */
  default boolean full() {
    return false;
  }

  /**
   * Ends one admitted attempt. Called exactly once for each {@link #tryAcquire} that returned true
   * or threw. {@link Outcome#CANCELLED} gives the admission back and says nothing of the endpoint;
   * {@link Outcome#ABANDONED} is neither success nor failure, and its latency a lower bound. What
   * counts failures should go by {@link Outcome#failed()}. A circuit breaker, see {@link
   * #failureShare}, is told {@link Outcome#CANCELLED} of a request that failed and had failed at
   * another server before: that is the request's fault more likely than both servers'.
   *
   * @param latencyNanos from the start to the response, or to the end if there was none; 0 or more
   */
  void release(Outcome outcome, long latencyNanos);

  /**
   * Returns why the gate is closed, in words for people, such as {@code breaker open: 62 % of 50
   * failed}; read on the control path while it is, and shown in {@link LoadBalancer#status()}. It
   * should stay the same until something changes.
   */
  default String reason() {
    return "its gate is closed";
  }

  /**
   * Returns the share of recent attempts at the endpoint that the gate holds against it, 0 to 1;
   * NaN, as by default, if failed attempts are not what the gate judges by, as with a concurrency
   * limit.
   *
   * <p>Who returns a number says that the gate is a circuit breaker. The balancer then compares its
   * endpoint with the others: a closed breaker keeps attempts away only if its endpoint is worse
   * than its peers, or if nothing has succeeded there for long. If all fail alike the cause is
   * likely not the endpoint, and breakers that all open would turn a partial outage into a total
   * one. A breaker that is overruled is still asked for admission, and sends what it admits, but
   * its refusal does not count. {@link LoadBalancer.Builder#panicThreshold} of 0 lets every breaker
   * act alone.
   *
   * <p>Read on the control path. It should stay as it is while the gate is closed and while it
   * admits trials, and is 0 while too few attempts are known.
   */
  default double failureShare() {
    return Double.NaN;
  }

  /**
   * Returns whether, while this gate is closed, its endpoint only is not ready yet, as when no
   * connection to it is open; by default false. Such an endpoint is neither well nor sick: it
   * counts neither for nor against its priority, and attempts go there if nobody else takes them.
   * Read on the control path. What closes for it should open after some time, whatever happens.
   */
  default boolean preparing() {
    return false;
  }

  /** Frees what the gate holds, when its endpoint or the balancer goes; by default nothing. */
  default void close() {}

  /** Makes the gate of each endpoint. */
  @FunctionalInterface
  interface Factory {

    /**
     * Returns the gate of a new endpoint. Called on the control path, once for each endpoint.
     *
     * @param server the server as first described
     * @param nanoTime the balancer's time
     * @param changed to be run, from any thread, whenever the answer of {@link Gate#open()} changed
     */
    Gate create(Server server, LongSupplier nanoTime, Runnable changed);
  }
}
