package io.evenload.internal.threads;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.Race;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class SerialExecutorTest {

  private final List<Throwable> errors = new ArrayList<>();
  private final SerialExecutor serial = new SerialExecutor(errors::add);
  private final List<String> ran = new ArrayList<>();

  @Test
  void execute_idle_runsOnTheCallersThreadAtOnce() {
    serial.execute(() -> ran.add(Thread.currentThread().getName()));

    assertThat(ran).containsExactly(Thread.currentThread().getName());
  }

  @Test
  void execute_fromWithinATask_runsAfterIt() {
    serial.execute(
        () -> {
          serial.execute(() -> ran.add("second"));
          ran.add("first");
        });

    assertThat(ran).containsExactly("first", "second");
  }

  @Test
  void execute_taskThrows_isReportedAndTheRestRuns() {
    IllegalStateException broken = new IllegalStateException("broken task");
    serial.execute(
        () -> {
          serial.execute(() -> ran.add("next"));
          throw broken;
        });

    assertThat(errors).containsExactly(broken);
    assertThat(ran).containsExactly("next");
  }

  @Test
  void execute_evenTheErrorHandlerThrows_goesOnWithTheNext() {
    SerialExecutor fragile =
        new SerialExecutor(
            e -> {
              throw new IllegalStateException("broken log", e);
            });
    try {
      fragile.execute(
          () -> {
            fragile.execute(() -> ran.add("queued"));
            throw new IllegalStateException("broken task");
          });
    } catch (IllegalStateException e) {
      assertThat(e).hasMessage("broken log");
    }
    fragile.execute(() -> ran.add("later"));

    assertThat(ran).containsExactly("queued", "later");
  }

  @Test
  void runsHere_withinATaskOnly_andOnItsThreadOnly() throws Exception {
    List<Boolean> here = new ArrayList<>();
    here.add(serial.runsHere());
    serial.execute(
        () -> {
          here.add(serial.runsHere());
          Thread other = new Thread(() -> here.add(serial.runsHere()));
          other.start();
          join(other);
        });
    here.add(serial.runsHere());
    serial.execute(
        () -> {
          throw new IllegalStateException("broken task");
        });
    here.add(serial.runsHere());

    assertThat(here).containsExactly(false, true, false, false, false);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void execute_fourThreads_losesNoneOverlapsNoneAndKeepsEachThreadsOrder() throws Exception {
    int each = 20_000;
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger overlaps = new AtomicInteger();
    List<int[]> order = new ArrayList<>(); // unsynchronized on purpose: visibility is part of it
    List<Callable<Void>> submitters = new ArrayList<>();
    for (int thread = 0; thread < 4; thread++) {
      int id = thread;
      submitters.add(
          () -> {
            for (int i = 0; i < each; i++) {
              int number = i;
              serial.execute(
                  () -> {
                    overlaps.addAndGet(inside.getAndIncrement());
                    order.add(new int[] {id, number});
                    inside.decrementAndGet();
                  });
            }
            return null;
          });
    }
    Race.run(submitters);

    assertThat(overlaps).hasValue(0);
    assertThat(order).hasSize(4 * each);
    int[] next = new int[4];
    assertThat(order).allMatch(entry -> next[entry[0]]++ == entry[1]);
    assertThat(IntStream.of(next)).containsOnly(each);
  }
}
