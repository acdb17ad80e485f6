package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The last outcomes in one long, against a list of them. */
final class LastOutcomesTest {

  @Test
  void none_knowsNothing() {
    assertThat(LastOutcomes.known(LastOutcomes.NONE)).isZero();
    assertThat(LastOutcomes.bad(LastOutcomes.NONE)).isZero();
    assertThat(LastOutcomes.bad(LastOutcomes.NONE, 10)).isZero();
  }

  @Test
  void with_anyOutcomes_countsAsAListDoes() {
    SeededRandom random = new SeededRandom(31);
    List<Boolean> list = new ArrayList<>();
    long outcomes = LastOutcomes.NONE;
    for (int i = 0; i < 1_000; i++) {
      boolean good = random.nextInt(3) > 0;
      outcomes = LastOutcomes.with(outcomes, good);
      list.add(good);
      int known = Math.min(list.size(), LastOutcomes.MOST);
      assertThat(LastOutcomes.known(outcomes)).isEqualTo(known);
      assertThat(LastOutcomes.bad(outcomes)).isEqualTo(bad(list, known));
      for (int last : new int[] {0, 1, 7, 62, 63, 64, 1_000}) {
        assertThat(LastOutcomes.bad(outcomes, last)).isEqualTo(bad(list, Math.min(last, known)));
      }
    }
  }

  @Test
  void with_allGood_changesNothingAnyMore() {
    long outcomes = LastOutcomes.NONE;
    for (int i = 0; i < LastOutcomes.MOST; i++) {
      outcomes = LastOutcomes.with(outcomes, true);
    }
    assertThat(LastOutcomes.with(outcomes, true)).isEqualTo(outcomes);
  }

  private static int bad(List<Boolean> list, int last) {
    return (int) list.subList(list.size() - last, list.size()).stream().filter(x -> !x).count();
  }
}
