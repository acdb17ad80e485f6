package io.evenload.okhttp;

import io.evenload.Outcome;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.net.URL;
import java.security.CodeSource;
import java.time.Clock;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Tells whether the resilience4j at hand can do what is needed, before a call relies on it. */
final class BreakerCheck {

  /*
   * Dependency management may bring another version than this was compiled with, which shows only where a method is called
   * that is not there. So a breaker is made and used once, all the ways that an endpoint's is.
   *
   * Version 2.2.0 has no clock to set, which is needed for virtual time alone, and no window without a lock.
   */

  /** Whether the time by which a breaker waits while it is open can be set. */
  static final boolean TAKES_CLOCK = takesClock(CircuitBreakerConfig.Builder.class);

  /** Whether there are windows that take no lock. */
  static final boolean LOCK_FREE = hasLockFreeWindow(CircuitBreakerConfig.Builder.class);

  private BreakerCheck() {}

  /**
   * Returns if breakers work.
   *
   * @throws IllegalStateException if resilience4j is too old, or a part of it is missing
   */
  static void verify() {
    try {
      use(new BreakerGate(CircuitBreakerConfig.ofDefaults(), "check", System::nanoTime, () -> {}));
    } catch (LinkageError e) {
      throw problem(e);
    }
  }

  private static void use(BreakerGate gate) {
    for (Outcome outcome : Outcome.values()) {
      if (gate.open() && gate.tryAcquire()) {
        gate.release(outcome, 1);
      }
    }
    String unused = gate.reason() + gate.failureShare();
  }

  static IllegalStateException problem(LinkageError cause) {
    return new IllegalStateException(
        "resilience4j does not fit: "
            + jar(CircuitBreaker.class)
            + " (expected: io.github.resilience4j:resilience4j-circuitbreaker 2.2.0 or newer, with"
            + " resilience4j-core of the same version). Import"
            + " io.github.resilience4j:resilience4j-bom in dependencyManagement before what brings"
            + " an older one, or call withoutCircuitBreaker()",
        cause);
  }

  static boolean takesClock(Class<?> builder) {
    try {
      builder.getMethod("clock", Clock.class);
      return true;
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  static boolean hasLockFreeWindow(Class<?> builder) {
    return Arrays.stream(builder.getMethods())
        .anyMatch(method -> method.getName().equals("slidingWindowSynchronizationStrategy"));
  }

  /** Where a class comes from. */
  private static String jar(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    @Nullable URL place = source == null ? null : source.getLocation();
    String path = place == null ? "an unknown place" : place.getPath();
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
