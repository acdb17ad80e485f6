package io.evenload.benchmarks.peers;

import com.twitter.finagle.Address;
import com.twitter.finagle.Addresses;
import com.twitter.finagle.Http;
import com.twitter.finagle.Names;
import com.twitter.finagle.Service;
import com.twitter.finagle.http.Method;
import com.twitter.finagle.http.Request;
import com.twitter.finagle.http.Response;
import com.twitter.finagle.loadbalancer.Balancers;
import com.twitter.finagle.loadbalancer.LoadBalancerFactory;
import com.twitter.finagle.service.RetryBudget;
import com.twitter.util.Duration;
import com.twitter.util.Future;
import com.twitter.util.FutureEventListener;
import io.evenload.benchmarks.live.Contestant;
import io.evenload.benchmarks.live.HttpWorkServer;
import io.evenload.benchmarks.live.TimedQueue;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;

/** Finagle's HTTP client, with all defaults but the balancer and the retries. */
public final class FinagleContestant implements Contestant {

  private final LoadBalancerFactory balancer;

  private FinagleContestant(LoadBalancerFactory balancer) {
    this.balancer = balancer;
  }

  /** Takes the name of a balancer. */
  public static void main(String[] args) throws Exception {
    Contestant.compete(
        new FinagleContestant(
            switch (args[0]) {
              case "p2c" -> Balancers.p2c(Balancers.p2c$default$1());
              case "p2cPeakEwma" ->
                  Balancers.p2cPeakEwma(
                      Balancers.p2cPeakEwma$default$1(), Balancers.p2cPeakEwma$default$2());
              default -> throw new IllegalArgumentException("balancer: " + args[0]);
            }));
  }

  @Override
  public LiveServer serve(TimedQueue queue) throws IOException {
    return HttpWorkServer.start(queue);
  }

  @Override
  public Client client(List<Integer> ports) {
    Address[] servers =
        ports.stream()
            .map(port -> new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .map(Addresses::newInetAddress)
            .toArray(Address[]::new);
    Service<Request, Response> service =
        Http.client()
            .withLoadBalancer()
            .apply(balancer)
            .withRetryBudget(RetryBudget.Empty())
            .withRequestTimeout(Duration.fromSeconds(TIMEOUT_SECONDS))
            .newService(Names.bound(servers), "live");
    return new Client() {
      @Override
      public void call(long workNanos, Consumer<Boolean> done) {
        Future<Response> answer = service.apply(Request.apply(Method.Get(), "/" + workNanos));
        answer.addEventListener(
            new FutureEventListener<Response>() {
              @Override
              public void onSuccess(Response response) {
                done.accept(response.statusCode() == 200);
              }

              @Override
              public void onFailure(Throwable cause) {
                done.accept(false);
              }
            });
      }

      @Override
      public void close() {
        service.close();
      }
    };
  }
}
