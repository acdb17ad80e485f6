package io.evenload.benchmarks.peers;

import io.evenload.benchmarks.PickerBenchmark;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.dubbo.common.URL;
import org.apache.dubbo.rpc.Invocation;
import org.apache.dubbo.rpc.Invoker;
import org.apache.dubbo.rpc.Result;
import org.apache.dubbo.rpc.RpcInvocation;
import org.apache.dubbo.rpc.RpcStatus;
import org.apache.dubbo.rpc.cluster.LoadBalance;
import org.apache.dubbo.rpc.cluster.loadbalance.ConsistentHashLoadBalance;
import org.apache.dubbo.rpc.cluster.loadbalance.LeastActiveLoadBalance;
import org.apache.dubbo.rpc.cluster.loadbalance.RandomLoadBalance;
import org.apache.dubbo.rpc.cluster.loadbalance.RoundRobinLoadBalance;
import org.apache.dubbo.rpc.model.ApplicationModel;
import org.openjdk.jmh.annotations.Param;

/**
 * Dubbo: {@code select} among invokers whose warm-up is over, and the count of active calls. Their
 * addresses carry a timestamp as they do in production, and so are asked for their weights on every
 * selection.
 */
public class DubboPickers extends PickerBenchmark {

  private static final String SERVICE = "io.evenload.Benchmark";
  private static final String METHOD = "call";

  /** The algorithm. */
  @Param({"Random", "RoundRobin", "LeastActive +release", "ConsistentHash"})
  public String algorithm;

  @Override
  protected Picker picker() {
    List<Invoker<Object>> invokers = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      invokers.add(new Server(url(i)));
    }
    LoadBalance balance = balance();
    URL consumer = invokers.get(0).getUrl();
    Invocation[] calls =
        IntStream.range(0, KEYS).mapToObj(DubboPickers::call).toArray(Invocation[]::new);
    return algorithm.endsWith(" +release")
        ? turn -> selectAndRelease(balance, invokers, consumer, calls[0])
        : turn -> balance.select(invokers, consumer, calls[turn & (KEYS - 1)]);
  }

  private LoadBalance balance() {
    return switch (algorithm) {
      case "Random" -> new RandomLoadBalance();
      case "RoundRobin" -> new RoundRobinLoadBalance();
      case "LeastActive +release" -> new LeastActiveLoadBalance();
      case "ConsistentHash" -> new ConsistentHashLoadBalance();
      default -> throw new IllegalArgumentException("algorithm: " + algorithm);
    };
  }

  private static URL url(int i) {
    long started = System.currentTimeMillis() - Duration.ofHours(1).toMillis();
    Map<String, String> parameters =
        Map.of(
            "timestamp",
            String.valueOf(started),
            "interface",
            SERVICE,
            "timeout",
            "1000",
            "weight",
            "100");
    return new URL("dubbo", host(i), 20880, SERVICE, parameters)
        .setScopeModel(ApplicationModel.defaultModel());
  }

  private static Invocation call(int key) {
    return new RpcInvocation(
        null, METHOD, SERVICE, SERVICE, new Class<?>[] {String.class}, new Object[] {"key-" + key});
  }

  private static Invoker<Object> selectAndRelease(
      LoadBalance balance, List<Invoker<Object>> invokers, URL consumer, Invocation call) {
    Invoker<Object> invoker = balance.select(invokers, consumer, call);
    RpcStatus.beginCount(invoker.getUrl(), METHOD);
    RpcStatus.endCount(invoker.getUrl(), METHOD, 1, true);
    return invoker;
  }

  private record Server(URL url) implements Invoker<Object> {

    @Override
    public Class<Object> getInterface() {
      return Object.class;
    }

    @Override
    public URL getUrl() {
      return url;
    }

    @Override
    public boolean isAvailable() {
      return true;
    }

    @Override
    public Result invoke(Invocation invocation) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void destroy() {}

    /** By identity, as invokers are that do not define it. */
    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }

    @Override
    public boolean equals(Object other) {
      return this == other;
    }
  }
}
