package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class BackoffTest {

  private static final long BASE = Duration.ofMillis(25).toNanos();

  @Test
  void nanos_firstRetry_isSpreadFromZeroToTheBase() {
    LongStream waits = waits(RetryPolicy.defaults(), 1);
    var statistics = waits.summaryStatistics();
    assertThat(statistics.getMin()).isBetween(0L, BASE / 50);
    assertThat(statistics.getMax()).isBetween(BASE - BASE / 50, BASE);
    // The mean of 1,000 uniform draws deviates by less than 5 sigma = 0.0457 * BASE (p < 1e-6).
    assertThat(statistics.getAverage()).isBetween(0.45 * BASE, 0.55 * BASE);
  }

  @Test
  void nanos_laterRetries_doubleUpToTheMaximum() {
    RetryPolicy policy = RetryPolicy.defaults();
    long max = policy.maxBackoff().toNanos();
    assertThat(waits(policy, 2).max().getAsLong()).isBetween(BASE, 2 * BASE);
    assertThat(waits(policy, 3).max().getAsLong()).isBetween(2 * BASE, 4 * BASE);
    assertThat(waits(policy, 7).max().getAsLong()).isBetween(max * 9 / 10, max);
    assertThat(waits(policy, 99).max().getAsLong()).isBetween(max * 9 / 10, max);
  }

  @Test
  void nanos_longestBackoff_doesNotOverflow() {
    Duration hour = Duration.ofHours(1);
    RetryPolicy policy = RetryPolicy.builder().maxBackoff(hour).baseBackoff(hour).build();
    for (int retry : new int[] {1, 2, 41, 64, 99}) {
      assertThat(waits(policy, retry)).allMatch(wait -> wait >= 0 && wait <= hour.toNanos());
    }
  }

  @Test
  void nanos_zeroBase_isZero() {
    RetryPolicy policy = RetryPolicy.builder().baseBackoff(Duration.ZERO).build();
    assertThat(waits(policy, 1)).containsOnly(0L);
    assertThat(waits(policy, 50)).containsOnly(0L);
  }

  private static LongStream waits(RetryPolicy policy, int retry) {
    Backoff backoff = new Backoff(policy, new SplittableRandom(1));
    return LongStream.range(0, 1000).map(i -> backoff.nanos(retry));
  }
}
