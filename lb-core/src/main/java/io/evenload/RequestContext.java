package io.evenload;

import static java.util.Objects.requireNonNull;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a balancer knows of one logical request, over all its attempts: its key, its filter, its
 * preference, and the endpoints already tried. Use one for each request and pass it to every {@link
 * LoadBalancer#start(RequestContext)} of that request.
 *
 * <p>Thread-safe: two attempts of a hedged request may start at once.
 */
public final class RequestContext {

  /*
   * The attempts form a stack linked through Attempt.previous, pushed by compare-and-set, so that remembering what was
   * tried allocates nothing. The refused endpoints live only while one start() looks for a server; two concurrent
   * starts may clear each other's marks, which costs a further try and nothing else.
   *
   * Most requests skip nothing, which skipsAny tells in one read. It is written before what it announces, and that is
   * volatile, so whoever happens after the one sees the other; a concurrent start may miss both alike.
   */

  /** Stands for the many requests that need no context; it remembers nothing. */
  static final RequestContext ANONYMOUS = new RequestContext(null, 0);

  private static final VarHandle ATTEMPTS;
  private static final VarHandle FILTER;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      ATTEMPTS = lookup.findVarHandle(RequestContext.class, "attempts", Attempt.class);
      FILTER = lookup.findVarHandle(RequestContext.class, "filter", Predicate.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final @Nullable String key;
  private final long keyHash;
  private boolean skipsAny;
  private volatile @Nullable Attempt attempts;
  private volatile @Nullable Predicate<Server> filter;
  private volatile @Nullable Predicate<Server> preference;
  private volatile Endpoint @Nullable [] refused;
  private volatile @Nullable Throwable filterError;

  private RequestContext(@Nullable String key, long keyHash) {
    this.key = key;
    this.keyHash = keyHash;
  }

  /** Returns the context of a request without a key. */
  public static RequestContext create() {
    return new RequestContext(null, 0);
  }

  /** Returns the context of a request with a key, for consistent hashing and stickiness. */
  public static RequestContext withKey(String key) {
    return new RequestContext(key, hash(requireNonNull(key, "key")));
  }

  /**
   * Returns a context with the same key, filter and preference that has tried nothing yet, for a
   * request that is made again.
   */
  public RequestContext copy() {
    return copyTo(new RequestContext(key, keyHash));
  }

  /** Returns a {@link #copy} with another key. */
  public RequestContext copyWithKey(String key) {
    return copyTo(withKey(key));
  }

  private RequestContext copyTo(RequestContext copy) {
    copy.filter = filter;
    copy.skipsAny = copy.filter != null;
    copy.preference = preference;
    return copy;
  }

  /** The key; null if the request has none. */
  public @Nullable String key() {
    return key;
  }

  /**
   * A 64-bit hash of the key, the same in every process: FNV-1a over its chars, finished by the
   * mixer of SplitMix64. 0 without a key.
   */
  public long keyHash() {
    return keyHash;
  }

  /** The number of attempts started so far: 0 before the first. */
  public int attemptNumber() {
    Attempt last = attempts;
    return last == null ? 0 : last.number;
  }

  /**
   * Restricts this request to the servers that pass the filter, beside all filters set before;
   * returns this context. The restriction is hard: if no such server is available, {@link
   * LoadBalancer#start(RequestContext)} throws. A filter is called for every candidate and should
   * be fast; a server for which it throws does not pass.
   *
   * @throws IllegalStateException if this is the context of {@link LoadBalancer#start()}, which all
   *     such requests share
   */
  public RequestContext only(Predicate<Server> filter) {
    requireNonNull(filter, "filter");
    requireOwn("only");
    skipsAny = true;
    Predicate<Server> old;
    do {
      old = this.filter;
    } while (!FILTER.compareAndSet(this, old, old == null ? filter : old.and(filter)));
    return this;
  }

  /**
   * Sends this request, before the chooser is asked, to a server that passes the test, such as the
   * one that holds its session; returns this context. The preference is soft: a server that is not
   * eligible, was tried already or has no room is passed over, and if no other one passes, the
   * chooser decides as if nothing had been preferred. Priorities do not matter here, so a session
   * stays where it is when a more preferred priority recovers. Of several servers that pass, any is
   * taken. The test is called for every candidate and should be fast; a server for which it throws
   * is not preferred. Replaces the preference set before.
   *
   * @throws IllegalStateException if this is the context of {@link LoadBalancer#start()}, which all
   *     such requests share
   */
  public RequestContext prefer(Predicate<Server> test) {
    requireNonNull(test, "test");
    requireOwn("prefer");
    this.preference = test;
    return this;
  }

  private void requireOwn(String method) {
    if (this == ANONYMOUS) {
      throw new IllegalStateException(
          method + ": the context of start() is shared (expected: one of RequestContext.create())");
    }
  }

  @Nullable Predicate<Server> preference() {
    return preference;
  }

  /**
   * Returns whether a chooser should pass over this endpoint: the request tried it already, the
   * filter excludes it, or it just refused this attempt because its gate or its limit is full.
   */
  public boolean skips(Endpoint endpoint) {
    return skipsAny && (tried(endpoint) || refused(endpoint) || !passes(endpoint));
  }

  boolean tried(Endpoint endpoint) {
    for (Attempt attempt = attempts; attempt != null; attempt = attempt.previous) {
      if (attempt.endpoint == endpoint) {
        return true;
      }
    }
    return false;
  }

  /** Whether an attempt went to this priority. */
  boolean triedInPriority(int priority) {
    for (Attempt attempt = attempts; attempt != null; attempt = attempt.previous) {
      if (attempt.server().priority() == priority) {
        return true;
      }
    }
    return false;
  }

  /** Whether an attempt went to this pool. */
  boolean triedIn(@Nullable Pool pool) {
    for (Attempt attempt = attempts; attempt != null; attempt = attempt.previous) {
      if (attempt.endpoint.pool() == pool) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether the filter lets the endpoint pass; one that throws does not, and its error is kept to
   * be logged.
   */
  boolean passes(Endpoint endpoint) {
    Predicate<Server> filter = this.filter;
    try {
      return filter == null || filter.test(endpoint.server());
    } catch (Throwable e) {
      filterError = e;
      return false;
    }
  }

  /** Returns what the filter threw since this was last called; null if nothing. */
  @Nullable Throwable takeFilterError() {
    Throwable error = filterError;
    if (error != null) {
      filterError = null;
    }
    return error;
  }

  private boolean refused(Endpoint endpoint) {
    Endpoint[] refused = this.refused;
    return refused != null && Arrays.asList(refused).contains(endpoint);
  }

  /** Makes the choosers skip the endpoint until {@link #forgetRefusals}. */
  void refuse(Endpoint endpoint) {
    Endpoint[] old = refused;
    Endpoint[] next = old == null ? new Endpoint[1] : Arrays.copyOf(old, old.length + 1);
    next[next.length - 1] = endpoint;
    skipsAny = true;
    refused = next;
  }

  void forgetRefusals() {
    refused = null;
  }

  /** Adds a started attempt to those that the request tried. */
  void add(Attempt attempt) {
    if (this == ANONYMOUS) {
      return;
    }
    skipsAny = true;
    Attempt last;
    do {
      last = attempts;
      attempt.previous = last;
      attempt.number = last == null ? 1 : last.number + 1;
    } while (!ATTEMPTS.compareAndSet(this, last, attempt));
  }

  /** The hash that {@link #keyHash()} describes. */
  static long hash(String key) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < key.length(); i++) {
      hash = (hash ^ key.charAt(i)) * 0x100000001b3L;
    }
    return mix(hash);
  }

  /** The finisher of SplitMix64: every input bit changes half of the output bits. */
  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
