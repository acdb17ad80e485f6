package io.evenload.benchmarks.peers;

import static io.servicetalk.client.api.RequestConcurrencyController.Result.Accepted;
import static io.servicetalk.concurrent.api.SourceAdapters.toSource;

import io.evenload.benchmarks.PickerBenchmark;
import io.servicetalk.client.api.ConnectionFactory;
import io.servicetalk.client.api.DefaultServiceDiscovererEvent;
import io.servicetalk.client.api.LoadBalancedConnection;
import io.servicetalk.client.api.LoadBalancer;
import io.servicetalk.client.api.ServiceDiscovererEvent;
import io.servicetalk.concurrent.Cancellable;
import io.servicetalk.concurrent.SingleSource;
import io.servicetalk.concurrent.api.Completable;
import io.servicetalk.concurrent.api.ListenableAsyncCloseable;
import io.servicetalk.concurrent.api.Publisher;
import io.servicetalk.concurrent.api.Single;
import io.servicetalk.context.api.ContextMap;
import io.servicetalk.loadbalancer.LoadBalancers;
import io.servicetalk.loadbalancer.LoadBalancingPolicies;
import io.servicetalk.loadbalancer.LoadBalancingPolicy;
import io.servicetalk.transport.api.TransportObserver;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Param;

/**
 * ServiceTalk: a connection of the chosen host is reserved for one request, which is then finished.
 * There is no choosing a host without a connection.
 */
public class ServiceTalkPickers extends PickerBenchmark {

  /** The algorithm. */
  @Param({"roundRobin +release", "p2c +release"})
  public String algorithm;

  @Override
  protected Picker picker() {
    List<ServiceDiscovererEvent<String>> servers =
        IntStream.range(0, n)
            .<ServiceDiscovererEvent<String>>mapToObj(
                i ->
                    new DefaultServiceDiscovererEvent<>(
                        host(i), ServiceDiscovererEvent.Status.AVAILABLE))
            .toList();
    LoadBalancer<Connection> balancer =
        LoadBalancers.<String, Connection>builder("benchmark")
            .loadBalancingPolicy(policy())
            .build()
            .newLoadBalancer(
                Publisher.from(servers).concat(Publisher.never()), new Connections(), "benchmark");
    return turn -> {
      Selection selection = new Selection();
      toSource(balancer.selectConnection(connection -> connection.tryRequest() == Accepted, null))
          .subscribe(selection);
      selection.selected.requestFinished();
      return selection.selected;
    };
  }

  private LoadBalancingPolicy<String, Connection> policy() {
    return switch (algorithm) {
      case "roundRobin +release" -> LoadBalancingPolicies.roundRobin().build();
      case "p2c +release" -> LoadBalancingPolicies.p2c().build();
      default -> throw new IllegalArgumentException("algorithm: " + algorithm);
    };
  }

  private static final class Selection implements SingleSource.Subscriber<Connection> {
    Connection selected;

    @Override
    public void onSubscribe(Cancellable cancellable) {}

    @Override
    public void onSuccess(Connection connection) {
      selected = connection;
    }

    @Override
    public void onError(Throwable error) {
      throw new IllegalStateException(error);
    }
  }

  private static class NeverClosed implements ListenableAsyncCloseable {

    @Override
    public Completable closeAsync() {
      return Completable.completed();
    }

    @Override
    public Completable onClose() {
      return Completable.never();
    }
  }

  private static final class Connections extends NeverClosed
      implements ConnectionFactory<String, Connection> {

    @Override
    public Single<Connection> newConnection(
        String address, ContextMap context, TransportObserver observer) {
      return Single.succeeded(new Connection());
    }
  }

  /** A connection that counts its requests and takes any number of them. */
  private static final class Connection extends NeverClosed implements LoadBalancedConnection {
    private final AtomicInteger requests = new AtomicInteger();

    @Override
    public Result tryRequest() {
      requests.incrementAndGet();
      return Accepted;
    }

    @Override
    public void requestFinished() {
      requests.decrementAndGet();
    }

    @Override
    public boolean tryReserve() {
      return false;
    }

    @Override
    public Completable releaseAsync() {
      return Completable.completed();
    }

    @Override
    public int score() {
      return 1;
    }
  }
}
