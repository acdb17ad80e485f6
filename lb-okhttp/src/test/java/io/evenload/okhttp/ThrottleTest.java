package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Level;
import io.evenload.okhttp.Throttle.Reply;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** By one client's calls on virtual time, of which a service accepts a part. */
final class ThrottleTest {

  private final VirtualTiming time = new VirtualTiming();
  private final SplittableRandom random = new SplittableRandom(7);
  private final Throttle throttle = throttle(Throttling.defaults());

  private Throttle throttle(Throttling options) {
    return new Throttle("orders", options, time::nanos, random.split());
  }

  @Test
  void admit_allAccepted_sendsAll() {
    assertThat(seconds(30, 100, 1)).isEqualTo(3_000);
  }

  @Test
  void admit_threeOfFiveFail_sendsAllThatAreNoRefusals() {
    assertThat(seconds(30, 100, 0.6)).isEqualTo(3_000);
  }

  @Test
  void admit_oneOfFourAccepted_goesDownTowardsOneOfTen() {
    seconds(30, 100, 0.25); // whatever is sent: so nothing is gained, and less and less is sent
    assertThat(throttle.share()).isCloseTo(0.9, within(0.01));
  }

  @Test
  void admit_fixedCapacity_sendsTwiceThat() {
    int sent = 0;
    double room = 0;
    for (int i = 0; i < 6_000; i++) {
      room = Math.min(3, room + 0.25);
      if (admits()) {
        boolean accepted = room >= 1;
        room -= accepted ? 1 : 0;
        throttle.tried(accepted ? Reply.ACCEPTED : Reply.REFUSED, false, true);
        sent += i >= 3_000 ? 1 : 0;
      }
      time.advance(Duration.ofMillis(10));
    }
    assertThat(sent / 30.0).as("a second").isCloseTo(50, within(5.0));
  }

  @Test
  void admit_nothingAccepted_sendsOneOfTen() {
    seconds(10, 1_000, 0);
    assertThat(seconds(10, 1_000, 0) / 10_000.0).isCloseTo(0.1, within(0.02));
  }

  @Test
  void admit_outageEnds_allAreSentWithinFiveSeconds() {
    seconds(60, 200, 0);
    seconds(5, 200, 1);
    assertThat(throttle.share()).isZero();
    assertThat(seconds(1, 200, 1)).isEqualTo(200);
  }

  @Test
  void admit_fewCalls_sendsAllWhateverIsRefused() {
    for (int i = 0; i < Throttling.DEFAULT_MINIMUM_CALLS - 1; i++) {
      assertThat(admits()).isTrue();
      throttle.tried(Reply.REFUSED, false, true);
      time.advance(Duration.ofMillis(200));
    }
    assertThat(throttle.share()).isZero();
  }

  @Test
  void admit_onlyTimeouts_sendsAll() {
    for (int i = 0; i < 1_000; i++) {
      assertThat(admits()).isTrue();
      throttle.tried(Reply.NONE, false, true);
      time.advance(Duration.ofMillis(5));
    }
  }

  @Test
  void admit_afterAPauseLongerThanTheWindow_sendsAll() {
    seconds(20, 100, 0);
    assertThat(throttle.share()).isEqualTo(0.9);
    time.advance(Throttling.DEFAULT_WINDOW.plusSeconds(1));
    assertThat(throttle.share()).isZero();
  }

  @Test
  void admit_clockOverflows_goesOn() {
    AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000_000_000L);
    Throttle odd = new Throttle("orders", Throttling.defaults(), clock::get, random.split());
    for (int i = 0; i < 1_000; i++) {
      odd.tried(Reply.REFUSED, false, true);
      clock.addAndGet(5_000_000);
    }
    assertThat(odd.share()).isEqualTo(0.9);
  }

  @Test
  void admitsRepeat_mostRepeatsRefused_letsOneOfTwentyThrough() {
    repeats(100, 0.5);
    time.advance(Duration.ofSeconds(1));
    long admitted = IntStream.range(0, 1_000).filter(i -> throttle.admitsRepeat()).count();
    assertThat(admitted).isBetween(20L, 90L);
  }

  @Test
  void admitsRepeat_mostRepeatsAccepted_isTrue() {
    repeats(100, 0.9);
    time.advance(Duration.ofSeconds(1));
    assertThat(IntStream.range(0, 1_000).allMatch(i -> throttle.admitsRepeat())).isTrue();
  }

  @Test
  void log_episode_isToldOnceAtEachEnd() {
    try (Warnings log = new Warnings(Level.INFO)) {
      seconds(5, 100, 0);
      seconds(3, 100, 1);
      seconds(5, 100, 0); // the same one
      seconds(30, 100, 1);

      List<String> messages = log.messages();
      assertThat(messages).hasSize(2);
      assertThat(messages.get(0))
          .isEqualTo("orders: throttling begins: the service refuses most of its calls");
      assertThat(messages.get(1))
          .matches("orders: throttling ended after \\d+\\.\\d s; \\d+ calls were not sent");
    }
  }

  @Test
  void notice_whileThrottled_saysSo() {
    assertThat(throttle.notice()).isNull();
    seconds(20, 100, 0);
    assertThat(throttle.notice())
        .isEqualTo(
            "orders: throttled: 90 % of the calls are not sent, as the service refuses them");
  }

  @Test
  void options_outOfRange_areRefused() {
    Throttling.Builder builder = Throttling.builder();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.ratio(0.9))
        .withMessage("ratio: 0.9 (expected: 1 to 100.0)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.ratio(Double.NaN))
        .withMessageStartingWith("ratio: NaN");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.window(Duration.ofMillis(999)))
        .withMessage("window: PT0.999S (expected: PT1S to PT1H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.minimumCalls(0))
        .withMessage("minimumCalls: 0 (expected: 1 to 1000000)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.statuses(Set.of(399)))
        .withMessage("statuses: 399 (expected: 400 to 599)");
    assertThat(builder.build())
        .hasToString("Throttling{ratio=2.0, window=PT10S, minimumCalls=20, statuses=[429]}");
  }

  /** Makes so many calls a second, of which a part is accepted; returns how many were sent. */
  private int seconds(int seconds, int callsPerSecond, double accepted) {
    int sent = 0;
    for (int i = 0; i < seconds * callsPerSecond; i++) {
      if (admits()) {
        sent++;
        throttle.tried(
            random.nextDouble() < accepted ? Reply.ACCEPTED : Reply.REFUSED, false, true);
      }
      time.advance(Duration.ofNanos(1_000_000_000L / callsPerSecond));
    }
    return sent;
  }

  private void repeats(int count, double accepted) {
    for (int i = 0; i < count; i++) {
      throttle.tried(i < accepted * count ? Reply.ACCEPTED : Reply.REFUSED, true, false);
    }
  }

  private boolean admits() {
    try {
      throttle.admit();
      return true;
    } catch (ThrottledException e) {
      return false;
    }
  }
}
