package io.evenload.chooser;

import static java.util.Objects.requireNonNull;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.Server;
import java.math.BigInteger;
import java.time.Duration;

/**
 * The built-in strategies. Each method returns an immutable recipe, which any number of balancers
 * may share, since each binds state of its own. All avoid what the request has tried and take no
 * lock, and in {@code choose} they allocate nothing. All honour weights, unless they say why not:
 * the hashing ones the {@linkplain Server#weight() configured weight}, so that slow start does not
 * move keys, the others the {@linkplain Endpoint#weight() effective} one.
 *
 * <p>Weights are shares. Of endpoints that are equal in speed and health, each gets half to twice
 * its weight's share of the requests, from one at a time up to a load of 0.9. That holds for the
 * load-aware choosers too; these may give less to an endpoint that is slower or fails. The order of
 * the list means nothing, but to {@link #firstAvailable()}, and lists that change at every choice
 * starve nobody. If the list given to {@code choose} is not the one that was prepared, or none was,
 * they prepare it on the spot, which is correct and slow.
 */
public final class Choosers {

  /** 10 s, as in Finagle: long enough to remember a slow answer, short enough to forgive it. */
  public static final Duration DEFAULT_DECAY_TIME = Duration.ofSeconds(10);

  /** 1.25: no server gets more than a quarter over its share, and few keys move for it. */
  public static final double DEFAULT_BALANCE_FACTOR = 1.25;

  /** 65,537 slots, as in Envoy: enough for 650 servers of one weight. */
  public static final int DEFAULT_TABLE_SIZE = MaglevTable.SIZE;

  /** 65,536 keys: a megabyte, and another one or two when it is full. */
  public static final int DEFAULT_STICKY_CAPACITY = 65_536;

  private static final double MAX_EXPONENT = 8;
  private static final double MAX_BALANCE_FACTOR = 100;
  private static final int MAX_STICKY_CAPACITY = 1 << 24;
  private static final int MIN_TABLE_SIZE = 11;
  private static final int MAX_TABLE_SIZE = 5_000_011; // 20 MB; Envoy's, too
  private static final int PRIME_CERTAINTY = 50;

  private Choosers() {}

  /**
   * Takes turns: each endpoint gets its weight's share, spread evenly over time.
   *
   * <p>Shares are exact over a cycle if the sum of the weights, after division by their greatest
   * common divisor, is at most 65,536 (or 8 times the number of endpoints). Otherwise the share of
   * all endpoints of one weight together is within 2/65,536 of exact, and none starves. Endpoints
   * of the same weight strictly alternate: none gets two turns while another waits. A list with
   * other endpoints or weights begins at a random turn.
   *
   * <p>That holds for one calling thread. Threads are spread over cursors of their own, so that
   * they do not contend; each cursor takes turns as described, and with {@code c} cursors in use an
   * endpoint is at most {@code c} times as far from its share as with one. There are 64 cursors.
   * Each begins at a random place, so that many clients do not start at the same server. O(1) in
   * cycles of up to 8,192 turns; in longer ones O(log n) for n different weights.
   *
   * <p>Use it when servers and requests are alike. The schedule of short cycles is that of the
   * stride scheduler (Waldspurger, 1995); longer ones divide turns by a tree of even splits.
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
   * Scans endpoints for the least load: attempts in flight for the weight, and a penalty for recent
   * failures. Ties are drawn at random by weight. O(n).
   *
   * <p>If the weights are within a quarter of each other, it scans all. Otherwise endpoints of
   * about one weight are a class; it draws two classes by their weights, scans both, and takes the
   * less loaded of their two best. So no class gets more than twice its share, however idle it is.
   *
   * <p>Use it for few servers, or few clients: many clients that all see the same idle server rush
   * to it.
   *
   * <p>What is in flight counts relative to the weight: as much as it is at an endpoint of the mean
   * weight. The penalty is {@code p = 50 * (failureRate - 0.1)}, and nothing up to a {@linkplain
   * Endpoint#failureRate() failure rate} of 0.1, so that a single failure costs nothing; the load
   * is then {@code (inFlight + p) * (1 + p)}, so that a server that fails fast does not look idle.
   */
  public static Chooser leastLoaded() {
    return leastLoaded(1);
  }

  /**
   * The same as {@link #leastLoaded()}, with what is in flight raised to a power: below 1 failures
   * count for more, above 1 the load does, and at 0 only weights and failures count. Weights are
   * shares with any exponent.
   *
   * @throws IllegalArgumentException if the exponent is not 0 to 8
   */
  public static Chooser leastLoaded(double exponent) {
    return LeastLoaded.recipe(checkedExponent(exponent));
  }

  /**
   * Draws two endpoints by weight and takes the one with less load, as {@link #leastLoaded()}
   * defines it; at equal load, either. O(1).
   *
   * <p>Each endpoint is one of the two exactly twice as often as its weight's share, so it never
   * gets more than that. The two are distinct, but for an endpoint that has more than half of all
   * the weight: that is both of them at times, since otherwise the light ones would get too much.
   *
   * <p>The best general choice, and the default. After Mitzenmacher, "The Power of Two Choices in
   * Randomized Load Balancing" (1996); the draws are Brewer's (1963).
   */
  public static Chooser powerOfTwoChoices() {
    return powerOfTwoChoices(1);
  }

  /**
   * The same as {@link #powerOfTwoChoices()}, with what is in flight raised to a power, as in
   * {@link #leastLoaded(double)}.
   *
   * @throws IllegalArgumentException if the exponent is not 0 to 8
   */
  public static Chooser powerOfTwoChoices(double exponent) {
    return PowerOfTwoChoices.recipe(checkedExponent(exponent));
  }

  /** The same as {@link #peakEwma(Duration)} with {@link #DEFAULT_DECAY_TIME}. */
  public static Chooser peakEwma() {
    return peakEwma(DEFAULT_DECAY_TIME);
  }

  /**
   * Draws two endpoints as {@link #powerOfTwoChoices()} does and takes the one at which the request
   * will cost less: its latency times what is in flight there for the weight. The latency is a
   * moving average that a slower answer replaces at once and faster ones bring down again over the
   * decay time. Failures count as in {@link #leastLoaded()}. O(1).
   *
   * <p>Between endpoints equal in speed latencies differ by chance. So where both are equally busy,
   * one that has twice the latency is still taken in a fifth of the choices, and only one that has
   * more than four times the latency never. What is known of an idle endpoint grows old: over the
   * decay time the higher of two latencies fades to the lower one. An endpoint without an answer
   * yet counts as fast as the one it is compared with, and if its first attempt failed, as the mean
   * of the others.
   *
   * <p>Use it to choose as Finagle's Peak EWMA does, after which it is. Where servers differ in
   * speed or become slow at times, {@link #shortestExpectedDelay()} has had shorter tails.
   *
   * @throws IllegalArgumentException if the decay time is not 1 ms to 1 h
   */
  public static Chooser peakEwma(Duration decayTime) {
    requireNonNull(decayTime, "decayTime");
    if (decayTime.compareTo(Duration.ofMillis(1)) < 0
        || decayTime.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException(
          "decayTime: " + decayTime + " (expected: PT0.001S to PT1H)");
    }
    return PeakEwma.recipe(decayTime.toNanos());
  }

  /**
   * Compares up to 32 endpoints and takes the one at which the request should be done first: by
   * what is in flight there for the weight, times the root of its average latency. Failures count
   * as in {@link #leastLoaded()}. O(n) up to 32 endpoints of about one weight; of more it compares
   * 8 that it draws, O(1).
   *
   * <p>Differences of latency that chance explains do not count, up to a quarter above the median;
   * while some endpoints are much slower than most, they count from half of the median on. While
   * nothing is in flight at an endpoint that is usual in this sense, endpoints are drawn by weight.
   * Weights are kept as {@link #leastLoaded()} keeps them: no class of endpoints of about one
   * weight gets more than twice its share. An endpoint without an answer yet counts as a usual one,
   * and so does one that was slow, after it had nothing to do for some tens of seconds.
   *
   * <p>Use it where the slowest answers matter, and servers are now and then slower than others:
   * for their neighbours, their garbage, their age, or their caches. Not where equal shares matter
   * while there is little to do: one caller that makes a few hundred calls one after the other may
   * have nearly all of them answered by the server that was fastest at first.
   *
   * <p>An endpoint whose last attempt failed, sooner than an answer usually comes, counts as four
   * times as slow until one succeeds, and while nothing is in flight it gets a quarter of its
   * share.
   *
   * <p>After shortest expected delay routing (Banawan and Zahorjan, "Load Sharing in Heterogeneous
   * Queueing Systems", 1989), of which IPVS has a form without latencies, {@code sed}.
   */
  public static Chooser shortestExpectedDelay() {
    return ShortestExpectedDelay.RECIPE;
  }

  /** The same as {@link #maglev(int)} with {@link #DEFAULT_TABLE_SIZE}. */
  public static Chooser maglev() {
    return Maglev.RECIPE;
  }

  /**
   * Sends each {@linkplain RequestContext#key() key} to the same endpoint, by a table of hashes
   * that is the same for every client with the same list and the same size of the table. When an
   * endpoint leaves, its keys move, and few others. A key whose endpoint is skipped goes to the one
   * of the next slot. A request without a key goes to a random slot. O(1).
   *
   * <p>Every endpoint has a slot at least, as long as there is one for each. If there is not, or if
   * an endpoint's share of the slots is more than 30 % off that of its weight, a warning is logged,
   * once an hour at most. A hundred slots for each endpoint of the mean weight are plenty; one
   * takes 4 bytes.
   *
   * <p>Use it for caches on many servers. After Eisenbud et al., "Maglev" (2016).
   *
   * @param tableSize the number of slots
   * @throws IllegalArgumentException if the size is not a prime of 11 to 5,000,011
   */
  public static Chooser maglev(int tableSize) {
    if (tableSize < MIN_TABLE_SIZE
        || tableSize > MAX_TABLE_SIZE
        || !BigInteger.valueOf(tableSize).isProbablePrime(PRIME_CERTAINTY)) {
      throw new IllegalArgumentException(
          "tableSize: " + tableSize + " (expected: a prime of 11 to 5000011)");
    }
    return Maglev.recipe(tableSize);
  }

  /**
   * Sends each {@linkplain RequestContext#key() key} to the endpoint with the highest score for it.
   * When an endpoint leaves, exactly its own keys move, evenly to the others. A request without a
   * key goes to a random one. O(n).
   *
   * <p>Use it for caches on few servers. After Thaler and Ravishankar, "Using Name-Based Mappings
   * to Increase Hit Rates" (1998), with logarithmic weights.
   */
  public static Chooser rendezvous() {
    return Rendezvous.RECIPE;
  }

  /** The same as {@link #boundedLoad(double)} with {@link #DEFAULT_BALANCE_FACTOR}. */
  public static Chooser boundedLoad() {
    return boundedLoad(DEFAULT_BALANCE_FACTOR);
  }

  /**
   * Sends keys where {@link #maglev()} does, but never lets an endpoint have more than {@code
   * ceil(factor * m * share)} attempts in flight; a key whose endpoint has no room goes on along
   * the table. {@code m} is what is in flight at all endpoints of the list, the arriving attempt
   * included, and the share is that of the effective weight. Somewhere there is always room, so
   * that no request is refused for the bound, unless its filter leaves it none.
   *
   * <p>The bound is strict, whatever threads call: an attempt begins only where there is room at a
   * moment during the call that starts it, with {@code m} the attempts that are in flight or
   * starting or ending at this moment. That takes one counter that all threads share. O(1).
   *
   * <p>Use it for keys of which some are much more popular than others. After Mirrokni, Thorup and
   * Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2018).
   *
   * @param factor how far above its share an endpoint may be: near 1 the load is even and many keys
   *     go elsewhere, above 2 hardly any do
   * @throws IllegalArgumentException if the factor is not 1 to 100
   */
  public static Chooser boundedLoad(double factor) {
    if (!(factor >= 1 && factor <= MAX_BALANCE_FACTOR)) {
      throw new IllegalArgumentException("factor: " + factor + " (expected: 1 to 100)");
    }
    return BoundedLoad.recipe(factor);
  }

  /** The same as {@link #sticky(Chooser, int)} with {@link #DEFAULT_STICKY_CAPACITY}. */
  public static Chooser sticky(Chooser first) {
    return sticky(first, DEFAULT_STICKY_CAPACITY);
  }

  /**
   * Keeps each {@linkplain RequestContext#key() key} at its server as long as that is eligible,
   * whatever else comes or goes, and moves it once when it is not. A server is the same again when
   * it comes back with its id, host and port. Where a key goes first, or moves to, another chooser
   * says, as it does for requests without a key. A retry goes elsewhere and does not move the key.
   *
   * <p>Use it for sessions that a server keeps in memory. Clients do not agree on new keys, unless
   * the other chooser is a hashing one. It remembers so many keys, but for about 1 in 5,000, and
   * forgets others beyond; it takes 16 bytes of memory for each key of the capacity, and learning
   * one allocates 32 or so. O(1), beside the other chooser.
   *
   * @throws IllegalArgumentException if the capacity is not 1 to 16,777,216
   */
  public static Chooser sticky(Chooser first, int capacity) {
    requireNonNull(first, "first");
    if (capacity < 1 || capacity > MAX_STICKY_CAPACITY) {
      throw new IllegalArgumentException(
          "capacity: " + capacity + " (expected: 1 to " + MAX_STICKY_CAPACITY + ")");
    }
    return Sticky.recipe(first, capacity);
  }

  /**
   * Takes the first endpoint of the list that the request does not skip, so that the others are
   * stand-ins, in order. It ignores weights: what comes first gets all. O(1), or O(n) while the
   * first ones are skipped.
   */
  public static Chooser firstAvailable() {
    return FirstAvailable.RECIPE;
  }

  private static double checkedExponent(double exponent) {
    if (!(exponent >= 0 && exponent <= MAX_EXPONENT)) {
      throw new IllegalArgumentException("exponent: " + exponent + " (expected: 0 to 8)");
    }
    return exponent;
  }
}
