package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.discovery.Networks;
import io.evenload.health.HealthCheck;
import io.evenload.testing.FakeGate;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The table of reasons against an endpoint, from the strongest to the weakest. */
final class EligibilityTest {

  private final VirtualTime time = new VirtualTime();
  private final BalancerContext context = new BalancerContext("orders", time, new SeededRandom(3));
  private final DrainRegistry drains = new DrainRegistry();
  private final Eligibility eligibility = new Eligibility(drains);
  private final LiveEndpoint endpoint = new LiveEndpoint(context, World.server("s0", 0));
  private final RosterEntry entry = new RosterEntry(endpoint);

  @Test
  void of_everyReasonHoldsAndOneAfterAnotherGoes_isAlwaysTheStrongestThatIsLeft() {
    FakeGate gate = new FakeGate();
    gate.setOpen(false);
    HealthMonitor health =
        new HealthMonitor(
            context,
            HealthCheck.builder((server, timeout) -> new CompletableFuture<>())
                .initiallyHealthy(false)
                .build(),
            Networks.all(),
            new PathOnThisThread());
    entry.listed = true;
    health.follow(entry);
    eligibility.use(health);
    eligibility.take(List.of(endpoint.server(), World.server("s1", 1)));
    endpoint.setGates(GateChain.of(List.of(gate), context.log()));
    entry.ejection = new Ejection(1, 1, new Standing(EndpointState.EJECTED, "slow"));
    entry.subsetShare = 0;
    drains.drain("s0");
    entry.listed = false;

    List<EndpointState> states = new ArrayList<>();
    states.add(eligibility.of(entry).state());
    assertThat(eligibility.of(entry)).isEqualTo(Standing.LEFT);
    entry.listed = true;
    states.add(eligibility.of(entry).state());
    drains.undrain("s0");
    states.add(eligibility.of(entry).state());
    endpoint.describe(World.server("s0", 1));
    states.add(eligibility.of(entry).state());
    entry.subsetShare = 1;
    states.add(eligibility.of(entry).state());
    gate.setOpen(true);
    states.add(eligibility.of(entry).state());
    eligibility.use(null);
    states.add(eligibility.of(entry).state());
    entry.ejection = Ejection.NONE;
    states.add(eligibility.of(entry).state());

    assertThat(states).isSortedAccordingTo(Comparator.naturalOrder());
    assertThat(states).containsAll(List.of(EndpointState.values()));
  }
}
