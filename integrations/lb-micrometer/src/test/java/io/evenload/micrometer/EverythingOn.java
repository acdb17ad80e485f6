package io.evenload.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.okhttp.CallListener;
import io.evenload.okhttp.HedgePolicy;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import io.evenload.testing.VirtualTime;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * A balancer and an interceptor with all their meters, and calls that make each of them appear: a
 * retry and one that is refused, a hedge and one that is refused.
 */
final class EverythingOn implements Closeable {

  static final int SERVERS = 2;

  private static final Chooser IN_ORDER =
      (eligible, request) -> {
        for (Endpoint endpoint : eligible) {
          if (!request.skips(endpoint)) {
            return endpoint;
          }
        }
        return eligible.get(0);
      };

  private static final RetryPolicy RETRY =
      RetryPolicy.builder()
          .maxAttempts(2)
          .baseBackoff(Duration.ZERO)
          .maxBackoff(Duration.ZERO)
          .build();

  private static final RetryPolicy HEDGE =
      RetryPolicy.builder().maxAttempts(2).hedge(HedgePolicy.after(Duration.ofMillis(1))).build();

  private final MeterRegistry registry;
  private final Deque<Closeable> resources = new ArrayDeque<>();
  private final MockWebServer one;
  private final MockWebServer two;
  private final OkHttpClient client;

  /** Opened when the interceptor has told that it does not hedge. */
  private final CountDownLatch notHedged = new CountDownLatch(1);

  EverythingOn(MeterRegistry registry) throws IOException {
    this.registry = registry;
    one = server();
    two = server();
    client =
        LoadBalancingInterceptor.builder()
            .service("orders", balancer("orders", one, two))
            .service("users", balancer("users", one))
            .listener(new Watch(CallMetrics.of(registry)))
            .build()
            .install(new OkHttpClient.Builder())
            .build();
    resources.push(() -> client.connectionPool().evictAll());
  }

  /** Makes the calls. */
  void run() throws IOException {
    hedge();
    refuseToHedge();
    retryAndRefuseTo();
  }

  private void hedge() throws IOException {
    CountDownLatch asked = new CountDownLatch(1);
    answer(
        one,
        () -> {
          asked.countDown();
          return new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build();
        });
    answer(
        two,
        () -> {
          await(asked);
          return status(200);
        });
    assertThat(get("orders", HEDGE)).isEqualTo(200);
  }

  private void refuseToHedge() throws IOException {
    answer(
        one,
        () -> {
          await(notHedged);
          return status(200);
        });
    assertThat(get("users", HEDGE)).isEqualTo(200);
  }

  private void retryAndRefuseTo() throws IOException {
    answer(one, () -> status(503));
    answer(two, () -> status(503));
    assertThat(get("orders", RETRY)).isEqualTo(503);
  }

  private int get(String host, RetryPolicy policy) throws IOException {
    Request request =
        new Request.Builder()
            .url("http://" + host + "/v1/secret")
            .tag(RetryPolicy.class, policy)
            .build();
    try (Response response = client.newCall(request).execute()) {
      return response.code();
    }
  }

  private LoadBalancer balancer(String name, MockWebServer... servers) {
    VirtualTime time = new VirtualTime();
    LoadBalancer balancer =
        LoadBalancer.builder(name)
            .servers(
                ServerList.of(
                    List.of(servers).stream()
                        .map(server -> Server.of("127.0.0.1", server.getPort()))
                        .toList()))
            .chooser(LoadBalancerMetrics.timed(registry, name, IN_ORDER))
            .nanoTime(time)
            .scheduler(time)
            .build();
    resources.push(balancer::close);
    resources.push(LoadBalancerMetrics.monitorServers(registry, balancer, SERVERS)::close);
    return balancer;
  }

  private MockWebServer server() throws IOException {
    MockWebServer server = new MockWebServer();
    resources.push(server);
    server.start();
    return server;
  }

  private static void answer(MockWebServer server, Supplier<MockResponse> answer) {
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return answer.get();
          }
        });
  }

  private static MockResponse status(int status) {
    return new MockResponse.Builder().code(status).build();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() throws IOException {
    while (!resources.isEmpty()) {
      resources.pop().close();
    }
  }

  /** Passes all on, and tells the test when a hedge was refused. */
  private final class Watch implements CallListener {
    private final CallListener metrics;

    Watch(CallListener metrics) {
      this.metrics = metrics;
    }

    @Override
    public void addedTo(LoadBalancingInterceptor interceptor) {
      metrics.addedTo(interceptor);
    }

    @Override
    public void ended(CallEnded event) {
      metrics.ended(event);
    }

    @Override
    public void retried(Retried event) {
      metrics.retried(event);
    }

    @Override
    public void notRetried(NotRetried event) {
      metrics.notRetried(event);
    }

    @Override
    public void hedged(Hedged event) {
      metrics.hedged(event);
    }

    @Override
    public void notHedged(NotHedged event) {
      metrics.notHedged(event);
      notHedged.countDown();
    }
  }
}
