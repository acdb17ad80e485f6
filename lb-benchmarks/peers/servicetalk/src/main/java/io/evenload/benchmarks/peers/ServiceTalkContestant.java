package io.evenload.benchmarks.peers;

import io.evenload.benchmarks.live.Contestant;
import io.evenload.benchmarks.live.HttpWorkServer;
import io.evenload.benchmarks.live.TimedQueue;
import io.servicetalk.client.api.DefaultServiceDiscovererEvent;
import io.servicetalk.client.api.ServiceDiscoverer;
import io.servicetalk.client.api.ServiceDiscovererEvent;
import io.servicetalk.concurrent.api.Completable;
import io.servicetalk.concurrent.api.Publisher;
import io.servicetalk.http.api.FilterableStreamingHttpLoadBalancedConnection;
import io.servicetalk.http.api.HttpClient;
import io.servicetalk.http.netty.DefaultHttpLoadBalancerFactory;
import io.servicetalk.http.netty.HttpClients;
import io.servicetalk.http.utils.TimeoutHttpRequesterFilter;
import io.servicetalk.loadbalancer.LoadBalancers;
import io.servicetalk.loadbalancer.LoadBalancingPolicies;
import io.servicetalk.loadbalancer.LoadBalancingPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/** ServiceTalk's HTTP client, with all defaults but the policy. */
public final class ServiceTalkContestant implements Contestant {

  private final LoadBalancingPolicy<
          InetSocketAddress, FilterableStreamingHttpLoadBalancedConnection>
      policy;

  private ServiceTalkContestant(
      LoadBalancingPolicy<InetSocketAddress, FilterableStreamingHttpLoadBalancedConnection>
          policy) {
    this.policy = policy;
  }

  /** Takes the name of a policy. */
  public static void main(String[] args) throws Exception {
    Contestant.compete(
        new ServiceTalkContestant(
            switch (args[0]) {
              case "p2c" -> LoadBalancingPolicies.p2c().build();
              case "roundRobin" -> LoadBalancingPolicies.roundRobin().build();
              default -> throw new IllegalArgumentException("policy: " + args[0]);
            }));
  }

  @Override
  public LiveServer serve(TimedQueue queue) throws IOException {
    return HttpWorkServer.start(queue);
  }

  @Override
  @SuppressWarnings("deprecation") // the factory, by which the policy is given
  public Client client(List<Integer> ports) {
    HttpClient client =
        HttpClients.forSingleAddress(new Known(ports), "live")
            .hostHeaderFallback(true)
            .unresolvedAddressToHost(name -> name)
            .loadBalancerFactory(
                DefaultHttpLoadBalancerFactory.Builder.from(
                        LoadBalancers
                            .<InetSocketAddress, FilterableStreamingHttpLoadBalancedConnection>
                                builder("live")
                            .loadBalancingPolicy(policy)
                            .build())
                    .build())
            .appendClientFilter(
                new TimeoutHttpRequesterFilter(Duration.ofSeconds(TIMEOUT_SECONDS), true))
            .build();
    return new Client() {
      @Override
      public void call(long workNanos, Consumer<Boolean> done) {
        client
            .request(client.get("/" + workNanos))
            .toCompletionStage()
            .whenComplete(
                (response, failure) ->
                    done.accept(failure == null && response.status().code() == 200));
      }

      @Override
      public void close() {
        client.closeAsync().subscribe();
      }
    };
  }

  /** Knows all servers from the beginning. */
  private static final class Known
      implements ServiceDiscoverer<
          String, InetSocketAddress, ServiceDiscovererEvent<InetSocketAddress>> {
    private final List<ServiceDiscovererEvent<InetSocketAddress>> servers;

    Known(List<Integer> ports) {
      servers =
          ports.stream()
              .<ServiceDiscovererEvent<InetSocketAddress>>map(
                  port ->
                      new DefaultServiceDiscovererEvent<>(
                          new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                          ServiceDiscovererEvent.Status.AVAILABLE))
              .toList();
    }

    @Override
    public Publisher<Collection<ServiceDiscovererEvent<InetSocketAddress>>> discover(String name) {
      return Publisher.<Collection<ServiceDiscovererEvent<InetSocketAddress>>>from(servers)
          .concat(Publisher.never());
    }

    @Override
    public Completable closeAsync() {
      return Completable.completed();
    }

    @Override
    public Completable onClose() {
      return Completable.never();
    }
  }
}
