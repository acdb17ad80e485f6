package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import io.evenload.testing.World;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The averages of an endpoint, by its arithmetic. */
final class EndpointLoadTest {

  private static final double MILLI = 1e6;

  private final VirtualTime time = new VirtualTime();
  private final LiveEndpoint endpoint =
      new LiveEndpoint(new BalancerContext("orders", time, new SeededRandom(1)), World.server("a"));

  @Test
  void latency_firstSample_isTakenAsItIs() {
    assertThat(endpoint.latencyNanos()).isNaN();
    succeed(40);

    assertThat(endpoint.latencyNanos()).isCloseTo(40 * MILLI, within(8.0));
  }

  @Test
  void latency_samplesAtOneMoment_weighATwentiethEach() {
    succeed(100);
    succeed(20);

    assertThat(endpoint.latencyNanos()).isCloseTo(96 * MILLI, within(16.0));
  }

  @Test
  void latency_samplesApart_weighByTheTimeBetween() {
    succeed(100);
    time.advance(Duration.ofSeconds(5));
    succeed(20);

    // 100 ms, then 20 ms five seconds later, with tau 10 s: 20 + 80 e^-.5 = 68.5 ms.
    assertThat(endpoint.latencyNanos()).isCloseTo(68.52 * MILLI, within(0.01 * MILLI));
  }

  @Test
  void latency_idle_fadesByTheTick() {
    succeed(100);
    for (int second = 0; second < 11; second++) {
      time.advance(Duration.ofSeconds(1));
      endpoint.decay(1, time.getAsLong());
    }

    // Ten or eleven ticks: whether the first counts is a matter of a clock of about a millisecond.
    assertThat(endpoint.latencyNanos())
        .isBetween(100 * MILLI * Math.exp(-1.1) - 8, 100 * MILLI * Math.exp(-1) + 8);
  }

  @Test
  void latency_inFlight_doesNotFade() {
    succeed(100);
    endpoint.enter();
    time.advance(Duration.ofSeconds(30));
    endpoint.decay(30, time.getAsLong());

    assertThat(endpoint.latencyNanos()).isCloseTo(100 * MILLI, within(8.0));
  }

  @Test
  void latency_longIdleAndNegativeClock_staysFiniteAndBetweenItsSamples() {
    for (long start : new long[] {Long.MIN_VALUE, -1, 0, Long.MAX_VALUE - 5, 1L << 51}) {
      for (int days : new int[] {1, 10, 20, 26, 40, 100, 200}) {
        VirtualTime clock = new VirtualTime(start);
        LiveEndpoint other = new LiveEndpoint(endpoint.balancer, World.server("b"));
        other.record(Outcome.SUCCESS, 100, clock.getAsLong());
        clock.jump(Duration.ofDays(days));
        other.record(Outcome.SUCCESS, 20, clock.getAsLong());

        assertThat(other.latencyNanos())
            .as("start %d, %d days", start, days)
            .isCloseTo(20, within(0.1));
      }
    }
  }

  @Test
  void silence_afterDays_isAsLongAsItWas() {
    for (long start : new long[] {Long.MIN_VALUE, -1, 0, Long.MAX_VALUE - 5, 1L << 51, 1L << 54}) {
      for (int days : new int[] {1, 10, 26, 40, 100, 110, 200, 1_000, 10_000}) {
        VirtualTime clock = new VirtualTime(start);
        LiveEndpoint other = new LiveEndpoint(endpoint.balancer, World.server("b"));
        other.record(Outcome.TIMED_OUT, 100, clock.getAsLong());
        clock.jump(Duration.ofDays(days));
        other.record(Outcome.ABANDONED, 100, clock.getAsLong());

        assertThat(other.unanswered()).isEqualTo(2);
        assertThat(other.silentSeconds(clock.getAsLong()))
            .as("start %d, %d days", start, days)
            .isCloseTo(86_400.0 * days, within(0.01));
      }
    }
  }

  @Test
  void latency_idleForYears_isNotTakenForFresh() {
    for (long start : new long[] {Long.MIN_VALUE, -1, 0, Long.MAX_VALUE - 5}) {
      VirtualTime clock = new VirtualTime(start);
      LiveEndpoint other = new LiveEndpoint(endpoint.balancer, World.server("b"));
      other.record(Outcome.SUCCESS, (long) (100 * MILLI), clock.getAsLong());
      other.enter(); // so that it does not fade
      for (int week = 0; week < 520; week++) {
        clock.jump(Duration.ofDays(7));
        other.decay(7 * 86_400, clock.getAsLong());
      }
      assertThat(other.latencyNanos()).isCloseTo(100 * MILLI, within(8.0));
      other.record(Outcome.SUCCESS, 20, clock.getAsLong());

      assertThat(other.latencyNanos()).as("start %d", start).isCloseTo(20, within(8.0));
    }
  }

  @Test
  void latency_timeThatLiesAhead_countsAsNoTimePassed() {
    endpoint.record(Outcome.SUCCESS, 100, time.getAsLong());
    endpoint.record(Outcome.SUCCESS, 20, time.getAsLong() - 60_000_000_000L);

    assertThat(endpoint.latencyNanos()).isCloseTo(96, within(0.1));
  }

  @Test
  void assume_beforeTheFirstSample_isTheAverageFromThenOnAndLaterChangesNothing() {
    endpoint.assume(Double.NaN, time.getAsLong());
    assertThat(endpoint.latencyNanos()).isNaN();
    endpoint.assume(40 * MILLI, time.getAsLong());
    endpoint.assume(10 * MILLI, time.getAsLong());
    endpoint.record(Outcome.FAILURE, 0, time.getAsLong());

    assertThat(endpoint.latencyNanos()).isCloseTo(40 * MILLI, within(8.0));
  }

  @Test
  void latency_extremeSamples_stayFinite() {
    endpoint.record(Outcome.SUCCESS, Long.MAX_VALUE, 0);
    endpoint.record(Outcome.SUCCESS, Long.MAX_VALUE, 1);
    endpoint.record(Outcome.SUCCESS, 0, 2);

    assertThat(endpoint.latencyNanos()).isFinite().isPositive();
  }

  @Test
  void failureRate_outcomes_weighATenthEach() {
    fail();
    assertThat(endpoint.failureRate()).isCloseTo(0.1, within(1e-6));
    fail();
    assertThat(endpoint.failureRate()).isCloseTo(0.19, within(1e-6));
    succeed(1);
    assertThat(endpoint.failureRate()).isCloseTo(0.171, within(1e-6));
  }

  @Test
  void failureRate_onlyFailures_reachesOneAndNeverMore() {
    for (int i = 0; i < 10_000; i++) {
      fail();
      assertThat(endpoint.failureRate()).isBetween(0.0, 1.0);
    }
    assertThat(endpoint.failureRate()).isCloseTo(1, within(1e-5));
  }

  @Test
  void failureRate_timePasses_decaysToZeroExactly() {
    fail();
    endpoint.decay(5, time.getAsLong());
    assertThat(endpoint.failureRate()).isCloseTo(0.1 / Math.E, within(1e-6));
    for (int i = 0; i < 30; i++) {
      endpoint.decay(1, time.getAsLong());
    }
    assertThat(endpoint.failureRate()).isZero();
  }

  @Test
  void failure_slowerThanTheMean_countsFasterDoesNot() {
    succeed(50);
    double mean = endpoint.latencyNanos();
    endpoint.record(Outcome.FAILURE, (long) (49 * MILLI), time.getAsLong());
    assertThat(endpoint.latencyNanos()).isEqualTo(mean);
    endpoint.record(Outcome.FAILURE, (long) (500 * MILLI), time.getAsLong());

    assertThat(endpoint.latencyNanos()).isGreaterThan(mean);
  }

  @Test
  void tryEnter_nothingChanged_takesASlot() {
    endpoint.enter();
    assertThat(endpoint.tryEnter(endpoint.slots())).isTrue();
    assertThat(endpoint.inFlight()).isEqualTo(2);
  }

  @Test
  void tryEnter_oneLeftAndAnotherCame_takesNone() {
    endpoint.enter();
    long seen = endpoint.slots();
    endpoint.leave();
    endpoint.enter();

    assertThat(endpoint.tryEnter(seen)).isFalse();
    assertThat(endpoint.inFlight()).isEqualTo(1);
  }

  private void succeed(double millis) {
    endpoint.record(Outcome.SUCCESS, (long) (millis * MILLI), time.getAsLong());
  }

  private void fail() {
    endpoint.record(Outcome.FAILURE, 0, time.getAsLong());
  }
}
