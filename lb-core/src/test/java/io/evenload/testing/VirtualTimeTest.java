package io.evenload.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class VirtualTimeTest {

  private final VirtualTime time = new VirtualTime(0);
  private final List<String> ran = new ArrayList<>();

  @Test
  void advance_tasksOfSeveralTimes_runInOrderAtTheirTimes() {
    Future<?> unused1 =
        time.schedule(() -> ran.add("b" + time.getAsLong()), 2, TimeUnit.NANOSECONDS);
    Future<?> unused2 =
        time.schedule(() -> ran.add("a" + time.getAsLong()), 1, TimeUnit.NANOSECONDS);
    Future<?> unused3 =
        time.schedule(() -> ran.add("c" + time.getAsLong()), 2, TimeUnit.NANOSECONDS);

    time.advance(Duration.ofNanos(5));

    assertThat(ran).containsExactly("a1", "b2", "c2");
    assertThat(time.getAsLong()).isEqualTo(5);
  }

  @Test
  void advance_periodicTask_runsEachPeriodUntilCancelled() {
    Future<?> periodic =
        time.scheduleWithFixedDelay(
            () -> ran.add("p" + time.getAsLong()), 3, 3, TimeUnit.NANOSECONDS);
    time.advance(Duration.ofNanos(7));
    periodic.cancel(false);
    time.advance(Duration.ofNanos(7));

    assertThat(ran).containsExactly("p3", "p6");
    assertThat(time.pending()).isZero();
  }

  @Test
  void execute_fromWithinATask_runsInTheSameMove() {
    time.execute(() -> time.execute(() -> ran.add("inner")));
    time.runDue();

    assertThat(ran).containsExactly("inner");
  }

  @Test
  void execute_afterShutdown_isRejected() {
    time.shutdown();

    assertThatThrownBy(() -> time.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    assertThat(time.isTerminated()).isTrue();
  }
}
