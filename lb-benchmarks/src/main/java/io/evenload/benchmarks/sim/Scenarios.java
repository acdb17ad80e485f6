package io.evenload.benchmarks.sim;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * What is simulated. {@link #FIRST} is what choosers were developed with, with other seeds; {@link
 * #SECOND}, servers of another kind, was fixed before and is for judging alone.
 */
final class Scenarios {

  private static final Duration SECOND_LONG = Duration.ofSeconds(1);
  private static final Trouble ANTAGONISTS =
      Trouble.antagonists(0.25, SECOND_LONG, Duration.ofSeconds(3), 1);
  private static final ServiceTime LOGNORMAL_40 = ServiceTime.lognormal(40, 1);

  static final List<Scenario> FIRST =
      List.of(
          Scenario.of("load .7").build(),
          Scenario.of("load .9").load(0.9).build(),
          Scenario.of("load .95").load(0.95).build(),
          Scenario.of("load 1.2").load(1.2).build(),
          Scenario.of("3 servers").servers(3, 4).build(),
          Scenario.of("one 10 times slower").trouble(Trouble.slow(1, 0.1)).build(),
          Scenario.of("three at half speed").load(0.6).trouble(Trouble.slow(3, 0.5)).build(),
          Scenario.of("speed 2:1").speeds(2, 2, 2, 2, 2, 1, 1, 1, 1, 1).build(),
          Scenario.of("cores 2:1").load(0.8).cores(8, 8, 8, 8, 8, 4, 4, 4, 4, 4).build(),
          Scenario.of("antagonists").load(0.6).trouble(ANTAGONISTS).build(),
          Scenario.of("short antagonists")
              .load(0.6)
              .trouble(Trouble.antagonists(0.25, Duration.ofMillis(250), Duration.ofMillis(750), 1))
              .build(),
          Scenario.of("bimodal, antagonists")
              .load(0.6)
              .serviceTime(10, ServiceTime.either(5, 105, 0.05))
              .trouble(ANTAGONISTS)
              .build(),
          Scenario.of("routes of 5 and 200 ms")
              .serviceTime(24.5, ServiceTime.either(5, 200, 0.1))
              .build(),
          Scenario.of("pauses")
              .trouble(Trouble.pauses(Duration.ofMillis(150), Duration.ofSeconds(5)))
              .build(),
          Scenario.of("rolling cold starts")
              .trouble(Trouble.restarts(Duration.ofSeconds(4), Duration.ofSeconds(6)))
              .build(),
          Scenario.of("one fails at once").trouble(Trouble.failing(1, SECOND_LONG)).build(),
          Scenario.of("one fails half").trouble(Trouble.failing(0.5, SECOND_LONG)).build(),
          Scenario.of("black hole").trouble(Trouble.hole(Duration.ofSeconds(12))).build(),
          Scenario.of("300 x 8, antagonists")
              .servers(8, 4)
              .clients(300)
              .load(0.6)
              .trouble(ANTAGONISTS)
              .build(),
          Scenario.of("10 x 100, antagonists")
              .servers(100, 4)
              .clients(10)
              .load(0.6)
              .trouble(ANTAGONISTS)
              .measured(Duration.ofSeconds(4), Duration.ofSeconds(6))
              .build(),
          Scenario.of("100 x 100, antagonists")
              .servers(100, 4)
              .clients(100)
              .subset(20)
              .load(0.6)
              .trouble(ANTAGONISTS)
              .measured(Duration.ofSeconds(4), Duration.ofSeconds(6))
              .build());

  static final List<Scenario> SECOND =
      List.of(
          workers("workers, load .6").build(),
          workers("workers, load .9").load(0.9).build(),
          workers("workers, antagonists").trouble(ANTAGONISTS).build(),
          workers("workers, three at half speed").trouble(Trouble.slow(3, 0.5)).build(),
          workers("workers, one 10 times slower").trouble(Trouble.slow(1, 0.1)).build(),
          workers("workers, short line").load(0.9).mostPerCore(4).build(),
          Scenario.of("Pareto").serviceTime(10, ServiceTime.pareto(10, 2.2)).build(),
          Scenario.of("Pareto, antagonists")
              .load(0.6)
              .serviceTime(10, ServiceTime.pareto(10, 2.2))
              .trouble(ANTAGONISTS)
              .build(),
          Scenario.of("zones slow together")
              .servers(12, 4)
              .load(0.5)
              .trouble(Trouble.antagonists(0.25, Duration.ofSeconds(2), Duration.ofSeconds(10), 4))
              .build(),
          workers("workers, 30 clients, antagonists").clients(30).trouble(ANTAGONISTS).build());

  /** Added later, for what neither has: distance, retries, deployments. */
  static final List<Scenario> MORE =
      List.of(
          Scenario.of("zones 10 ms apart")
              .servers(12, 4)
              .clients(12)
              .zones(3, Duration.ofMillis(5))
              .build(),
          Scenario.of("zones 10 ms apart, antagonists")
              .servers(12, 4)
              .clients(12)
              .zones(3, Duration.ofMillis(5))
              .load(0.6)
              .trouble(ANTAGONISTS)
              .build(),
          Scenario.of("rolling deployment")
              .load(0.6)
              .trouble(
                  Trouble.deployment(
                      Duration.ofSeconds(3), Duration.ofMillis(300), Duration.ofSeconds(6)))
              .build(),
          Scenario.of("rolling deployment, one retry")
              .load(0.6)
              .retries(1)
              .trouble(
                  Trouble.deployment(
                      Duration.ofSeconds(3), Duration.ofMillis(300), Duration.ofSeconds(6)))
              .build(),
          storm("retry storm").build(),
          storm("retry storm, antagonists")
              .trouble(ANTAGONISTS)
              .measured(Duration.ofSeconds(10), Duration.ofSeconds(40))
              .build());

  private Scenarios() {}

  /**
   * The scenario of this name.
   *
   * @throws java.util.NoSuchElementException if there is none
   */
  static Scenario named(String name) {
    return Stream.of(FIRST, SECOND, MORE)
        .flatMap(List::stream)
        .filter(one -> one.name.equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** Calls are sent again, three times at most, when they are not answered within 250 ms. */
  private static Scenario.Builder storm(String name) {
    return Scenario.of(name)
        .load(0.6)
        .timeout(Duration.ofMillis(250))
        .retries(3)
        .trouble(Trouble.brownout(0.33, Duration.ofSeconds(12), Duration.ofSeconds(2)));
  }

  /** Servers as in the live trial: four workers each, requests of 40 ms, calls of up to 3 s. */
  private static Scenario.Builder workers(String name) {
    return Scenario.of(name)
        .workers()
        .load(0.6)
        .serviceTime(40, LOGNORMAL_40)
        .measured(Duration.ofSeconds(15), Duration.ofSeconds(90))
        .timeout(Duration.ofSeconds(3));
  }
}
