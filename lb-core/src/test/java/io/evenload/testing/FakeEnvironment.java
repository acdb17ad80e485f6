package io.evenload.testing;

import io.evenload.Chooser;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/** What a balancer would give to its chooser. */
public record FakeEnvironment(LongSupplier nanoTime, RandomGenerator random)
    implements Chooser.Environment {

  public static FakeEnvironment seeded(long seed) {
    return new FakeEnvironment(new VirtualTime(), new SeededRandom(seed));
  }

  /** Randomness that is none: every draw is this value. */
  public static FakeEnvironment constant(long value) {
    return new FakeEnvironment(new VirtualTime(), () -> value);
  }
}
