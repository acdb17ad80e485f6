package io.evenload;

import java.util.List;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A strategy that picks one eligible endpoint for one attempt. A lambda is a whole chooser:
 *
 * <pre>{@code
 * Chooser firstWithRoom = (eligible, request) -> {
 *   for (Endpoint endpoint : eligible) {
 *     if (endpoint.inFlight() < 10 && !request.skips(endpoint)) {
 *       return endpoint;
 *     }
 *   }
 *   return eligible.get(0);
 * };
 * }</pre>
 *
 * <p>The other methods have defaults, and give a chooser all that the built-in ones use:
 *
 * <ul>
 *   <li>{@link #bind} is called once per balancer and candidate group (each priority is one) and
 *       returns the chooser that keeps the state of that group. What is given to {@link
 *       LoadBalancer.Builder#chooser} is thus a recipe, and sharing it between balancers is
 *       harmless if {@code bind} returns a new object.
 *   <li>{@link #prepare} is called on the bound chooser, on the control path, with every new list
 *       or change of weights, and returns what {@link #choose} is called on until the next {@code
 *       prepare}. State must survive it: a cursor that restarts with each update favours the first
 *       server.
 *   <li>{@link #track} is called on the bound chooser once for each endpoint of its group.
 *   <li>{@link #inFlightLimit} is called on the prepared chooser, after {@code choose}.
 * </ul>
 *
 * <p>{@code choose} and {@code inFlightLimit} are called by many threads at once. They should take
 * no lock, log nothing, and allocate nothing. What a chooser throws is contained: the balancer
 * falls back to a random eligible endpoint and logs a warning.
 */
@FunctionalInterface
public interface Chooser {

  /**
   * Picks one endpoint of the list.
   *
   * <p>The answer should not be one that {@link RequestContext#skips the request skips}, unless it
   * skips all. If it is, or if the endpoint cannot take the attempt after all, the balancer asks
   * once more and then scans the list itself.
   *
   * @param eligible the very list that was last given to {@link #prepare}: never empty, immutable,
   *     {@code RandomAccess}
   * @param request the request for which the attempt is made
   */
  Endpoint choose(List<Endpoint> eligible, RequestContext request);

  /**
   * Returns a chooser with fresh state for one candidate group of one balancer; by default this
   * one.
   */
  default Chooser bind(Environment environment) {
    return this;
  }

  /**
   * Builds what {@link #choose} needs for this list, off the hot path; by default nothing, and
   * returns this.
   */
  default Chooser prepare(List<Endpoint> eligible) {
    return this;
  }

  /**
   * Returns what follows the attempts at an endpoint that is new here; by default null, nothing. On
   * the control path. The endpoint counts what is in flight and averages latency and failures, so a
   * tracker may keep it and need not do so itself. Its {@link Endpoint#tracker()} is not yet what
   * this returns.
   */
  default @Nullable Tracker track(Endpoint endpoint) {
    return null;
  }

  /**
   * Returns how many attempts the endpoint may have in flight, this one included; by default
   * without limit. The balancer reserves a slot below the limit atomically, or chooses again, so
   * that the limit holds under concurrency: if an attempt at this endpoint began or ended since
   * before this was called, it is called again. A limit that depends on what is in flight elsewhere
   * can be computed with the help of {@link Tracker#arriving}.
   *
   * <p>Where every endpoint is at its limit, the balancer remembers that until an attempt begins or
   * ends or the list changes, and meanwhile asks 16 endpoints or some more, at random, for each
   * attempt. So a limit that rises for another reason is noticed at once in a group of up to 16
   * endpoints, and in a larger one after some attempts.
   */
  default int inFlightLimit(Endpoint chosen) {
    return Integer.MAX_VALUE;
  }

  /**
   * Whether the order of the list means anything to this chooser, as it does if the first endpoint
   * is the preferred one; by default not. Asked of the bound chooser. If it says so, a list that is
   * the same but for its order is brought into force by {@link #prepare}, too; otherwise it need
   * not be.
   */
  default boolean orderMatters() {
    return false;
  }

  /** What a balancer gives to its choosers: its time and its randomness. */
  interface Environment {

    /**
     * Elapsed time in nanoseconds, of which only differences mean anything. Callable from any
     * thread.
     */
    LongSupplier nanoTime();

    /**
     * The source of randomness, safe from any thread. Its cheapest method is {@code nextLong()}.
     */
    RandomGenerator random();
  }

  /**
   * Follows the attempts at one endpoint, on the threads that make them: it must be lock-free and
   * fast.
   *
   * <p>What happens at an attempt, in this order: {@code arriving}, the slot is taken, {@code
   * started}; then {@code ended}, the slot is given back, {@code left}. If it does not begin,
   * {@code left} follows {@code arriving} at once.
   *
   * <p>A tracker is told of attempts but has none in its hands, so it cannot tell their ages apart.
   * Who needs to know that something has been in flight for long keeps the time at which the number
   * in flight last fell, or was 0; it is at least as old as the oldest that started since. Nor is
   * it called from time to time: what fades with time is best computed when it is read, from the
   * time of the last event, as the built-in choosers do.
   */
  interface Tracker {

    /**
     * An attempt is about to take a slot of the endpoint: called before {@link #inFlightLimit}, so
     * that a limit can take it into account. By default nothing.
     */
    default void arriving() {}

    /**
     * An attempt has given its slot back, or did not get one: {@link Endpoint#inFlight()} does not
     * have it any more. Called exactly once for each {@code arriving}, after {@code ended} if the
     * attempt began. By default nothing.
     */
    default void left() {}

    /** An attempt begins, at this time of {@link Environment#nanoTime}; it has its slot. */
    void started(long now);

    /**
     * An attempt ended. Called exactly once for each {@code started}, while {@link
     * Endpoint#inFlight()} still has the attempt: its slot is given back after this, so that a
     * server that fails is at no moment merely idle, and {@link #left} is called then.
     *
     * @param outcome how it ended
     * @param latencyNanos from the start to the response, or to the end if there was none; 0 or
     *     more. A lower bound if it timed out or was abandoned. With the time that the caller had
     *     to wait for the rest of the response, if that was told by {@link Attempt#end(Outcome,
     *     Throwable, java.time.Duration)}
     * @param now the time of {@link Environment#nanoTime}
     */
    void ended(Outcome outcome, long latencyNanos, long now);
  }
}
