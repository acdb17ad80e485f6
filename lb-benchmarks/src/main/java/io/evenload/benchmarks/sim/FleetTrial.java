package io.evenload.benchmarks.sim;

import io.evenload.Chooser;
import io.evenload.Subset;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * As many clients as servers, each of which uses a subset, beside one client that sends all the
 * calls and so knows what each server has at work.
 */
public final class FleetTrial {

  private static final long SEED = 101;

  private final int size;
  private final Trouble trouble;

  private FleetTrial(int size, Trouble trouble) {
    this.size = size;
    this.trouble = trouble;
  }

  /**
   * Prints a table. The argument is the number of clients and of servers, by default 1,000, which
   * takes some minutes.
   */
  @SuppressWarnings("SystemOut") // a program
  public static void main(String[] arguments) {
    int size = arguments.length == 0 ? 1000 : Integer.parseInt(arguments[0]);
    System.out.println(
        "| trouble | clients | chooser | p50 ms | p99 ms | p99.9 ms | errors % | most | least |");
    System.out.println("|---|--:|---|--:|--:|--:|--:|--:|--:|");
    FleetTrial well = new FleetTrial(size, world -> {});
    FleetTrial troubled =
        new FleetTrial(
            size, Trouble.antagonists(0.25, Duration.ofSeconds(1), Duration.ofSeconds(3), 1));
    for (FleetTrial trial : List.of(well, troubled)) {
      String name = trial == well ? "none" : "antagonists";
      trial.print(name, 1, "leastLoaded", Choosers.leastLoaded());
      trial.print(name, 1, "shortestExpectedDelay", Choosers.shortestExpectedDelay());
      trial.print(name, size, "powerOfTwoChoices", Choosers.powerOfTwoChoices());
      trial.print(name, size, "leastLoaded", Choosers.leastLoaded());
      trial.print(name, size, "shortestExpectedDelay", Choosers.shortestExpectedDelay());
    }
  }

  @SuppressWarnings("SystemOut") // a program
  private void print(String name, int clients, String called, Chooser chooser) {
    Scenario scenario =
        Scenario.of(name)
            .servers(size, 4)
            .clients(clients)
            .load(0.6)
            .trouble(trouble)
            .measured(Duration.ofSeconds(5), Duration.ofSeconds(10))
            .build();
    Outcomes outcomes = Simulation.run(scenario, strategy(chooser, clients), SEED);
    System.out.printf(
        Locale.ROOT,
        "| %s | %d | %s | %.1f | %.0f | %.0f | %.3f | %.2f | %.2f |%n",
        name,
        clients,
        called,
        outcomes.quantile(0.5),
        outcomes.quantile(0.99),
        outcomes.quantile(0.999),
        outcomes.errorPercent(),
        outcomes.imbalance(),
        outcomes.leastShare());
  }

  private Strategy strategy(Chooser chooser, int clients) {
    AtomicInteger next = new AtomicInteger();
    UpdatableServerList list =
        new UpdatableServerList(EvenloadClient.listed(IntStream.range(0, size).toArray()));
    return new Strategy(
        "fleet",
        false,
        (setting, servers) ->
            new EvenloadClient(
                chooser,
                setting,
                list,
                clients == 1 ? null : Subset.of(next.getAndIncrement(), clients)));
  }
}
