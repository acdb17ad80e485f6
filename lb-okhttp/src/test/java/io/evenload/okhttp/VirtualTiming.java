package io.evenload.okhttp;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;

/** Time that passes only when told, or when a call waits. */
final class VirtualTiming {

  private long nanos;
  private long epochMillis = 1_700_000_000_000L;

  Timing timing() {
    return new Timing(
        this::nanos,
        this::epochMillis,
        new SplittableRandom(42),
        this::await,
        Timing.SYSTEM.timer(),
        Timing.SYSTEM.workers());
  }

  long nanos() {
    return nanos;
  }

  long epochMillis() {
    return epochMillis;
  }

  void advance(Duration duration) {
    nanos += duration.toNanos();
    epochMillis += duration.toMillis();
  }

  private boolean await(CountDownLatch ended, long waited) {
    if (ended.getCount() == 0) {
      return true;
    }
    advance(Duration.ofNanos(waited));
    return false;
  }
}
