package io.evenload.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenload.Attempt;
import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.Locality;
import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.Subset;
import io.evenload.health.HealthCheck;
import io.evenload.scenario.Incident.Span;
import io.evenload.scenario.SimulatedServer.Mode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Incidents of several clients, each with a balancer of its own; see {@link Scenario}. */
final class FleetScenarioTest {

  private static final Duration MEAN = Duration.ofMillis(20);

  @Test
  void zone_lost_othersDoNotNoticeAndItsClientFindsThem() {
    Simulation simulation = new Simulation(10);
    for (int i = 0; i < 18; i++) {
      String zone = "abc".substring(i / 6, i / 6 + 1);
      String id = zone + i % 6;
      simulation.server(Server.builder(id, 80).id(id).zone(zone).build(), MEAN);
    }
    HealthCheck check =
        HealthCheck.builder(simulation.probe()).interval(Duration.ofSeconds(2)).build();
    List<ZoneClient> clients = new ArrayList<>();
    for (String zone : List.of("a", "b", "c")) {
      clients.add(new ZoneClient(simulation, zone, check));
    }
    Incident incident = new Incident(simulation, clients.get(1).balancer, 100);
    incident.run(2, Duration.ofSeconds(10));
    clients.forEach(client -> client.report(incident));
    assertThat(clients).allMatch(client -> client.share() == 1);

    incident.note("the servers of zone b die");
    for (int i = 0; i < 6; i++) {
      simulation.server("b" + i).become(Mode.DOWN);
    }
    Span loss = incident.run(5, Duration.ofSeconds(2));
    Span without = incident.run(3, Duration.ofSeconds(10));
    clients.forEach(client -> client.report(incident));
    assertThat(clients.get(0).failed + clients.get(2).failed).isZero();
    assertThat(loss.failed() + without.failed()).isZero();
    assertThat(incident.total().busiest()).isLessThan(2);

    incident.note("zone b is back");
    for (int i = 0; i < 6; i++) {
      simulation.server("b" + i).become(Mode.UP);
    }
    incident.run(3, Duration.ofSeconds(10));
    clients.forEach(client -> client.report(incident));
    incident.run(Duration.ofSeconds(10));
    clients.forEach(client -> client.report(incident));
    assertThat(clients).allMatch(client -> client.share() == 1);
    ScenarioReport.check(Scenario.ZONE_LOST, incident.text());
  }

  @Test
  void subsets_someServersDie_loadStaysEven() {
    Simulation simulation = new Simulation(11).servers(100, MEAN);
    List<LoadBalancer> balancers = new ArrayList<>();
    for (int client = 0; client < 10; client++) {
      Subset subset = Subset.of(client, 10);
      balancers.add(
          simulation.balancer(
              ServerList.of(simulation.listed()),
              options -> options.subset(subset).healthCheck(HealthCheck.of(simulation.probe()))));
    }
    LoadBalancer first = balancers.get(0);
    Incident incident = new Incident(simulation, first, 20);
    balancers.forEach(balancer -> simulation.call(balancer, 200, 3));
    Span even = incident.run(Duration.ofSeconds(60));
    simulation
        .servers
        .keySet()
        .forEach(id -> assertThat(even.share(id)).as(id).isCloseTo(0.01, within(0.0025)));

    incident.note("five servers of the first client's subset die");
    first.status().endpoints().stream()
        .filter(endpoint -> endpoint.state() == EndpointState.ELIGIBLE)
        .limit(5)
        .forEach(endpoint -> simulation.server(endpoint.server().id()).become(Mode.DOWN));
    incident.run(2, Duration.ofSeconds(15));
    Span grown = incident.run(Duration.ofSeconds(60));

    assertThat(first.status().endpoints())
        .filteredOn(endpoint -> endpoint.state() == EndpointState.ELIGIBLE)
        .hasSizeGreaterThanOrEqualTo(20);
    assertThat(grown.busiest()).isLessThan(3);
    assertThat(incident.total().failed()).isZero();
    ScenarioReport.check(Scenario.SUBSETS, incident.text());
  }

  /** A client in a zone, and where its attempts went since the last report. */
  private static final class ZoneClient implements LoadBalancerListener {
    final LoadBalancer balancer;
    private final String zone;
    long failed;
    private long attempts;
    private long inZone;
    private double lastShare;

    ZoneClient(Simulation simulation, String zone, HealthCheck check) {
      this.zone = zone;
      balancer =
          simulation.balancer(
              ServerList.of(simulation.listed()),
              options -> options.locality(Locality.of(zone)).healthCheck(check).listener(this));
      simulation.call(balancer, 600, 3);
    }

    @Override
    public void attemptEnded(Attempt attempt) {
      attempts++;
      inZone += zone.equals(attempt.server().zone()) ? 1 : 0;
      failed += attempt.outcome() == Outcome.FAILURE ? 1 : 0;
    }

    /** The part of the attempts before the last report that stayed in the zone. */
    double share() {
      return lastShare;
    }

    /** Writes and forgets where the attempts went. */
    void report(Incident incident) {
      lastShare = (double) inZone / attempts;
      incident.found(
          "the client in "
              + zone
              + " kept "
              + Math.round(100 * lastShare)
              + " % of its attempts in its zone");
      attempts = 0;
      inZone = 0;
    }
  }
}
