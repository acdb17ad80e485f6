package io.evenload.benchmarks.peers;

import io.evenload.benchmarks.PickerBenchmark;
import io.smallrye.stork.api.LoadBalancer;
import io.smallrye.stork.api.ServiceInstance;
import io.smallrye.stork.impl.DefaultServiceInstance;
import io.smallrye.stork.impl.RoundRobinLoadBalancer;
import io.smallrye.stork.loadbalancer.leastresponsetime.LeastResponseTimeConfiguration;
import io.smallrye.stork.loadbalancer.leastresponsetime.LeastResponseTimeLoadBalancer;
import io.smallrye.stork.loadbalancer.poweroftwochoices.PowerOfTwoChoicesLoadBalancer;
import io.smallrye.stork.loadbalancer.random.RandomLoadBalancer;
import io.smallrye.stork.loadbalancer.requests.LeastRequestsLoadBalancer;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** Stork: {@code selectServiceInstance} of a list, and the three records of a call. */
public class StorkPickers extends PickerBenchmark {

  /** The algorithm. */
  @Param({
    "round-robin",
    "random",
    "power-of-two-choices +release",
    "least-requests +release",
    "least-response-time +release"
  })
  public String algorithm;

  @Override
  protected Picker picker() {
    List<ServiceInstance> instances = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      instances.add(new DefaultServiceInstance(i, host(i), 8080, false));
    }
    LoadBalancer balancer = balancer();
    return algorithm.endsWith(" +release")
        ? turn -> selectAndRelease(balancer, instances)
        : turn -> balancer.selectServiceInstance(instances);
  }

  private LoadBalancer balancer() {
    return switch (algorithm) {
      case "round-robin" -> new RoundRobinLoadBalancer();
      case "random" -> new RandomLoadBalancer(false) {};
      case "power-of-two-choices +release" -> new PowerOfTwoChoicesLoadBalancer(false) {};
      case "least-requests +release" -> new LeastRequestsLoadBalancer();
      case "least-response-time +release" ->
          new LeastResponseTimeLoadBalancer(new LeastResponseTimeConfiguration());
      default -> throw new IllegalArgumentException("algorithm: " + algorithm);
    };
  }

  private static ServiceInstance selectAndRelease(
      LoadBalancer balancer, List<ServiceInstance> instances) {
    ServiceInstance instance = balancer.selectServiceInstance(instances);
    instance.recordStart(true);
    instance.recordReply();
    instance.recordEnd(null);
    return instance;
  }
}
