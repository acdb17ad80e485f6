package io.evenload.benchmarks;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Server;
import io.evenload.ServerList;
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

/** What a whole attempt costs: choice, slot, clock twice, and the averages. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+UseParallelGC"})
public class AttemptBenchmark {

  /** The chooser. */
  @Param({
    "random",
    "roundRobin",
    "powerOfTwoChoices",
    "peakEwma",
    "leastLoaded",
    "maglev",
    "boundedLoad",
    "rendezvous"
  })
  public String chooser;

  /** The number of endpoints. */
  @Param({"10", "100", "1000"})
  public int n;

  private LoadBalancer balancer;

  /** Builds the balancer. */
  @Setup
  public void build() {
    balancer =
        LoadBalancer.builder("benchmark")
            .servers(ServerList.of(PreparedChooser.servers(n, false)))
            .chooser(PreparedChooser.named(chooser))
            .build();
  }

  /** One attempt from start to end. */
  @Benchmark
  public Server startAndSucceed() throws NoServerAvailableException {
    Attempt attempt = balancer.start();
    attempt.succeed();
    return attempt.server();
  }
}
