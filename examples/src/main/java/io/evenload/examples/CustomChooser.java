package io.evenload.examples;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.PrintStream;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import okhttp3.OkHttpClient;
import okhttp3.Request;

/** A strategy of one's own: fill one server after the other, so that idle ones can be shut down. */
final class CustomChooser {

  private static final int ROOM = 2;

  /**
   * The first server with room; if there is none, the last that this request has not tried. One
   * that fails more often than not has no room: if it fails fast, it would always seem to have.
   * Threads that choose at the same moment may exceed the room; {@link Chooser#inFlightLimit} is
   * exact.
   */
  static final Chooser FIRST_WITH_ROOM =
      (eligible, request) -> {
        Endpoint choice = eligible.get(0);
        for (Endpoint endpoint : eligible) {
          if (!request.skips(endpoint)) {
            choice = endpoint;
            if (endpoint.inFlight() < ROOM && endpoint.failureRate() < 0.5) {
              break;
            }
          }
        }
        return choice;
      };

  private CustomChooser() {}

  public static void main(String[] args) throws Exception {
    System.out.printf("Each server has room for %d requests at a time.%n%n", ROOM);
    System.out.println("callers   requests at first   second   third");
    for (int callers : new int[] {1, 2, 3, 5}) {
      run(callers, System.out);
    }
  }

  /** Returns the requests that each server received. */
  static List<Integer> run(int callers, PrintStream out) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(callers);
    try (DemoServer first = new DemoServer("first", 10);
        DemoServer second = new DemoServer("second", 10);
        DemoServer third = new DemoServer("third", 10);
        LoadBalancer orders =
            LoadBalancer.builder("orders")
                .servers(ServerList.of(first.server(), second.server(), third.server()))
                .chooser(FIRST_WITH_ROOM)
                .build()) {
      OkHttpClient client =
          LoadBalancingInterceptor.of("orders", orders).install(new OkHttpClient.Builder()).build();
      Request request = new Request.Builder().url("http://orders/v1/items").build();
      Callable<Boolean> call =
          () -> {
            client.newCall(request).execute().close();
            return true;
          };
      for (Future<Boolean> done : threads.invokeAll(Collections.nCopies(300, call))) {
        done.get();
      }
      out.printf(
          "%7d %19d %8d %7d%n", callers, first.requests(), second.requests(), third.requests());
      return List.of(first.requests(), second.requests(), third.requests());
    } finally {
      threads.shutdown();
    }
  }
}
