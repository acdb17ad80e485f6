package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LatencyQuantilesTest {

  private final VirtualTiming time = new VirtualTiming();
  private final LatencyQuantiles latencies = new LatencyQuantiles(time::nanos);

  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0.9, 0.95, 0.99, 0.999})
  void nanos_uniform_isAtMostASixteenthTooMuch(double quantile) {
    for (int i = 1; i <= 10_000; i++) {
      latencies.add(TimeUnit.MICROSECONDS.toNanos(i * 10L));
    }
    double exact = quantile * 100_000_000;
    assertThat((double) latencies.nanos(quantile)).isBetween(exact, exact * (1 + 1 / 16.0));
  }

  @Test
  void nanos_tooFew_isUnknown() {
    for (int i = 1; i < LatencyQuantiles.MIN_SAMPLES; i++) {
      latencies.add(1_000_000);
    }
    assertThat(latencies.nanos(0.95)).isEqualTo(LatencyQuantiles.UNKNOWN);
    latencies.add(1_000_000);
    time.advance(Duration.ofMillis(100)); // for so long the last answer is kept
    assertThat(latencies.nanos(0.95)).isBetween(1_000_000L, 1_062_500L);
  }

  @Test
  void nanos_past_isForgottenAfterTwoWindows() {
    add(100, 1_000);
    time.advance(Duration.ofSeconds(31));
    add(100, 10);
    assertThat(latencies.nanos(0.95)).as("both windows").isGreaterThan(900_000_000);
    time.advance(Duration.ofSeconds(31));
    add(100, 10);
    assertThat(latencies.nanos(0.95)).isLessThan(11_000_000);
    time.advance(Duration.ofSeconds(61));
    assertThat(latencies.nanos(0.95)).isEqualTo(LatencyQuantiles.UNKNOWN);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 0, 1, 1_023, 1_024, 17_000, 1_000_000_000, 60_000_000_000L})
  void upperEnd_ofItsBucket_isCloseAbove(long nanos) {
    long end = LatencyQuantiles.upperEnd(LatencyQuantiles.bucket(nanos));
    assertThat(end).isGreaterThan(nanos).isLessThanOrEqualTo(Math.max(0, nanos) * 17 / 16 + 1_024);
  }

  @Test
  void bucket_longest_isTheLast() {
    assertThat(LatencyQuantiles.bucket(Long.MAX_VALUE))
        .isEqualTo(LatencyQuantiles.bucket(TimeUnit.SECONDS.toNanos(69)));
  }

  @Test
  void add_fromManyThreads_losesNothing() throws InterruptedException {
    Thread[] threads = new Thread[4];
    for (int i = 0; i < threads.length; i++) {
      long nanos = TimeUnit.MILLISECONDS.toNanos(i < 3 ? 1 : 100);
      threads[i] =
          Threads.start(
              () -> {
                for (int j = 0; j < 50_000; j++) {
                  latencies.add(nanos);
                }
              });
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(latencies.nanos(0.75)).as("exactly three quarters").isLessThan(2_000_000);
    assertThat(latencies.nanos(0.7501)).isGreaterThan(90_000_000);
  }

  private void add(int count, int millis) {
    for (int i = 0; i < count; i++) {
      latencies.add(TimeUnit.MILLISECONDS.toNanos(millis));
    }
  }
}
