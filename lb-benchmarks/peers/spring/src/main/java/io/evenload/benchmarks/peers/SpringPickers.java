package io.evenload.benchmarks.peers;

import io.evenload.benchmarks.PickerBenchmark;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Param;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultRequest;
import org.springframework.cloud.client.loadbalancer.DefaultRequestContext;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.loadbalancer.core.RandomLoadBalancer;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.core.RoundRobinLoadBalancer;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import reactor.core.publisher.Flux;

/**
 * Spring Cloud LoadBalancer: {@code choose} over a list that is at hand, waited for as its blocking
 * client does.
 */
public class SpringPickers extends PickerBenchmark {

  private static final String SERVICE = "benchmark";

  /** The algorithm. */
  @Param({"RoundRobin", "Random"})
  public String algorithm;

  @Override
  protected Picker picker() {
    List<ServiceInstance> instances =
        IntStream.range(0, n)
            .<ServiceInstance>mapToObj(
                i -> new DefaultServiceInstance("id-" + i, SERVICE, host(i), 8080, false))
            .toList();
    ReactorServiceInstanceLoadBalancer balancer = balancer(new Provider(new Supplier(instances)));
    Request<DefaultRequestContext> request = new DefaultRequest<>(new DefaultRequestContext());
    return turn -> balancer.choose(request).block().getServer();
  }

  private ReactorServiceInstanceLoadBalancer balancer(Provider provider) {
    return switch (algorithm) {
      case "RoundRobin" -> new RoundRobinLoadBalancer(provider, SERVICE);
      case "Random" -> new RandomLoadBalancer(provider, SERVICE);
      default -> throw new IllegalArgumentException("algorithm: " + algorithm);
    };
  }

  private static final class Supplier implements ServiceInstanceListSupplier {
    private final Flux<List<ServiceInstance>> instances;

    Supplier(List<ServiceInstance> instances) {
      this.instances = Flux.just(instances);
    }

    @Override
    public String getServiceId() {
      return SERVICE;
    }

    @Override
    public Flux<List<ServiceInstance>> get() {
      return instances;
    }
  }

  private record Provider(Supplier supplier)
      implements ObjectProvider<ServiceInstanceListSupplier> {

    @Override
    public ServiceInstanceListSupplier getObject() {
      return supplier;
    }

    @Override
    public Stream<ServiceInstanceListSupplier> stream() {
      return Stream.of(supplier);
    }
  }
}
