package io.evenload.benchmarks;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One selection of a server, in the same setting for every load balancer: each has a subclass, with
 * a parameter {@code algorithm}, in a module and on a class path of its own.
 *
 * <p>Each algorithm and size gets a fresh process, so that every call site sees one picker alone,
 * as in a program with one balancer.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+UseParallelGC"})
public abstract class PickerBenchmark {

  /** How many different keys the requests have, where the algorithm takes one: a power of two. */
  protected static final int KEYS = 1024;

  private static final int TRIALS = 1000;

  /** The number of servers. */
  @Param({"10", "1000"})
  public int n;

  private Picker picker;

  /** Builds the picker and sees that it picks. */
  @Setup
  public void prepare() throws Exception {
    picker = picker();
    for (int turn = 0; turn < TRIALS; turn++) {
      if (picker.pick(turn) == null) {
        throw new IllegalStateException(
            "turn " + turn + ": no server (expected: one of " + n + ")");
      }
    }
  }

  /** One selection, with its release where the algorithm's name says so. */
  @Benchmark
  public Object select(Turn turn) throws Exception {
    return picker.pick(turn.next++);
  }

  /** Returns the picker of the algorithm that the parameters name, over {@link #n} servers. */
  protected abstract Picker picker() throws Exception;

  /** Returns the name of the server with this index, from 0 on. */
  protected static String host(int i) {
    return "10.0." + i / 250 + "." + (i % 250 + 1);
  }

  /** A load balancer reduced to one call. */
  @FunctionalInterface
  public interface Picker {

    /**
     * Picks a server.
     *
     * @param turn a number that each thread counts up, to take another key each time
     * @return the server in whatever form the load balancer has for it; null if there was none
     */
    Object pick(int turn) throws Exception;
  }

  /** Two cache lines, as the prefetcher fetches them in pairs; the int fills up the header. */
  @SuppressWarnings("unused")
  static class Padding {
    private int header;
    private long a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7;
  }

  /**
   * A counter that no other thread shares, nor its cache line: JMH pads what follows, but what was
   * allocated before it may be the picker, which all threads read.
   */
  @State(Scope.Thread)
  public static class Turn extends Padding {
    int next;
  }
}
