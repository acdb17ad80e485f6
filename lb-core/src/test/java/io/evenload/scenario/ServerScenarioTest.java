package io.evenload.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Chooser;
import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.chooser.Choosers;
import io.evenload.health.HealthCheck;
import io.evenload.scenario.Incident.Span;
import io.evenload.scenario.SimulatedServer.Mode;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Incidents of servers and of their probes; see {@link Scenario}. */
final class ServerScenarioTest {

  private static final Duration MEAN = Duration.ofMillis(20);

  @Test
  void probes_halfFailAtOnce_panicEntersAndLeaves() {
    Simulation simulation = new Simulation(2).servers(20, MEAN);
    LoadBalancer balancer =
        simulation.balancer(
            ServerList.of(simulation.listed()),
            options -> options.healthCheck(HealthCheck.of(simulation.probe())));
    Incident incident = new Incident(simulation, balancer, 200);
    simulation.call(balancer, 20 * 200, 1);
    incident.run(seconds(20));
    incident.note("the probes of ten servers fail");
    for (int i = 0; i < 10; i++) {
      simulation.server("s" + i).probed(Mode.FAILING);
    }
    Span half = incident.run(4, seconds(5));
    incident.note("the probe of one more fails");
    simulation.server("s10").probed(Mode.FAILING);
    incident.run(3, seconds(5));
    Span panic = incident.run(2, seconds(5));
    incident.note("all probes pass again");
    simulation.servers.values().forEach(server -> server.probed(null));
    incident.run(seconds(5));
    Span after = incident.run(2, seconds(5));

    assertThat(half.panic()).isFalse();
    assertThat(panic.panic()).isTrue();
    assertThat(panic.busiest()).as("all serve").isLessThan(1.5);
    assertThat(after.panic()).isFalse();
    assertThat(incident.total().failed()).isZero();
    assertThat(incident.total().busiest()).isLessThan(3);
    ScenarioReport.check(Scenario.HALF_FAIL_PROBES, incident.text());
  }

  @Test
  void probes_allTimeOut_theSetIsNotEmptied() {
    Simulation simulation = new Simulation(3).servers(10, MEAN);
    LoadBalancer balancer =
        simulation.balancer(
            ServerList.of(simulation.listed()),
            options -> options.healthCheck(HealthCheck.of(simulation.probe())));
    Incident incident = new Incident(simulation, balancer, 100);
    simulation.call(balancer, 10 * 100, 1);
    incident.run(seconds(10));
    incident.note("no probe is answered any more");
    simulation.servers.values().forEach(server -> server.probed(Mode.HUNG));
    incident.run(4, seconds(10));
    Span blind = incident.run(2, seconds(10));
    incident.note("probes are answered again");
    simulation.servers.values().forEach(server -> server.probed(null));
    incident.run(2, seconds(10));

    assertThat(blind.panic()).isTrue();
    assertThat(blind.busiest()).as("all serve").isLessThan(1.6);
    assertThat(incident.total().failed()).isZero();
    assertThat(incident.total().busiest()).isLessThan(3);
    assertThat(balancer.status().panic()).isFalse();
    ScenarioReport.check(Scenario.ALL_PROBES_TIME_OUT, incident.text());
  }

  @Test
  void server_flaps_costsRetriesOnly() {
    Simulation simulation = new Simulation(4).servers(10, MEAN);
    LoadBalancer balancer =
        simulation.balancer(
            ServerList.of(simulation.listed()),
            options -> options.healthCheck(HealthCheck.of(simulation.probe())));
    Incident incident = new Incident(simulation, balancer, 100);
    simulation.call(balancer, 10 * 100, 3);
    incident.run(seconds(10));
    incident.note("s3 is down for 5 s and up for 5 s, over and over");
    for (int i = 0; i < 12; i++) {
      simulation.server("s3").become(Mode.DOWN);
      incident.pass(seconds(5));
      simulation.server("s3").become(Mode.UP);
      incident.run(seconds(5));
    }
    incident.note("s3 stays up");
    Span after = incident.run(2, seconds(10));

    Span total = incident.total();
    assertThat(total.failed()).isZero();
    assertThat(total.retries()).isPositive().isLessThan(total.calls() / 100);
    assertThat(after.share("s3")).isGreaterThan(0.05);
    ScenarioReport.check(Scenario.FLAPPING_SERVER, incident.text());
  }

  @Test
  void server_failsFast_isNoBlackHole() {
    StringBuilder text = new StringBuilder();
    for (Chooser chooser :
        List.of(Choosers.powerOfTwoChoices(), Choosers.leastLoaded(), Choosers.peakEwma())) {
      Simulation simulation = new Simulation(8).servers(10, MEAN);
      LoadBalancer balancer =
          simulation.balancer(
              ServerList.of(simulation.listed()), options -> options.chooser(chooser));
      Incident incident = new Incident(simulation, balancer, 100);
      simulation.call(balancer, 10 * 100, 1);
      incident.note(chooser.toString());
      incident.run(seconds(10));
      incident.note("s3 answers every call at once with an error");
      simulation.server("s3").become(Mode.FAILING);
      Span failing = incident.run(3, seconds(10));
      incident.note("s3 is well again");
      simulation.server("s3").become(Mode.UP);
      incident.run(5, seconds(10));
      Span well = incident.run(2, seconds(10));

      assertThat(failing.failed()).as(chooser.toString()).isLessThan(failing.calls() / 20);
      assertThat(well.share("s3")).isGreaterThan(0.05);
      text.append(incident.text());
    }
    ScenarioReport.check(Scenario.FAILS_FAST, text.toString());
  }

  @Test
  void server_isSlow_loadAwareChoosersAvoidIt() {
    StringBuilder text = new StringBuilder();
    long blind = slowServer(Choosers.random(), text);
    long two = slowServer(Choosers.powerOfTwoChoices(), text);
    long least = slowServer(Choosers.leastLoaded(), text);
    long ewma = slowServer(Choosers.peakEwma(), text);

    assertThat(blind).isGreaterThan(300);
    assertThat(two).isLessThan(blind);
    assertThat(least).isLessThan(blind);
    assertThat(ewma).isLessThan(blind / 2);
    ScenarioReport.check(Scenario.SLOW_SERVER, text.toString());
  }

  /** Returns the 99th percentile once the slow server is known. */
  private static long slowServer(Chooser chooser, StringBuilder text) {
    Simulation simulation = new Simulation(9).servers(10, MEAN);
    LoadBalancer balancer =
        simulation.balancer(
            ServerList.of(simulation.listed()), options -> options.chooser(chooser));
    Incident incident = new Incident(simulation, balancer, 100);
    simulation.call(balancer, 10 * 100, 1);
    incident.note(chooser.toString());
    incident.run(seconds(10));
    incident.note("s3 becomes ten times as slow");
    simulation.server("s3").slowDownTo(MEAN.multipliedBy(10));
    Span slow = incident.run(2, seconds(10));
    text.append(incident.text());
    return slow.p99Millis();
  }

  private static Duration seconds(int seconds) {
    return Duration.ofSeconds(seconds);
  }
}
