package io.evenload;

import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What all parts of one balancer share: its name, time, randomness, listener and log. */
record BalancerContext(
    String name,
    LongSupplier nanoTime,
    RandomGenerator random,
    @Nullable LoadBalancerListener listener,
    RateLimitedLog log)
    implements Chooser.Environment {

  /** Runs what a user wrote; what it throws is logged and goes no further. */
  void contain(String what, Runnable call) {
    try {
      call.run();
    } catch (Throwable e) {
      log.warn(what + " threw", e);
    }
  }
}
