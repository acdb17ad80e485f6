package io.evenload.benchmarks;

import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.RequestContext;
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

/** What one choice costs, without the attempt around it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+UseParallelGC"})
public class ChooseBenchmark {

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

  /** Whether the weights differ. */
  @Param({"false", "true"})
  public boolean weighted;

  private PreparedChooser prepared;
  private RequestContext request;

  /** Prepares the chooser as a balancer does. */
  @Setup
  public void prepare() {
    ServerList servers = ServerList.of(PreparedChooser.servers(n, weighted));
    prepared = PreparedChooser.of(LoadBalancer.builder("benchmark").servers(servers), chooser);
    request = RequestContext.withKey("a key");
  }

  /** One choice. */
  @Benchmark
  public Endpoint choose() {
    return prepared.choose(request);
  }
}
