package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.SeededRandom;
import org.junit.jupiter.api.Test;

/** The packed counts of outcomes, by their arithmetic. */
final class TallyTest {

  private static final int FULL = (1 << 27) - 1;

  @Test
  void with_randomOutcomes_countsLikeThreeCounters() {
    SeededRandom random = new SeededRandom(111);
    long tally = Tally.NONE;
    int successes = 0;
    int failures = 0;
    int streak = 0;
    for (int i = 0; i < 100_000; i++) {
      boolean success = random.nextInt(4) == 0;
      tally = Tally.with(tally, success);
      successes += success ? 1 : 0;
      failures += success ? 0 : 1;
      streak = success ? 0 : streak + 1;
      if (random.nextInt(1_000) == 0) {
        tally = Tally.streakOnly(tally);
        successes = 0;
        failures = 0;
      }
      assertThat(Tally.successes(tally)).isEqualTo(successes);
      assertThat(Tally.failures(tally)).isEqualTo(failures);
      assertThat(Tally.total(tally)).isEqualTo(successes + failures);
      assertThat(Tally.streak(tally)).isEqualTo(streak);
    }
  }

  @Test
  void with_endlessFailures_staysAtTheLongestStreak() {
    long tally = Tally.NONE;
    for (int i = 0; i < 3_000; i++) {
      tally = Tally.with(tally, false);
    }

    assertThat(Tally.streak(tally)).isEqualTo(Tally.MAX_STREAK).isEqualTo(1_023);
    assertThat(Tally.failures(tally)).isEqualTo(3_000);
    assertThat(Tally.streak(Tally.with(tally, true))).isZero();
  }

  @Test
  void with_fullCount_neitherGoesOnAndTheStreakDoes() {
    for (long full : new long[] {FULL, (long) FULL << 27}) {
      long tally = Tally.with(Tally.with(full, true), false);

      assertThat(tally).isEqualTo(full | 1L << 54);
      assertThat(Tally.successes(tally)).isEqualTo(Tally.successes(full));
      assertThat(Tally.failures(tally)).isEqualTo(Tally.failures(full));
      assertThat(Tally.streak(tally)).isEqualTo(1);
      assertThat(Tally.with(tally, true)).as("after a success").isEqualTo(full);
    }
  }

  @Test
  void successRate_noAttempt_isOne() {
    assertThat(Tally.successRate(Tally.NONE)).isEqualTo(1);
    assertThat(Tally.successRate(Tally.with(Tally.NONE, false))).isZero();
    assertThat(Tally.successRate(Tally.with(Tally.with(Tally.NONE, false), true))).isEqualTo(0.5);
  }
}
