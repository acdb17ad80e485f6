package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import okhttp3.Request;
import org.junit.jupiter.api.Test;

/**
 * What hedging gains, by the very decisions of the library over latencies that are drawn: five
 * servers take 1 to 10 ms, and one of them 500 ms more for each twentieth answer.
 */
final class HedgingGainTest {

  private static final int CALLS = 20_000;
  private static final Request REQUEST = new Request.Builder().url("http://orders/").build();

  private final VirtualTiming time = new VirtualTiming();
  private final SplittableRandom random = new SplittableRandom(7);
  private int answersOfSlowServer;

  @Test
  void p99_oneOfFiveServersIsSlowAtTimes_fallsToAThirdForSixPercentMore() {
    Run plain = run(RetryPolicy.defaults());
    Run hedged = run(RetryPolicy.builder().hedge(HedgePolicy.afterQuantile(0.95)).build());

    assertThat(plain.requests).isEqualTo(CALLS);
    assertThat(plain.p99()).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(500));
    assertThat(hedged.p99()).isLessThan(plain.p99() / 3);
    assertThat(hedged.requests).isGreaterThan(CALLS).isLessThanOrEqualTo(CALLS * 106 / 100);
  }

  @Test
  void requests_allServersGetSlow_areHeldByTheBudget() {
    RetryPolicy policy =
        RetryPolicy.builder()
            .budgetRatio(0.1)
            .budgetPerSecond(0)
            .hedge(HedgePolicy.after(Duration.ofMillis(1))) // which every answer exceeds
            .build();

    Run hedged = run(policy);

    assertThat(hedged.requests).isBetween(CALLS * 109 / 100, CALLS * 110 / 100);
  }

  private Run run(RetryPolicy policy) {
    CallListener nobody = new CallListener() {};
    Hedging hedging = new Hedging("orders", time.timing(), nobody);
    Retries retries = new Retries("orders", policy, time.timing(), nobody);
    Run run = new Run();
    for (int i = 0; i < CALLS; i++) {
      retries.request();
      long first = latency(i % 5);
      long delay = hedging.delayNanos(REQUEST, policy, 1, Long.MAX_VALUE);
      long took = first;
      run.requests++;
      if (delay != Hedging.NO && first > delay && retries.tryRetry(policy)) {
        took = Math.min(first, delay + latency((i + 1) % 5));
        run.requests++;
      }
      hedging.learn(policy, took); // of the first: it was given up then, if it had no answer
      run.nanos[i] = took;
      time.advance(Duration.ofMillis(1));
    }
    return run;
  }

  private long latency(int server) {
    long usual = random.nextLong(1_000_000, 10_000_000);
    boolean slow = server == 0 && answersOfSlowServer++ % 20 == 0;
    return slow ? usual + TimeUnit.MILLISECONDS.toNanos(500) : usual;
  }

  private static final class Run {
    final long[] nanos = new long[CALLS];
    int requests;

    /** The least of the slowest 1 %. */
    long p99() {
      long[] sorted = nanos.clone();
      Arrays.sort(sorted);
      return sorted[CALLS * 99 / 100];
    }
  }
}
