package io.evenload.benchmarks;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.chooser.Choosers;
import io.evenload.okhttp.HedgePolicy;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;

/**
 * What hedging gains and costs: five servers that answer after 5 to 25 ms, of which one adds 500 ms
 * to each twentieth answer, and the same calls without hedging and with {@code
 * afterQuantile(0.95)}.
 */
public final class HedgingGain {

  private static final int SERVERS = 5;
  private static final int WARMUP_CALLS = 400;
  private static final int CALLS = 4_000;

  private final AtomicInteger requests = new AtomicInteger();

  private HedgingGain() {}

  /** Prints a table. */
  public static void main(String[] arguments) throws IOException {
    System.out.println(
        "| protocol | hedging | p50 ms | p95 ms | p99 ms | p99.5 ms | requests a call |");
    System.out.println("|---|---|--:|--:|--:|--:|--:|");
    for (Protocol protocol : List.of(Protocol.HTTP_1_1, Protocol.H2_PRIOR_KNOWLEDGE)) {
      for (boolean hedged : new boolean[] {false, true}) {
        new HedgingGain().measure(protocol, hedged);
      }
    }
    System.exit(0);
  }

  private void measure(Protocol protocol, boolean hedged) throws IOException {
    List<MockWebServer> running = new ArrayList<>();
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < SERVERS; i++) {
      MockWebServer server = new MockWebServer();
      server.setDispatcher(new Answers(i == 0));
      server.setProtocols(List.of(protocol));
      server.setServerSocketFactory(new NoDelay.Server());
      server.start();
      running.add(server);
      servers.add(Server.of("127.0.0.1", server.getPort()));
    }
    try (LoadBalancer balancer =
        LoadBalancer.builder("orders")
            .servers(ServerList.of(servers))
            .chooser(Choosers.roundRobin()) // so that the slow server gets its full share
            .build()) {
      RetryPolicy.Builder policy = RetryPolicy.builder();
      if (hedged) {
        policy.hedge(HedgePolicy.afterQuantile(0.95));
      }
      OkHttpClient client =
          LoadBalancingInterceptor.builder()
              .service("orders", balancer)
              .retry(policy.build())
              .build()
              .install(new OkHttpClient.Builder())
              .protocols(List.of(protocol))
              .socketFactory(new NoDelay.Client())
              .build();
      calls(client, WARMUP_CALLS);
      requests.set(0);
      print(protocol, hedged, calls(client, CALLS));
    } finally {
      running.forEach(MockWebServer::close);
    }
  }

  private static long[] calls(OkHttpClient client, int calls) throws IOException {
    Request request = new Request.Builder().url("http://orders/").build();
    long[] nanos = new long[calls];
    for (int i = 0; i < calls; i++) {
      long start = System.nanoTime();
      try (Response response = client.newCall(request).execute()) {
        response.body().bytes();
      }
      nanos[i] = System.nanoTime() - start;
    }
    Arrays.sort(nanos);
    return nanos;
  }

  private void print(Protocol protocol, boolean hedged, long[] nanos) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %s | %.1f | %.1f | %.1f | %.1f | %.4f |%n",
        protocol,
        hedged ? "p95" : "none",
        nanos[CALLS / 2] / 1e6,
        nanos[CALLS * 95 / 100] / 1e6,
        nanos[CALLS * 99 / 100] / 1e6,
        nanos[CALLS * 995 / 1000] / 1e6,
        (double) requests.get() / CALLS);
  }

  private final class Answers extends Dispatcher {
    private final boolean slowAtTimes;
    private final AtomicInteger answers = new AtomicInteger();

    Answers(boolean slowAtTimes) {
      this.slowAtTimes = slowAtTimes;
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
      requests.incrementAndGet();
      int answer = answers.incrementAndGet();
      long delay = 5 + answer * 7L % 20 + (slowAtTimes && answer % 20 == 0 ? 500 : 0);
      return new MockResponse.Builder()
          .headersDelay(delay, TimeUnit.MILLISECONDS)
          .body("ok")
          .build();
    }
  }
}
