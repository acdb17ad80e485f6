package io.evenload.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.SeededRandom;
import java.io.IOException;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BackoffTest {

  private final Backoff backoff = new Backoff(new SeededRandom(7));

  @Test
  void next_unreachable_doublesUpToThreeSecondsWithJitter() {
    assertWaits(new IOException("refused"), 500, 1_000, 2_000, 3_000, 3_000);
    backoff.reset();
    assertWaits(new IOException("refused"), 500, 1_000);
  }

  @Test
  void next_refused_doublesUpToHalfAMinute() {
    ApiException refusal = new ApiException(500, "HTTP 500", Duration.ZERO);

    assertWaits(refusal, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000);
  }

  @Test
  void next_toldToWait_waitsSoLongButNotLongerThanHalfAMinute() {
    assertWaits(new ApiException(429, "HTTP 429", Duration.ofSeconds(7)), 7_000);
    assertWaits(new ApiException(429, "HTTP 429", Duration.ofDays(1)), 30_000);
  }

  @Test
  void jittered_manyTimes_isNeverTheSame() {
    assertThat(Stream.generate(() -> backoff.jittered(1_000_000)).limit(100).distinct())
        .hasSizeGreaterThan(90)
        .allMatch(nanos -> nanos >= 800_000 && nanos <= 1_200_000);
  }

  private void assertWaits(Throwable fault, long... millis) {
    for (long expected : millis) {
      assertThat(backoff.next(fault) / 1e6).isBetween(0.8 * expected, 1.2 * expected);
    }
  }
}
