package io.evenload.benchmarks.peers;

import io.evenload.benchmarks.PickerBenchmark;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.endpoint.InteractionMetrics;
import io.vertx.core.net.endpoint.LoadBalancer;
import io.vertx.core.net.endpoint.ServerEndpoint;
import io.vertx.core.net.endpoint.ServerInteraction;
import io.vertx.core.net.endpoint.ServerSelector;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Param;

/** Vert.x: the selector over endpoints of ours that hold Vert.x's own metrics. */
public class VertxPickers extends PickerBenchmark {

  /** The algorithm. */
  @Param({
    "ROUND_ROBIN",
    "RANDOM",
    "POWER_OF_TWO_CHOICES",
    "POWER_OF_TWO_CHOICES +release",
    "LEAST_REQUESTS +release",
    "CONSISTENT_HASHING"
  })
  public String algorithm;

  @Override
  protected Picker picker() {
    LoadBalancer balancer = balancer(algorithm.split(" ", 2)[0]);
    List<Server> servers =
        IntStream.range(0, n).mapToObj(i -> new Server(i, balancer.newMetrics())).toList();
    ServerSelector selector = balancer.selector(servers);
    if (balancer == LoadBalancer.CONSISTENT_HASHING) {
      String[] keys = IntStream.range(0, KEYS).mapToObj(i -> "key-" + i).toArray(String[]::new);
      return turn -> servers.get(selector.select(keys[turn & (KEYS - 1)]));
    }
    return algorithm.endsWith(" +release")
        ? turn -> selectAndRelease(servers, selector)
        : turn -> servers.get(selector.select());
  }

  private static LoadBalancer balancer(String name) {
    return switch (name) {
      case "ROUND_ROBIN" -> LoadBalancer.ROUND_ROBIN;
      case "RANDOM" -> LoadBalancer.RANDOM;
      case "POWER_OF_TWO_CHOICES" -> LoadBalancer.POWER_OF_TWO_CHOICES;
      case "LEAST_REQUESTS" -> LoadBalancer.LEAST_REQUESTS;
      case "CONSISTENT_HASHING" -> LoadBalancer.CONSISTENT_HASHING;
      default -> throw new IllegalArgumentException("algorithm: " + name);
    };
  }

  private static Server selectAndRelease(List<Server> servers, ServerSelector selector) {
    Server server = servers.get(selector.select());
    report(server.metrics);
    return server;
  }

  private static <M> void report(InteractionMetrics<M> metrics) {
    M request = metrics.initiateRequest();
    metrics.reportRequestBegin(request);
    metrics.reportRequestEnd(request);
    metrics.reportResponseBegin(request);
    metrics.reportResponseEnd(request);
  }

  private static final class Server implements ServerEndpoint {
    private final SocketAddress address;
    final InteractionMetrics<?> metrics;

    Server(int i, InteractionMetrics<?> metrics) {
      this.address = SocketAddress.inetSocketAddress(8080, host(i));
      this.metrics = metrics;
    }

    @Override
    public String key() {
      return address.toString();
    }

    @Override
    public SocketAddress address() {
      return address;
    }

    @Override
    public InteractionMetrics<?> metrics() {
      return metrics;
    }

    @Override
    public ServerInteraction newInteraction() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Object unwrap() {
      return this;
    }
  }
}
