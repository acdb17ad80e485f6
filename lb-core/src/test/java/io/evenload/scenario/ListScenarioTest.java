package io.evenload.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenload.Chooser;
import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import io.evenload.health.HealthCheck;
import io.evenload.health.SlowStart;
import io.evenload.scenario.Incident.Span;
import io.evenload.scenario.SimulatedServer.Mode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Incidents of deployments, of discovery and of the clock; see {@link Scenario}. */
final class ListScenarioTest {

  private static final Duration MEAN = Duration.ofMillis(20);

  @Test
  void rollingRestart_withDrain_noCallFails() {
    Simulation simulation = new Simulation(1).servers(20, MEAN);
    LoadBalancer balancer =
        simulation.balancer(
            ServerList.of(simulation.listed()),
            options -> options.slowStart(SlowStart.of(seconds(10))));
    Incident incident = new Incident(simulation, balancer, 200);
    simulation.call(balancer, 20 * 200, 1);
    incident.run(seconds(10));
    for (SimulatedServer server : simulation.servers.values()) {
      incident.note(server.id() + " is drained");
      incident.mute(!server.id().equals("s0"));
      balancer.admin().drain(server.id());
      incident.pass(seconds(1));
      assertThat(server.running()).isZero();
      server.become(Mode.DOWN);
      incident.pass(seconds(3));
      server.become(Mode.UP);
      server.slowDownTo(MEAN.multipliedBy(3));
      simulation.after(seconds(5), () -> server.slowDownTo(MEAN));
      balancer.admin().undrain(server.id());
      incident.run(seconds(2));
    }
    incident.run(seconds(10));

    assertThat(incident.total().calls()).isGreaterThan(500_000);
    assertThat(incident.total().failed()).isZero();
    assertThat(incident.total().busiest()).isLessThan(1.5);
    ScenarioReport.check(Scenario.ROLLING_RESTART, incident.text());
  }

  @Test
  void rollingRestart_withoutDrain_callsFail() {
    Simulation simulation = new Simulation(1).servers(20, MEAN);
    LoadBalancer balancer =
        simulation.balancer(ServerList.of(simulation.listed()), options -> options);
    Incident incident = new Incident(simulation, balancer, 200);
    simulation.call(balancer, 20 * 200, 1);
    incident.run(seconds(10));
    for (String id : List.of("s0", "s1", "s2")) {
      incident.note(id + " is down for 3 s");
      simulation.server(id).become(Mode.DOWN);
      incident.pass(seconds(3));
      simulation.server(id).become(Mode.UP);
      incident.run(seconds(3));
    }

    assertThat(incident.total().failed()).isPositive();
    ScenarioReport.check(Scenario.RESTART_WITHOUT_DRAIN, incident.text());
  }

  @Test
  void list_shrinksToOne_thatOneCarriesAll() {
    Simulation simulation = new Simulation(5).servers(20, MEAN);
    UpdatableServerList list = new UpdatableServerList(simulation.listed());
    LoadBalancer balancer =
        simulation.balancer(list, options -> options.slowStart(SlowStart.of(seconds(10))));
    Incident incident = new Incident(simulation, balancer, 20);
    simulation.call(balancer, 20 * 20, 2);
    incident.run(seconds(10));
    incident.note("discovery lists s7 alone");
    list.update(List.of(simulation.server("s7").server));
    Span alone = incident.run(2, seconds(10));
    incident.note("s7 fails for 5 s");
    simulation.server("s7").become(Mode.FAILING);
    Span failing = incident.run(seconds(5));
    incident.note("s7 is well again");
    simulation.server("s7").become(Mode.UP);
    Span well = incident.run(seconds(5));
    incident.note("discovery lists all again");
    list.update(simulation.listed());
    Span ramp = incident.run(2, seconds(10));
    Span back = incident.run(seconds(10));

    assertThat(alone.failed()).isZero();
    assertThat(failing.failed())
        .as("there is nowhere else to go")
        .isGreaterThan(failing.calls() * 99 / 100);
    assertThat(well.failed() + ramp.failed() + back.failed())
        .as("it is at once used again")
        .isLessThan(5);
    assertThat(back.share("s7")).isCloseTo(0.05, within(0.01));
    ScenarioReport.check(Scenario.LIST_SHRINKS_TO_ONE, incident.text());
  }

  @Test
  void discovery_downForAnHour_theLastListServes() {
    Simulation simulation = new Simulation(6).servers(5, MEAN);
    Discovery discovery = new Discovery();
    LoadBalancer balancer =
        simulation.balancer(
            discovery, options -> options.healthCheck(HealthCheck.of(simulation.probe())));
    discovery.listener.updated(simulation.listed().subList(0, 4));
    Incident incident = new Incident(simulation, balancer, 20);
    simulation.call(balancer, 4 * 20, 3);
    incident.run(Duration.ofMinutes(1));
    incident.note("discovery fails, every 10 s anew");
    for (int minute = 0; minute < 60; minute++) {
      if (minute == 25) {
        incident.note("s2 dies");
        simulation.server("s2").become(Mode.DOWN);
      }
      for (int i = 0; i < 6; i++) {
        discovery.listener.failed(new IOException("registry: connection refused"));
        incident.pass(seconds(10));
      }
      if (minute % 10 == 9) {
        incident.run(Duration.ZERO);
      }
    }
    incident.note("discovery is back, with s4 in place of s2");
    discovery.listener.updated(
        simulation.listed().stream().filter(server -> !server.id().equals("s2")).toList());
    incident.run(Duration.ofMinutes(1));
    Span back = incident.run(Duration.ofMinutes(1));

    assertThat(incident.total().failed()).isZero();
    assertThat(incident.total().panic()).isFalse();
    assertThat(balancer.status().endpoints())
        .extracting(endpoint -> endpoint.server().id())
        .containsExactly("s0", "s1", "s3", "s4");
    assertThat(back.share("s4")).isCloseTo(0.25, within(0.05));
    ScenarioReport.check(Scenario.DISCOVERY_DOWN, incident.text());
  }

  @Test
  void clock_jumpsForward_nothingIsLost() {
    StringBuilder text = new StringBuilder();
    for (Chooser chooser : List.of(Choosers.powerOfTwoChoices(), Choosers.peakEwma())) {
      Simulation simulation = new Simulation(7).servers(10, MEAN);
      LoadBalancer balancer =
          simulation.balancer(
              ServerList.of(simulation.listed()),
              options -> options.chooser(chooser).healthCheck(HealthCheck.of(simulation.probe())));
      Incident incident = new Incident(simulation, balancer, 100);
      simulation.call(balancer, 10 * 100, 1);
      incident.note(chooser.toString());
      incident.run(seconds(10));
      incident.note("the process sleeps for an hour");
      simulation.time.jump(Duration.ofHours(1));
      Span confused = incident.run(4, seconds(30));
      Span after = incident.run(seconds(30));

      assertThat(incident.total().failed()).isZero();
      assertThat(confused.busiest()).isLessThan(3);
      assertThat(after.busiest()).isLessThan(1.7);
      assertThat(after.panic()).isFalse();
      assertThat(balancer.status().endpoints())
          .allSatisfy(endpoint -> assertThat(endpoint.inFlight()).isLessThan(20));
      text.append(incident.text());
    }
    ScenarioReport.check(Scenario.CLOCK_JUMPS, text.toString());
  }

  private static Duration seconds(int seconds) {
    return Duration.ofSeconds(seconds);
  }

  /** A source whose failures the test reports. */
  private static final class Discovery implements ServerList {
    private Listener listener = servers -> {};

    @Override
    public Subscription subscribe(Listener listener) {
      this.listener = listener;
      return () -> this.listener = servers -> {};
    }
  }
}
