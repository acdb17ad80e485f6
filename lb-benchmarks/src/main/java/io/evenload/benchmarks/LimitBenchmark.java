package io.evenload.benchmarks;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What no chooser can beat on the machine at hand. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+UseParallelGC"})
public class LimitBenchmark {

  private final Object[] array = new Object[10];
  private final AtomicInteger counter = new AtomicInteger();

  /** A read at a random index: the floor of any random choice. */
  @Benchmark
  public Object randomRead() {
    return array[ThreadLocalRandom.current().nextInt(array.length)];
  }

  /** One increment that all threads share: the floor of any exact round robin. */
  @Benchmark
  public int sharedIncrement() {
    return counter.getAndIncrement();
  }

  /** Two readings of the clock: the floor of anything that measures latency. */
  @Benchmark
  public long twoNanoTimes() {
    return System.nanoTime() + System.nanoTime();
  }
}
