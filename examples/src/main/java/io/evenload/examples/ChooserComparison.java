package io.evenload.examples;

import io.evenload.Chooser;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.chooser.Choosers;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** Calls the same servers by one chooser after the other, to show what a slow one costs by each. */
final class ChooserComparison {

  private static final int CALLERS = 8;

  private final List<DemoServer> servers;
  private final DemoServer slow;
  private final int calls;
  private final PrintStream out;

  /**
   * Prepares it.
   *
   * @param slow one of the servers
   * @param calls how many are made by each chooser
   */
  ChooserComparison(List<DemoServer> servers, DemoServer slow, int calls, PrintStream out) {
    this.servers = servers;
    this.slow = slow;
    this.calls = calls;
    this.out = out;
  }

  void run() throws Exception {
    print("%n%d threads, %d calls by each chooser, all servers well%n", CALLERS, calls);
    print("%-34s%14s%14s%n", "", "to \"" + slow.name() + '"', "calls/s");
    run("shortestExpectedDelay", Choosers.shortestExpectedDelay());
    run("powerOfTwoChoices", Choosers.powerOfTwoChoices());
    run("roundRobin", Choosers.roundRobin());
  }

  private void run(String name, Chooser chooser) throws Exception {
    List<Server> list = servers.stream().map(DemoServer::server).toList();
    try (LoadBalancer orders =
        LoadBalancer.builder("orders").servers(ServerList.of(list)).chooser(chooser).build()) {
      OkHttpClient client =
          LoadBalancingInterceptor.of("orders", orders)
              .install(new OkHttpClient.Builder(), CALLERS)
              .build();
      int slowBefore = slow.requests();
      long begin = System.nanoTime();
      call(client);
      double seconds = (System.nanoTime() - begin) / 1e9;
      double share = 100.0 * (slow.requests() - slowBefore) / calls;
      print("%-34s%13.0f%%%14.0f%n", name, share, calls / seconds);
      client.connectionPool().evictAll();
    }
  }

  private void call(OkHttpClient client) throws Exception {
    ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
    try {
      Callable<Integer> call = () -> status(client);
      for (Future<Integer> status : callers.invokeAll(Collections.nCopies(calls, call))) {
        status.get();
      }
    } finally {
      callers.shutdown();
    }
  }

  private static int status(OkHttpClient client) throws IOException {
    Request request = new Request.Builder().url("http://orders/v1/items").build();
    try (Response response = client.newCall(request).execute()) {
      return response.code();
    }
  }

  private void print(String format, Object... values) {
    out.print(String.format(Locale.ROOT, format, values));
  }
}
