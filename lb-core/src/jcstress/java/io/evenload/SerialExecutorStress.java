package io.evenload;

import io.evenload.internal.threads.SerialExecutor;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** Tasks run one after another, none is lost, and each sees what those before it wrote. */
public class SerialExecutorStress {

  private SerialExecutorStress() {}

  private static SerialExecutor executor() {
    return new SerialExecutor(
        e -> {
          throw new AssertionError(e);
        });
  }

  /** A plain counter, so that a lost task, an overlap or a stale read shows in the sum. */
  @JCStressTest
  @Outcome(id = "4", expect = Expect.ACCEPTABLE, desc = "all four, one after another")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost, overlapping or invisible")
  @State
  public static class PlainCounter {
    private final SerialExecutor serial = executor();
    private int counter;

    private void add() {
      serial.execute(
          () -> {
            counter++;
            serial.execute(() -> counter++);
          });
    }

    @Actor
    public void first() {
      add();
    }

    @Actor
    public void second() {
      add();
    }

    @Arbiter
    public void read(I_Result result) {
      result.r1 = counter;
    }
  }

  @JCStressTest
  @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "in the order of submission")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one thread's tasks changed places, or one was lost")
  @State
  public static class Order {
    private final SerialExecutor serial = executor();
    private int sequence;
    private int first;
    private int second;

    @Actor
    public void submit() {
      serial.execute(() -> first = ++sequence);
      serial.execute(() -> second = ++sequence);
    }

    @Actor
    public void other() {
      serial.execute(() -> {});
    }

    @Arbiter
    public void read(II_Result result) {
      result.r1 = first;
      result.r2 = second;
    }
  }

  @JCStressTest
  @Outcome(id = "2", expect = Expect.ACCEPTABLE, desc = "it goes on after a task that throws")
  @Outcome(expect = Expect.FORBIDDEN, desc = "a task was lost")
  @State
  public static class ThrowingTask {
    private final SerialExecutor serial = new SerialExecutor(e -> {});
    private int counter;

    private void add() {
      serial.execute(
          () -> {
            counter++;
            throw new IllegalStateException("broken task");
          });
    }

    @Actor
    public void first() {
      add();
    }

    @Actor
    public void second() {
      add();
    }

    @Arbiter
    public void read(I_Result result) {
      result.r1 = counter;
    }
  }
}
