package io.evenload.benchmarks.peers;

import com.netflix.loadbalancer.AbstractLoadBalancerRule;
import com.netflix.loadbalancer.BaseLoadBalancer;
import com.netflix.loadbalancer.BestAvailableRule;
import com.netflix.loadbalancer.LoadBalancerStats;
import com.netflix.loadbalancer.RoundRobinRule;
import com.netflix.loadbalancer.Server;
import com.netflix.loadbalancer.WeightedResponseTimeRule;
import com.netflix.loadbalancer.ZoneAvoidanceRule;
import io.evenload.benchmarks.PickerBenchmark;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Param;

/**
 * Ribbon: {@code chooseServer} over servers that are alive and have answered in 10 to 100 ms. Its
 * rules do not count the requests themselves, so nothing is released.
 */
public class RibbonPickers extends PickerBenchmark {

  private static final int SAMPLES = 50;

  /** How long the timer takes that computes the weights, with some to spare. */
  private static final int WEIGHTS_MILLIS = 1500;

  /** The algorithm. */
  @Param({"RoundRobinRule", "WeightedResponseTimeRule", "BestAvailableRule", "ZoneAvoidanceRule"})
  public String algorithm;

  @Override
  protected Picker picker() throws InterruptedException {
    LoadBalancerStats stats = new LoadBalancerStats("benchmark");
    BaseLoadBalancer balancer = new BaseLoadBalancer("benchmark", new RoundRobinRule(), stats);
    List<Server> servers = IntStream.range(0, n).mapToObj(i -> new Server(host(i), 8080)).toList();
    balancer.addServers(servers);
    for (int i = 0; i < n; i++) {
      Server server = servers.get(i);
      server.setAlive(true);
      server.setReadyToServe(true);
      for (int sample = 0; sample < SAMPLES; sample++) {
        stats.noteResponseTime(server, 10 + i % 10 * 10);
      }
    }
    AbstractLoadBalancerRule rule = rule();
    rule.setLoadBalancer(balancer); // first, so that the weights are computed at once
    balancer.setRule(rule);
    if (rule instanceof WeightedResponseTimeRule) {
      Thread.sleep(WEIGHTS_MILLIS);
    }
    return turn -> balancer.chooseServer(null);
  }

  private AbstractLoadBalancerRule rule() {
    return switch (algorithm) {
      case "RoundRobinRule" -> new RoundRobinRule();
      case "WeightedResponseTimeRule" -> new WeightedResponseTimeRule();
      case "BestAvailableRule" -> new BestAvailableRule();
      case "ZoneAvoidanceRule" -> new ZoneAvoidanceRule();
      default -> throw new IllegalArgumentException("algorithm: " + algorithm);
    };
  }
}
