package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.evenload.okhttp.Throttle.Reply;
import io.evenload.testing.Race;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Many threads at one throttle. */
final class ThrottleStormTest {

  private static final int THREADS = 8;
  private static final int CALLS = 20_000;

  private final AtomicLong clock = new AtomicLong(42);

  /**
   * Within one slot nothing that is counted is lost, so the share is the formula's to the digit.
   */
  @Test
  void tried_byManyThreads_isCountedExactly() throws Exception {
    for (int round = 0; round < 20; round++) {
      Throttle throttle = throttle(Throttling.defaults());
      clock.addAndGet(Duration.ofSeconds(100).toNanos()); // no slot is there yet: all race for it
      List<Long> accepted =
          Race.run(
              THREADS,
              () -> {
                long mine = 0;
                for (int i = 0; i < CALLS / 20; i++) {
                  boolean ok = ThreadLocalRandom.current().nextInt(4) == 0;
                  throttle.tried(ok ? Reply.ACCEPTED : Reply.REFUSED, false, true);
                  mine += ok ? 1 : 0;
                }
                return mine;
              });
      clock.addAndGet(Duration.ofMillis(500).toNanos());
      double calls = THREADS * (CALLS / 20);
      double expected =
          (calls - 2.0 * accepted.stream().mapToLong(Long::longValue).sum()) / (calls + 1);
      assertThat(throttle.share()).isEqualTo(expected);
    }
  }

  /** However the clock runs meanwhile, who reads sees a share, and who throttles says so once. */
  @Test
  void shares_whileTheClockRuns_areInRangeAndEpisodesAreToldOnce() throws Exception {
    Throttle throttle = throttle(Throttling.builder().window(Duration.ofSeconds(1)).build());
    List<Callable<Boolean>> tasks = new ArrayList<>();
    for (int thread = 0; thread < THREADS; thread++) {
      tasks.add(() -> allInRange(throttle));
    }
    try (Warnings log = new Warnings(Level.INFO)) {
      assertThat(Race.run(tasks)).doesNotContain(false);

      long begins = log.messages().stream().filter(text -> text.contains("begins")).count();
      long ends = log.messages().stream().filter(text -> text.contains("ended")).count();
      assertThat(begins).isPositive();
      assertThat(begins - ends).as("%s", log.messages()).isBetween(0L, 1L);
    }
  }

  private boolean allInRange(Throttle throttle) {
    for (int i = 0; i < CALLS; i++) {
      long now = clock.addAndGet(100_000);
      boolean well = now / 5_000_000_000L % 2 == 1; // five seconds each
      try {
        throttle.admit();
        throttle.tried(well ? Reply.ACCEPTED : Reply.REFUSED, i % 7 == 0, true);
      } catch (ThrottledException e) {
        if (!(e.share() > 0 && e.share() <= 0.9)) {
          return false;
        }
      }
      double share = throttle.share();
      if (!(share >= 0 && share <= 0.9)) {
        return false;
      }
    }
    return true;
  }

  private Throttle throttle(Throttling options) {
    return new Throttle(
        "orders", options, clock::get, () -> ThreadLocalRandom.current().nextLong());
  }
}
