package io.evenload.examples;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Start here: four real servers, of which one is slow, one fails for a while and one leaves and
 * returns, and eight threads that call them through Evenload while this happens.
 */
final class Quickstart {

  private static final int CALLERS = 8;

  private final int callsPerPhase;
  private final PrintStream out;
  private final Scoreboard scoreboard;
  private final Semaphore finishedCalls = new Semaphore(0);
  private volatile boolean done;

  private Quickstart(int callsPerPhase, PrintStream out, Scoreboard scoreboard) {
    this.callsPerPhase = callsPerPhase;
    this.out = out;
    this.scoreboard = scoreboard;
  }

  /** The exit status is 1 if a call failed. */
  public static void main(String[] args) throws Exception {
    System.exit(run(1_500, System.out) == 0 ? 0 : 1);
  }

  /** What else watches a run, such as metrics. */
  interface Instruments {

    /** Returns the client that is used, when the balancer has not been called yet. */
    OkHttpClient install(LoadBalancer orders, OkHttpClient client);

    /** All calls are over, and the balancer is still there. */
    void compare(List<DemoServer> servers);
  }

  /** Returns how many calls failed. */
  static int run(int callsPerPhase, PrintStream out) throws Exception {
    return run(callsPerPhase, out, null);
  }

  /** Returns how many calls failed. */
  static int run(int callsPerPhase, PrintStream out, @Nullable Instruments instruments)
      throws Exception {
    try (DemoServer steady = new DemoServer("steady", 10);
        DemoServer slow = new DemoServer("slow", 50);
        DemoServer flaky = new DemoServer("flaky", 10);
        DemoServer moving = new DemoServer("moving", 10)) {
      Scoreboard scoreboard = new Scoreboard(List.of(steady, slow, flaky, moving), out);
      Quickstart quickstart = new Quickstart(callsPerPhase, out, scoreboard);

      // A service that runs for real would ask a DnsServerList, or its registry.
      UpdatableServerList list = new UpdatableServerList(servers(steady, slow, flaky, moving));
      try (LoadBalancer orders =
          LoadBalancer.builder("orders").servers(list).listener(scoreboard).build()) {
        OkHttpClient client = client(orders, scoreboard);
        ExecutorService callers =
            quickstart.startCallers(
                instruments == null ? client : instruments.install(orders, client));

        quickstart.phase("Four servers: \"slow\" takes 50 ms, the others 10 ms", () -> {});
        quickstart.phase("\"flaky\" answers 503 to everything", () -> flaky.failing(true));
        quickstart.phase(
            "\"flaky\" works again (its failures are forgotten in seconds), \"moving\" leaves",
            () -> {
              flaky.failing(false);
              list.update(servers(steady, slow, flaky));
            });
        quickstart.phase(
            "\"moving\" is back", () -> list.update(servers(steady, slow, flaky, moving)));

        quickstart.done = true;
        callers.shutdown();
        callers.awaitTermination(10, TimeUnit.SECONDS);
        if (instruments != null) {
          instruments.compare(List.of(steady, slow, flaky, moving));
        }
      }
      scoreboard.printTotals();
      new ChooserComparison(List.of(steady, slow, flaky, moving), slow, callsPerPhase / 3, out)
          .run();
      int failed = scoreboard.failedCalls();
      out.printf("%n%s%n", failed == 0 ? "No call failed." : failed + " calls failed.");
      return failed;
    }
  }

  private static OkHttpClient client(LoadBalancer orders, Scoreboard scoreboard) {
    LoadBalancingInterceptor interceptor =
        LoadBalancingInterceptor.builder().service("orders", orders).listener(scoreboard).build();
    return interceptor
        .install(new OkHttpClient.Builder())
        // By default OkHttp keeps 5 idle connections, for all servers together.
        .connectionPool(new ConnectionPool(4 * CALLERS, 5, TimeUnit.MINUTES))
        .build();
  }

  private ExecutorService startCallers(OkHttpClient client) {
    out.printf("%d threads call http://orders/ as fast as they can.%n%n", CALLERS);
    scoreboard.printHeader();
    ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
    for (int i = 0; i < CALLERS; i++) {
      callers.execute(() -> callUntilDone(client));
    }
    return callers;
  }

  private void callUntilDone(OkHttpClient client) {
    Request request = new Request.Builder().url("http://orders/v1/items").build();
    while (!done) {
      long start = System.nanoTime();
      boolean successful = false;
      try (Response response = client.newCall(request).execute()) {
        successful = response.isSuccessful();
      } catch (IOException e) {
        out.println("  A call failed: " + e.getMessage());
      }
      scoreboard.callEnded(successful, System.nanoTime() - start);
      finishedCalls.release();
    }
  }

  /** Announces a change, makes it while calls are under way, and tells where the next ones went. */
  private void phase(String title, Runnable change) throws InterruptedException {
    out.printf("%n%s%n", title);
    scoreboard.phaseBegins();
    change.run();
    finishedCalls.drainPermits();
    finishedCalls.tryAcquire(callsPerPhase, 3, TimeUnit.SECONDS); // on a busy machine, fewer calls
    scoreboard.phaseEnds();
  }

  private static List<Server> servers(DemoServer... servers) {
    return Stream.of(servers).map(DemoServer::server).toList();
  }
}
