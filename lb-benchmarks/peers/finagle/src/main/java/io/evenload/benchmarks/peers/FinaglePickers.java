package io.evenload.benchmarks.peers;

import com.twitter.finagle.Address;
import com.twitter.finagle.ClientConnection;
import com.twitter.finagle.ClientConnection$;
import com.twitter.finagle.NoBrokersAvailableException;
import com.twitter.finagle.Service;
import com.twitter.finagle.ServiceFactory;
import com.twitter.finagle.Stack;
import com.twitter.finagle.Status;
import com.twitter.finagle.loadbalancer.Balancers;
import com.twitter.finagle.loadbalancer.EndpointFactory;
import com.twitter.finagle.loadbalancer.LoadBalancerFactory;
import com.twitter.util.Activity;
import com.twitter.util.Future;
import com.twitter.util.Time;
import io.evenload.benchmarks.PickerBenchmark;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Warmup;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Vector;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.BoxedUnit;

/**
 * Finagle: a service is taken from the balancer over endpoints that are ready, and closed, which
 * ends the request. There is no selecting without taking.
 */
@Warmup(iterations = 4, time = 600, timeUnit = TimeUnit.MILLISECONDS) // it compiles for 2 seconds
public class FinaglePickers extends PickerBenchmark {

  private static final int MIN_APERTURE = 10;

  /** The algorithm. */
  @Param({"p2c +release", "p2cPeakEwma +release", "aperture +release"})
  public String algorithm;

  @Override
  protected Picker picker() {
    IndexedSeq<EndpointFactory<Object, Object>> endpoints =
        Vector.from(
            CollectionConverters.asScala(
                IntStream.range(0, n)
                    .<EndpointFactory<Object, Object>>mapToObj(Endpoint::new)
                    .toList()));
    ServiceFactory<Object, Object> balancer =
        factory()
            .newBalancer(
                Activity.value(endpoints),
                new NoBrokersAvailableException("benchmark"),
                Stack.Params$.MODULE$.empty());
    ClientConnection nil = ClientConnection$.MODULE$.nil();
    return turn -> {
      Service<Object, Object> service = balancer.apply(nil).poll().get().apply();
      service.close();
      return service;
    };
  }

  private LoadBalancerFactory factory() {
    return switch (algorithm) {
      case "p2c +release" -> Balancers.p2c(Balancers.p2c$default$1());
      case "p2cPeakEwma +release" ->
          Balancers.p2cPeakEwma(
              Balancers.p2cPeakEwma$default$1(), Balancers.p2cPeakEwma$default$2());
      case "aperture +release" ->
          Balancers.aperture(
              Balancers.aperture$default$1(),
              Balancers.aperture$default$2(),
              Balancers.aperture$default$3(),
              MIN_APERTURE,
              Balancers.aperture$default$5(),
              Balancers.aperture$default$6());
      default -> throw new IllegalArgumentException("algorithm: " + algorithm);
    };
  }

  private static final class Endpoint extends ServiceFactory<Object, Object>
      implements EndpointFactory<Object, Object> {
    private final Address address;
    private final Future<Service<Object, Object>> ready;

    Endpoint(int i) {
      this.address = Address.apply(InetSocketAddress.createUnresolved(host(i), 8080));
      this.ready =
          Future.value(
              new Service<>() {
                @Override
                public Future<Object> apply(Object request) {
                  return Future.value(request);
                }
              });
    }

    @Override
    public Future<Service<Object, Object>> apply(ClientConnection connection) {
      return ready;
    }

    @Override
    public Address address() {
      return address;
    }

    @Override
    public Status status() {
      return Status.Open$.MODULE$;
    }

    @Override
    public void remake() {}

    @Override
    public Future<BoxedUnit> close(Time deadline) {
      return Future.Done();
    }
  }
}
