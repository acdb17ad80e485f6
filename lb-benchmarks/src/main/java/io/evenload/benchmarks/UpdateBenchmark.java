package io.evenload.benchmarks;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.Subset;
import io.evenload.UpdatableServerList;
import io.evenload.health.SlowStart;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs to bring into force a list of which one server in a hundred is another. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+UseParallelGC"})
public class UpdateBenchmark {

  /** The chooser. */
  @Param({"powerOfTwoChoices", "roundRobin", "maglev"})
  public String chooser;

  /** The number of servers. */
  @Param({"1000", "10000"})
  public int n;

  /** What else the balancer does. */
  @Param({"nothing", "weights 1 to 10", "one of weight 1000000", "slow start", "subset"})
  public String with;

  private final StoppedClock clock = new StoppedClock();
  private final UpdatableServerList list = new UpdatableServerList();
  private List<Server> one = List.of();
  private List<Server> other = List.of();
  private LoadBalancer balancer;

  /** Builds the balancer, and two lists that differ. */
  @Setup
  public void build() {
    boolean weighted = with.equals("weights 1 to 10");
    List<Server> all = PreparedChooser.servers(n + n / 100, weighted);
    if (with.equals("one of weight 1000000")) {
      all = new ArrayList<>(all);
      Server first = all.get(1); // on both lists
      all.set(1, Server.builder(first.host(), first.port()).weight(1_000_000).build());
    }
    List<Server> replaced = new ArrayList<>(all.subList(0, n));
    for (int i = 0; i < n / 100; i++) {
      replaced.set(i * 100, all.get(n + i));
    }
    one = all.subList(0, n);
    other = replaced;
    LoadBalancer.Builder builder = LoadBalancer.builder("benchmark").servers(list);
    builder.scheduler(
        clock); // else its thread would take over the updates that come while it ticks
    builder.chooser(PreparedChooser.named(chooser));
    if (with.equals("slow start")) {
      builder.slowStart(SlowStart.builder().build());
    }
    if (with.equals("subset")) {
      builder.subset(Subset.of(7, 1_000));
    }
    balancer = builder.build();
    list.update(other);
  }

  /** Two updates, there and back. */
  @Benchmark
  @OperationsPerInvocation(2)
  public LoadBalancer update() {
    list.update(one);
    list.update(other);
    return balancer;
  }

  /** What every second costs. */
  @Benchmark
  public LoadBalancer tick() {
    clock.tick().run();
    return balancer;
  }

  /** Ends everything. */
  @TearDown
  public void close() {
    balancer.close();
    clock.shutdownNow();
  }
}
