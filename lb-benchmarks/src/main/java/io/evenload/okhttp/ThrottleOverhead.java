package io.evenload.okhttp;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.okhttp.Throttle.Reply;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * What a throttle costs each call, alone, relative to a whole balanced call in the same process:
 * medians over rounds. Run it by {@code java -cp lb-benchmarks/target/benchmarks.jar
 * io.evenload.okhttp.ThrottleOverhead}.
 */
public final class ThrottleOverhead {

  private static final int ROUNDS = 41;
  private static final int GATES = 500_000;
  private static final int CALLS = 300;

  private ThrottleOverhead() {}

  /** Prints a table. */
  public static void main(String[] args) throws Exception {
    try (MockWebServer server = new MockWebServer()) {
      server.setDispatcher(
          new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
              return new MockResponse.Builder().build(); // of one packet, which nothing delays
            }
          });
      server.start();
      try (LoadBalancer balancer =
          LoadBalancer.of("orders", Server.of("127.0.0.1", server.getPort()))) {
        measure(balancer);
      }
    }
  }

  private static void measure(LoadBalancer balancer) throws Exception {
    OkHttpClient client =
        LoadBalancingInterceptor.of("orders", balancer).install(new OkHttpClient.Builder()).build();
    double[] calls = new double[ROUNDS];
    double[] gates = new double[ROUNDS];
    double[] shared = new double[ROUNDS];
    for (int i = -10; i < ROUNDS; i++) { // the first are for the compiler
      int at = Math.max(0, i);
      calls[at] = calls(client);
      gates[at] = gates(1);
      shared[at] = gates(2);
    }
    double call = median(calls);
    System.out.println("| | ns | of a call |\n|---|--:|--:|");
    row("a whole call", call, call);
    row("the throttle, one thread", median(gates), call);
    row("the throttle, two threads at one", median(shared), call);
    client.connectionPool().evictAll();
  }

  private static void row(String name, double nanos, double call) {
    System.out.printf(Locale.ROOT, "| %s | %.0f | %.2f %% |%n", name, nanos, 100 * nanos / call);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static double calls(OkHttpClient client) throws IOException {
    Request request = new Request.Builder().url("http://orders/").build();
    long begin = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      try (Response response = client.newCall(request).execute()) {
        if (response.body().bytes().length != 0) {
          throw new IOException("unexpected response " + response);
        }
      }
    }
    return (double) (System.nanoTime() - begin) / CALLS;
  }

  /** The nanoseconds that each call of each thread spends at the throttle. */
  private static double gates(int threads) throws InterruptedException {
    Throttle throttle =
        new Throttle(
            "orders",
            Throttling.defaults(),
            System::nanoTime,
            () -> ThreadLocalRandom.current().nextLong());
    CountDownLatch begin = new CountDownLatch(threads);
    Thread[] all = new Thread[threads];
    long[] took = new long[threads];
    for (int i = 0; i < threads; i++) {
      int place = i;
      all[i] =
          new Thread(
              () -> {
                begin.countDown();
                took[place] = pass(throttle, begin);
              });
      all[i].start();
    }
    long sum = 0;
    for (int i = 0; i < threads; i++) {
      all[i].join();
      sum += took[i];
    }
    return (double) sum / threads / GATES;
  }

  private static long pass(Throttle throttle, CountDownLatch begin) {
    try {
      begin.await();
      long start = System.nanoTime();
      for (int i = 0; i < GATES; i++) {
        throttle.admit();
        throttle.tried(Reply.ACCEPTED, false, true);
      }
      return System.nanoTime() - start;
    } catch (InterruptedException | ThrottledException e) {
      throw new IllegalStateException(e);
    }
  }
}
