package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.evenload.testing.FakeGate;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A clock that throws, and endpoints of which nothing but failures is known. */
final class BrokenClockTest {

  private final World world = new World(14);
  private boolean broken;

  private long now() {
    if (broken) {
      throw new IllegalStateException("no time");
    }
    return world.time.getAsLong();
  }

  @Test
  void clock_throwsAtTheStartOrTheEnd_leaksNoSlot() throws Exception {
    FakeGate gate = new FakeGate();
    try (LoadBalancer balancer =
        world.balancer(World.server("a")).gate(gate.factory()).nanoTime(this::now).build()) {
      List<Attempt> running = List.of(balancer.start(), balancer.start(), balancer.start());
      broken = true;
      for (int i = 0; i < 20; i++) { // more than are logged
        assertThatIllegalStateException().isThrownBy(balancer::start).withMessage("no time");
      }
      running.get(0).succeed();
      running.get(1).fail(null);
      running.get(2).cancel();
      broken = false;

      assertThat(balancer.status().endpoints().get(0).inFlight()).isZero();
      assertThat(gate.releases).hasSize(gate.acquired.get()).containsOnly(Outcome.CANCELLED);
      balancer.start().succeed();
    }
  }

  @Test
  void latency_onlyFailures_isTheMeanOfTheOthersUnlessTheyTookLonger() throws Exception {
    try (LoadBalancer balancer = world.balancer(list("a", "b", "c", "d")).build()) {
      fail(balancer, "c", 1);
      assertThat(latencyMillis(balancer, "c")).as("nothing is known of any").isNaN();
      succeed(balancer, "a", 40);
      succeed(balancer, "b", 60);
      fail(balancer, "c", 1);
      fail(balancer, "c", 1);
      fail(balancer, "d", 90);

      assertThat(latencyMillis(balancer, "c")).isBetween(49.9, 50.1);
      assertThat(latencyMillis(balancer, "d")).isGreaterThan(latencyMillis(balancer, "c"));
      succeed(balancer, "c", 50);
      assertThat(latencyMillis(balancer, "c")).isBetween(49.9, 50.1);
    }
  }

  private static ServerList list(String... ids) {
    return ServerList.of(World.servers(ids));
  }

  private Attempt at(LoadBalancer balancer, String id, int millis) throws Exception {
    Attempt attempt = balancer.start(RequestContext.create().only(s -> s.id().equals(id)));
    world.time.jump(Duration.ofMillis(millis));
    return attempt;
  }

  private void succeed(LoadBalancer balancer, String id, int millis) throws Exception {
    at(balancer, id, millis).succeed();
  }

  private void fail(LoadBalancer balancer, String id, int millis) throws Exception {
    at(balancer, id, millis).fail(null);
  }

  private static double latencyMillis(LoadBalancer balancer, String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .mapToDouble(endpoint -> endpoint.latencyNanos() / 1e6)
        .findFirst()
        .orElseThrow();
  }
}
