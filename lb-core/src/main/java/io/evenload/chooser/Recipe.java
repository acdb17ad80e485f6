package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The three stages of a built-in chooser: an immutable recipe, bound to a balancer, prepared for a
 * list.
 */
final class Recipe implements Chooser {

  private final String name;
  private final Function<Environment, Bound> binder;

  Recipe(String name, Function<Environment, Bound> binder) {
    this.name = name;
    this.binder = binder;
  }

  @Override
  public Chooser bind(Environment environment) {
    return binder.apply(environment);
  }

  @Override
  public Chooser prepare(List<Endpoint> eligible) {
    return binder.apply(Unbound.ENVIRONMENT).prepare(eligible);
  }

  @Override
  public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
    return prepare(eligible).choose(eligible, request);
  }

  @Override
  public String toString() {
    return name;
  }

  /** Holds the state that survives every list. */
  abstract static class Bound implements Chooser {
    final RandomGenerator random;

    Bound(Environment environment) {
      this.random = environment.random();
    }

    /** Builds the tables for this list; the arrays are the caller's own. */
    abstract Prepared prepare(Candidates candidates);

    @Override
    public final Chooser prepare(List<Endpoint> eligible) {
      return prepare(new Candidates(eligible));
    }

    @Override
    public final Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return prepare(eligible).choose(eligible, request);
    }
  }

  /** Holds the tables for one list. */
  abstract static class Prepared implements Chooser {
    private static final int TRIES = 4;

    final Endpoint[] endpoints;
    final RandomGenerator random;
    private final Bound bound;
    private final List<Endpoint> list;

    Prepared(Bound bound, Candidates candidates) {
      this.bound = bound;
      this.random = bound.random;
      this.list = candidates.list;
      this.endpoints = candidates.endpoints;
    }

    /** Picks an endpoint, of which a request that skips none is content with any. */
    abstract Endpoint pick(RequestContext request);

    /** The hash of the request's key; a random one if it has none. */
    final long hash(RequestContext request) {
      return request.key() == null ? random.nextLong() : request.keyHash();
    }

    @Override
    public final Chooser prepare(List<Endpoint> eligible) {
      return bound.prepare(eligible);
    }

    @Override
    public final @Nullable Tracker track(Endpoint endpoint) {
      return bound.track(endpoint);
    }

    @Override
    public final Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      if (eligible != list) {
        return bound.prepare(eligible).choose(eligible, request);
      }
      Endpoint picked = pick(request);
      return request.skips(picked) ? pickAnother(picked, request) : picked;
    }

    /**
     * Picks a few times more, then scans from a random place; if all are skipped, the first pick
     * stands.
     */
    Endpoint pickAnother(Endpoint first, RequestContext request) {
      int n = endpoints.length;
      for (int i = 0; i < TRIES && n > 1; i++) {
        Endpoint picked = pick(request);
        if (!request.skips(picked)) {
          return picked;
        }
      }
      int start = below(random.nextLong(), n);
      for (int i = 0; i < n; i++) {
        Endpoint next = endpoints[(start + i) % n];
        if (!request.skips(next)) {
          return next;
        }
      }
      return first;
    }
  }

  /** A list and its weights, copied out. */
  static final class Candidates {
    final List<Endpoint> list;
    final Endpoint[] endpoints;
    final double[] weights;
    final boolean equalWeights;

    Candidates(List<Endpoint> list) {
      this(list, list.toArray(new Endpoint[0]));
    }

    private Candidates(List<Endpoint> list, Endpoint[] endpoints) {
      this.list = list;
      this.endpoints = endpoints;
      this.weights = new double[endpoints.length];
      boolean equal = true;
      for (int i = 0; i < weights.length; i++) {
        weights[i] = endpoints[i].weight();
        equal &= weights[i] == weights[0];
      }
      this.equalWeights = equal;
    }

    /**
     * Returns the same in the order of their ids, for those to whom an order means something, since
     * that of the list means nothing.
     */
    Candidates byId() {
      Endpoint[] sorted = endpoints.clone();
      Arrays.sort(sorted, Comparator.comparing(endpoint -> endpoint.server().id()));
      return new Candidates(list, sorted);
    }

    /** Returns the same in this order. */
    Candidates ordered(int[] order) {
      return new Candidates(
          list, Arrays.stream(order).mapToObj(i -> endpoints[i]).toArray(Endpoint[]::new));
    }
  }

  /**
   * Maps the upper half of random bits to 0 until n, with a bias below n/2^32 (Lemire's
   * multiplication).
   */
  static int below(long bits, int n) {
    return (int) (((bits >>> 32) * n) >>> 32);
  }

  private static final class Unbound implements Environment {
    static final Environment ENVIRONMENT = new Unbound();

    @Override
    public LongSupplier nanoTime() {
      return System::nanoTime;
    }

    @Override
    public RandomGenerator random() {
      return () -> ThreadLocalRandom.current().nextLong();
    }
  }
}
