package io.evenload.benchmarks.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenload.chooser.Choosers;
import java.time.Duration;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/**
 * The simulator against what queueing theory knows in closed form. The bounds are three to five
 * standard deviations of runs of this length.
 */
final class TheoryTest {

  private static final double MEAN = 10; // ms
  private static final ServiceTime EXPONENTIAL = ServiceTime.exponential(MEAN);
  private static final ServiceTime LOGNORMAL = ServiceTime.lognormal(MEAN, 1);

  @Test
  void oneWorker_memoryless_isExponentialWithTheKnownMean() {
    Outcomes run = run(one(1).workers().serviceTime(MEAN, EXPONENTIAL));
    double mean = MEAN / (1 - 0.7); // M/M/1

    assertThat(run.meanMillis()).isCloseTo(mean, percent(4));
    assertThat(run.quantile(0.5)).isCloseTo(Math.log(2) * mean, percent(4));
    assertThat(run.quantile(0.99)).isCloseTo(Math.log(100) * mean, percent(8));
  }

  @Test
  void oneWorker_lognormal_waitsAsPollaczekAndKhinchineSay() {
    Outcomes run = run(one(1).workers().load(0.5).serviceTime(MEAN, LOGNORMAL));
    double secondMoment = MEAN * MEAN * Math.E; // e^(sigma^2) times the square of the mean
    double wait = 0.5 / MEAN * secondMoment / (2 * (1 - 0.5));

    assertThat(run.meanMillis()).isCloseTo(MEAN + wait, percent(5));
  }

  @Test
  void sharing_anyServiceTime_takesTheSameOnAverage() {
    double mean = MEAN / (1 - 0.7); // M/G/1 with processor sharing, whatever G is
    for (ServiceTime time :
        new ServiceTime[] {
          EXPONENTIAL, LOGNORMAL, ServiceTime.constant(MEAN), ServiceTime.either(5, 105, 0.05)
        }) {
      assertThat(run(one(1).serviceTime(MEAN, time)).meanMillis()).isCloseTo(mean, percent(5));
    }
  }

  @Test
  void sharing_eitherTime_isStretchedAlike() {
    Outcomes run = run(one(1).serviceTime(MEAN, ServiceTime.either(5, 15, 0.5)));

    // Each takes 1 / (1 - load) times its own on average; so the mean of both is that of all.
    assertThat(run.meanMillis()).isCloseTo(MEAN / (1 - 0.7), percent(4));
    assertThat(run.quantile(0)).isGreaterThanOrEqualTo(5);
  }

  @Test
  void fourCores_memoryless_waitAsErlangSays() {
    double offered = 4 * 0.8;
    double term = 1;
    double sum = 0;
    for (int k = 0; k < 4; k++) {
      sum += term;
      term *= offered / (k + 1);
    }
    double last = term / (1 - 0.8);
    double mean = MEAN + last / (sum + last) * MEAN / (4 * (1 - 0.8)); // Erlang's C formula

    Scenario.Builder four = one(4).load(0.8).serviceTime(MEAN, EXPONENTIAL);
    assertThat(run(four).meanMillis()).isCloseTo(mean, percent(4)); // PS has the same mean
    assertThat(run(four.workers()).meanMillis()).isCloseTo(mean, percent(4));
  }

  @Test
  void shortLine_overloaded_refusesAsErlangSays() {
    Outcomes run = run(one(1).workers().load(1.2).mostPerCore(5).serviceTime(MEAN, EXPONENTIAL));
    double refused = (1 - 1.2) * Math.pow(1.2, 5) / (1 - Math.pow(1.2, 6)); // M/M/1/5

    assertThat(run.errorPercent()).isCloseTo(100 * refused, percent(3));
  }

  @Test
  void manyServers_twoChoices_areAsTheSupermarketModelSays() {
    double mean = 0;
    for (int i = 1; i < 8; i++) {
      mean += MEAN * Math.pow(0.7, Math.pow(2, i) - 2); // Mitzenmacher, for very many servers
    }
    Scenario scenario =
        longRun(Scenario.of("supermarket").servers(200, 1).workers())
            .serviceTime(MEAN, EXPONENTIAL)
            .measured(Duration.ofSeconds(5), Duration.ofSeconds(30))
            .build();

    // A model that may draw the same one twice is a little worse, ours is not.
    double ours = Simulation.run(scenario, Strategies.POWER_OF_TWO_CHOICES, 1).meanMillis();
    assertThat(ours).isCloseTo(mean, percent(2));
    double random =
        Simulation.run(scenario, Strategies.ours("random", Choosers.random()), 1).meanMillis();
    assertThat(random).isCloseTo(MEAN / (1 - 0.7), percent(4));
  }

  @Test
  void timeout_silentServer_countsAtTheTimeout() {
    Outcomes run =
        run(
            one(1)
                .load(0.01)
                .serviceTime(MEAN, EXPONENTIAL)
                .timeout(Duration.ofMillis(700))
                .measured(Duration.ofSeconds(1), Duration.ofSeconds(100))
                .trouble(Trouble.hole(Duration.ZERO)));

    assertThat(run.quantile(0.5)).isEqualTo(700);
    assertThat(run.errorPercent()).isEqualTo(100);
  }

  @Test
  void estimate_knownSample_isStudents() {
    Estimate estimate = Estimate.of(1, 2, 3, 4, 5);

    assertThat(estimate.mean()).isEqualTo(3);
    assertThat(estimate.halfWidth()).isCloseTo(2.776 * Math.sqrt(2.5 / 5), within(1e-9));
  }

  private static Scenario.Builder one(int cores) {
    return longRun(Scenario.of("one server").servers(1, cores));
  }

  private static Scenario.Builder longRun(Scenario.Builder builder) {
    return builder
        .oneWay(Duration.ZERO)
        .timeout(Duration.ofMinutes(5))
        .mostPerCore(1_000_000)
        .measured(Duration.ofSeconds(20), Duration.ofSeconds(4_000));
  }

  private static Outcomes run(Scenario.Builder scenario) {
    return Simulation.run(scenario.build(), Strategies.GRPC_LEAST_REQUEST, 7);
  }

  private static Percentage percent(double bound) {
    return Percentage.withPercentage(bound);
  }
}
