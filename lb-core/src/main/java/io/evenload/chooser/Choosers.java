package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;

/**
 * The built-in strategies. Each method returns an immutable recipe, which any number of balancers
 * may share, since each binds state of its own. All honour {@link Endpoint#weight()}, avoid what
 * the request has tried, take no lock and allocate nothing in {@code choose}. If the list given to
 * {@code choose} is not the one that was prepared, or none was, they prepare it on the spot, which
 * is correct and slow.
 */
public final class Choosers {

  private Choosers() {}

  /**
   * Takes turns: each endpoint gets its weight's share, spread evenly over time.
   *
   * <p>Shares are exact over a cycle if the sum of the weights, after division by their greatest
   * common divisor, is at most 65,536 (or 8 times the number of endpoints). Otherwise the share of
   * all endpoints of one weight together is within 2/65,536 of exact, and none starves. Endpoints
   * of the same weight strictly alternate: none gets two turns while another waits.
   *
   * <p>That holds for one calling thread. Threads are spread over cursors of their own, so that
   * they do not contend; each cursor takes turns as described, and with {@code c} cursors in use an
   * endpoint is at most {@code c} times as far from its share as with one. There are 4 cursors per
   * processor, 8 to 64 in all. Each begins at a random place, so that many clients do not start at
   * the same server. O(1).
   *
   * <p>Use it when servers and requests are alike. The schedule is that of the stride scheduler
   * (Waldspurger, 1995).
   */
  public static Chooser roundRobin() {
    return RoundRobin.RECIPE;
  }

  /**
   * Draws an endpoint at random with its weight's probability, to within 2^-32, by the alias method
   * (Walker, 1977; Vose, 1991). O(1).
   *
   * <p>Use it when nothing must be shared between threads, or many clients must not synchronize.
   */
  public static Chooser random() {
    return Random.RECIPE;
  }

  /**
   * Scans all endpoints for the least load: attempts in flight, plus a penalty for recent failures,
   * divided by the weight. Ties are drawn at random by weight. O(n).
   *
   * <p>Use it for few servers, or few clients: many clients that all see the same idle server rush
   * to it.
   *
   * <p>The penalty is {@code p = 50 * (failureRate - 0.1)}, and nothing up to a {@linkplain
   * Endpoint#failureRate() failure rate} of 0.1, so that a single failure costs nothing; the load
   * is then {@code (inFlight + p) * (1 + p)}, so that a server that fails fast does not look idle.
   */
  public static Chooser leastLoaded() {
    return LeastLoaded.RECIPE;
  }

  /**
   * Draws two distinct endpoints by weight and takes the one with less load, as {@link
   * #leastLoaded} defines it; at equal load, the first drawn, so that an idle service is shared by
   * weight. O(1).
   *
   * <p>The best general choice, and the default. After Mitzenmacher, "The Power of Two Choices in
   * Randomized Load Balancing" (1996). Both draws are distinct: with replacement, the worse of two
   * servers would get a quarter.
   */
  public static Chooser powerOfTwoChoices() {
    return PowerOfTwoChoices.RECIPE;
  }
}
