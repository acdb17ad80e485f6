package io.evenload.consul;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PaceTest {

  private final Pace pace = new Pace();

  @Test
  void next_newsOrTheWholeWait_isAtOnce() {
    assertThat(pace.next(false, true, true)).isZero();
    assertThat(pace.next(true, false, false)).isZero();
    assertThat(pace.next(true, false, true)).isZero();
  }

  @Test
  void next_indexStands_isEverLaterUpToTenSeconds() {
    assertWaits(false, 250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000);
    assertThat(pace.next(false, true, true)).isZero();
    assertWaits(false, 250);
  }

  @Test
  void next_indexMovesWithoutNews_isASecondLaterAtMost() {
    assertWaits(true, 250, 500, 1_000, 1_000);
  }

  @Test
  void next_newsUnderTheSameIndex_isNotAtOnce() {
    assertThat(pace.next(false, true, false)).isEqualTo(Pace.FIRST);
  }

  private void assertWaits(boolean moved, long... millis) {
    for (long expected : millis) {
      assertThat(pace.next(false, false, moved)).isEqualTo(Duration.ofMillis(expected));
    }
  }
}
