package io.evenload;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.chooser.Choosers;
import io.evenload.discovery.Networks;
import io.evenload.health.HealthCheck;
import io.evenload.health.OutlierDetection;
import io.evenload.health.SlowStart;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whoever touches the control path's own state from elsewhere is caught. */
final class ControlPathOwnershipTest {

  private static final BalancerContext CONTEXT =
      new BalancerContext("orders", new VirtualTime(), new SeededRandom(7));
  private static final HealthCheck CHECK =
      HealthCheck.of((server, timeout) -> new CompletableFuture<>());
  private static final Options OPTIONS =
      new Options(
          Choosers.random(),
          0.5,
          Duration.ZERO,
          0,
          List.of(),
          CHECK,
          OutlierDetection.defaults(),
          null,
          null,
          SlowStart.builder().build(),
          true,
          null);

  static Stream<ThrowingCallable> strays() {
    Roster roster = new Roster(CONTEXT, OPTIONS, new Elsewhere());
    HealthMonitor health = new HealthMonitor(CONTEXT, CHECK, Networks.all(), new Elsewhere());
    RosterEntry entry = new RosterEntry(new LiveEndpoint(CONTEXT, World.server("s0")));
    return Stream.of(
        () -> roster.update(World.servers(2)),
        () -> roster.use(OPTIONS),
        () -> roster.addGates((server, nanoTime, changed) -> null),
        () -> roster.removeGates((server, nanoTime, changed) -> null),
        () -> roster.drain("s0"),
        () -> roster.drain("s0", Duration.ofSeconds(1), "by itself"),
        () -> roster.undrain("s0"),
        () -> roster.eject("s0", Duration.ofSeconds(1), "slow"),
        () -> roster.tick(1, 0),
        () -> roster.ejectOutliers(),
        () -> roster.refresh(),
        () -> roster.close(),
        () -> health.use(CHECK),
        () -> health.follow(entry),
        () -> health.adopt(entry.endpoint),
        () -> health.close());
  }

  @ParameterizedTest
  @MethodSource("strays")
  void anyEvent_offThePath_failsByAssertion(ThrowingCallable stray) {
    assertThatThrownBy(stray).isInstanceOf(AssertionError.class);
  }

  @Test
  void publish_offThePath_failsByAssertion() {
    ControlPath control = new ControlPath(CONTEXT, OPTIONS, null, new LeakSampler(CONTEXT, 0));
    assertThatThrownBy(() -> control.publish(Snapshot.empty(List.of(), false)))
        .isInstanceOf(AssertionError.class);
    control.close();
  }

  /** A control path that this thread is not on. */
  private static final class Elsewhere extends PathOnThisThread {
    @Override
    public boolean onPath() {
      return false;
    }
  }
}
