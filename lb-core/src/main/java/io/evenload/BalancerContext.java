package io.evenload;

import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * What all parts of one balancer share: its name, time, randomness, log and listeners, and what its
 * attempts notice.
 */
record BalancerContext(
    String name,
    LongSupplier nanoTime,
    RandomGenerator random,
    RateLimitedLog log,
    Listeners listeners,
    Pulse pulse,
    RefusedAttempts refusedAttempts,
    NoRoom noRoom)
    implements Chooser.Environment {

  BalancerContext(String name, LongSupplier nanoTime, RandomGenerator random) {
    this(name, nanoTime, random, new RateLimitedLog(name, nanoTime));
  }

  private BalancerContext(
      String name, LongSupplier nanoTime, RandomGenerator random, RateLimitedLog log) {
    this(
        name,
        nanoTime,
        random,
        log,
        new Listeners(log),
        new Pulse(nanoTime),
        new RefusedAttempts(),
        new NoRoom(nanoTime));
  }

  /** Returns a random index below n, which is more than 0. */
  int randomIndex(int n) {
    return n < 2 ? 0 : (int) (((random.nextLong() >>> 32) * n) >>> 32);
  }

  /** Runs what a user wrote; what it throws is logged and goes no further. */
  void contain(String what, Runnable call) {
    try {
      call.run();
    } catch (Throwable e) {
      log.warn(what + " threw", e);
    }
  }
}
