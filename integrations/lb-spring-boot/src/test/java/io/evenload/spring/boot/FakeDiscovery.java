package io.evenload.spring.boot;

import java.util.List;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;

/** Knows one instance of every service. */
record FakeDiscovery(String host, int port) implements DiscoveryClient {

  @Override
  public String description() {
    return "fake";
  }

  @Override
  public List<ServiceInstance> getInstances(String service) {
    return List.of(new DefaultServiceInstance(service + "-1", service, host, port, false));
  }

  @Override
  public List<String> getServices() {
    return List.of();
  }
}
