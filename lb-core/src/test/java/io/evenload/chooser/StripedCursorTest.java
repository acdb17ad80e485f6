package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.Race;
import io.evenload.testing.SeededRandom;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StripedCursorTest {

  private static final int PERIOD = 7;

  @Test
  void next_oneThread_runsThroughEveryTurnOfEveryCycle() {
    long[] cursor = StripedCursor.cells(new SeededRandom(1));
    long first = StripedCursor.next(cursor, PERIOD);
    long expected = first;
    for (int i = 0; i < 100; i++) {
      expected = successor(expected);
      assertThat(StripedCursor.next(cursor, PERIOD)).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MAX_VALUE, Long.MIN_VALUE, Integer.MAX_VALUE, 0, 0x80000000L})
  void next_anyStart_turnIsAlwaysBelowThePeriod(long start) {
    long[] cursor = StripedCursor.cells(() -> start);
    for (int period : new int[] {1, 2, PERIOD, 65_536, Integer.MAX_VALUE, 3, 1}) {
      for (int i = 0; i < 10; i++) {
        assertThat((int) StripedCursor.next(cursor, period)).isBetween(0, period - 1);
      }
    }
  }

  @Test
  void next_periodShrinks_keepsItsCycleAndFoldsWhatIsLeft() {
    long[] cursor = StripedCursor.cells(() -> (~5L << 32) | 100); // 100 turns left

    assertThat(StripedCursor.next(cursor, 1_000)).isEqualTo((5L << 32) | 900);
    assertThat(StripedCursor.next(cursor, 10)).isEqualTo((5L << 32) | 2); // of 98, 8 are left
    assertThat(StripedCursor.next(cursor, 1_000)).isEqualTo((5L << 32) | 993);
  }

  @Test
  void next_eightThreads_handsOutEveryPositionOnceAndSkipsNone() throws Exception {
    long[] cursor = StripedCursor.cells(new SeededRandom(2));
    List<long[]> taken =
        Race.run(
            8,
            () ->
                LongStream.generate(() -> StripedCursor.next(cursor, PERIOD))
                    .limit(50_000)
                    .toArray());
    long[] all = taken.stream().flatMapToLong(Arrays::stream).sorted().toArray();

    int runs = 1;
    for (int i = 1; i < all.length; i++) {
      assertThat(all[i]).isNotEqualTo(all[i - 1]);
      runs += all[i] == successor(all[i - 1]) ? 0 : 1;
    }
    // At most one run for each thread's stripe, and one more where the sorted order cuts a wrap.
    assertThat(runs).isLessThanOrEqualTo(9);
  }

  @Test
  void next_threadsOfOneStripe_handOutEveryPositionOnceAndSkipNone() throws Exception {
    int each = 100_000;
    long[] cursor = StripedCursor.cells(() -> 0);
    List<SameStripe> threads =
        Stream.generate(() -> new SameStripe(cursor, each)).limit(4).toList();
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    long[] all = threads.stream().flatMapToLong(thread -> Arrays.stream(thread.taken)).toArray();
    Arrays.sort(all);

    long expected = 0;
    for (long position : all) {
      assertThat(position).isEqualTo(expected);
      expected = successor(expected);
    }
    assertThat(all).hasSize(4 * each);
  }

  /** Threads are told apart by their ids: these are all the same to the cursor. */
  private static final class SameStripe extends Thread {
    private final long[] cursor;
    private final long[] taken;

    SameStripe(long[] cursor, int count) {
      this.cursor = cursor;
      this.taken = new long[count];
    }

    @Override
    @SuppressWarnings("deprecation") // since JDK 19; the cursor reads it as it runs on 17
    public long getId() {
      return 42;
    }

    @Override
    public void run() {
      Arrays.setAll(taken, i -> StripedCursor.next(cursor, PERIOD));
    }
  }

  private static long successor(long position) {
    return (int) position + 1 < PERIOD ? position + 1 : ((position >>> 32) + 1) << 32;
  }
}
