package io.evenload.benchmarks;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.Subset;
import io.evenload.health.HealthCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Prints how much heap a balancer needs for each of 10,000 servers, beside the list itself. */
public final class EndpointMemory {

  private static final int SERVERS = 10_000;

  /** What was measured stays, so that the next measurement does not count it as given back. */
  private static final List<LoadBalancer> MEASURED = new ArrayList<>();

  private EndpointMemory() {}

  /** Measures each kind of balancer after full collections. */
  @SuppressWarnings("SystemOut") // a program
  public static void main(String[] arguments) {
    long before = used();
    List<Server> servers = PreparedChooser.servers(SERVERS, false);
    System.out.printf("%-40s %6d bytes%n", "Server", (used() - before) / SERVERS);
    HealthProbe probe =
        (server, timeout) -> CompletableFuture.completedFuture(HealthReport.healthy());
    for (String chooser : List.of("powerOfTwoChoices", "peakEwma", "roundRobin", "maglev")) {
      print(chooser, builder(chooser, servers));
    }
    print(
        "powerOfTwoChoices, health check",
        builder("powerOfTwoChoices", servers).healthCheck(HealthCheck.of(probe)));
    print(
        "powerOfTwoChoices, subset",
        builder("powerOfTwoChoices", servers).subset(Subset.of(7, 1_000)));
    MEASURED.forEach(LoadBalancer::close);
  }

  private static LoadBalancer.Builder builder(String chooser, List<Server> servers) {
    return LoadBalancer.builder("memory")
        .servers(ServerList.of(servers))
        .chooser(PreparedChooser.named(chooser));
  }

  private static void print(String what, LoadBalancer.Builder builder) {
    long before = used();
    MEASURED.add(builder.build());
    System.out.printf("%-40s %6d bytes%n", what, (used() - before) / SERVERS);
  }

  /** The heap in use once collecting frees no more. */
  private static long used() {
    Runtime runtime = Runtime.getRuntime();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      System.gc();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }
}
