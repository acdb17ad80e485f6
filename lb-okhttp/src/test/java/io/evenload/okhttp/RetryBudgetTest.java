package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class RetryBudgetTest {

  private final VirtualTiming time = new VirtualTiming();

  @Test
  void tryRetry_noRequests_allowsTheReserve() {
    RetryBudget budget = new RetryBudget(0.2, 1, time::nanos);
    assertThat(retries(budget, 100)).isEqualTo(10);
  }

  @Test
  void tryRetry_requests_addTheirShare() {
    RetryBudget budget = new RetryBudget(0.2, 1, time::nanos);
    requests(budget, 100);
    assertThat(retries(budget, 100)).isEqualTo(10 + 20);
  }

  @Test
  void tryRetry_afterRefusals_allowsHalfAsMany() {
    RetryBudget budget = new RetryBudget(0.2, 0, time::nanos);
    requests(budget, 100);
    int allowed = 0;
    for (int i = 0; i < 100; i++) {
      allowed += budget.tryRetry(RetryBudget.AFTER_REFUSAL) ? 1 : 0;
    }
    assertThat(allowed).isEqualTo(10);
    budget.giveBack(RetryBudget.AFTER_REFUSAL);
    assertThat(budget.left()).isEqualTo(2);
  }

  @Test
  void tryRetry_zeroBudget_allowsNone() {
    RetryBudget budget = new RetryBudget(0, 0, time::nanos);
    requests(budget, 100);
    assertThat(retries(budget, 10)).isZero();
  }

  @Test
  void tryRetry_afterTheWindow_startsAnew() {
    RetryBudget budget = new RetryBudget(0.2, 1, time::nanos);
    requests(budget, 100);
    retries(budget, 100);
    time.advance(Duration.ofSeconds(RetryBudget.WINDOW_SECONDS - 1));
    assertThat(retries(budget, 1)).as("the window still holds all").isZero();
    time.advance(Duration.ofSeconds(1));
    assertThat(retries(budget, 100)).as("only the reserve is left").isEqualTo(10);
  }

  @Test
  void tryRetry_steadyLoad_keepsToTheRatio() {
    RetryBudget budget = new RetryBudget(0.2, 0, time::nanos);
    int allowed = 0;
    for (int second = 0; second < 100; second++) {
      requests(budget, 50);
      allowed += retries(budget, 50);
      time.advance(Duration.ofSeconds(1));
    }
    assertThat(allowed).isBetween(100 * 10 - 100, 100 * 10);
  }

  @Test
  void tryRetry_clockOverflows_windowGoesOnAndEnds() {
    long start = time.nanos();
    RetryBudget budget =
        new RetryBudget(0, 1, () -> Long.MAX_VALUE - 5_000_000_000L + (time.nanos() - start));
    assertThat(retries(budget, 100)).isEqualTo(10);
    time.advance(Duration.ofSeconds(9));
    assertThat(retries(budget, 1)).as("the window still holds all").isZero();
    time.advance(Duration.ofSeconds(1));
    assertThat(retries(budget, 100)).as("and does no more").isEqualTo(10);
  }

  @Test
  void tryRetry_negativeTime_works() {
    RetryBudget budget = new RetryBudget(0, 1, () -> time.nanos() - 15_500_000_000L);
    assertThat(retries(budget, 100)).isEqualTo(10);
    time.advance(Duration.ofSeconds(30));
    assertThat(retries(budget, 100)).isEqualTo(10);
  }

  @Test
  void tryRetry_manyThreads_neverExceedsTheBudget() {
    RetryBudget budget = new RetryBudget(0, 100, time::nanos);
    AtomicInteger allowed = new AtomicInteger();
    IntStream.range(0, 20_000)
        .parallel()
        .forEach(
            i -> {
              if (budget.tryRetry()) {
                allowed.incrementAndGet();
              }
            });
    assertThat(allowed.get()).isPositive().isLessThanOrEqualTo(1000);
  }

  private static void requests(RetryBudget budget, int count) {
    for (int i = 0; i < count; i++) {
      budget.request();
    }
  }

  private static int retries(RetryBudget budget, int asked) {
    int allowed = 0;
    for (int i = 0; i < asked; i++) {
      allowed += budget.tryRetry() ? 1 : 0;
    }
    return allowed;
  }
}
