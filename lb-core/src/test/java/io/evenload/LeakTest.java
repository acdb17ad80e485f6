package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.CapturedLog;
import io.evenload.testing.FakeGate;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** Attempts that are dropped without being ended. */
final class LeakTest {

  private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final World world = new World(111);
  private final FakeGate gate = new FakeGate();

  @Test
  void drop_everyAttemptWatched_isGivenBackOnceWithAWarning() throws Exception {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class);
        LoadBalancer balancer = balancer(1)) {
      drop(balancer, 3);
      Attempt kept = balancer.start();
      assertThat(inFlight(balancer)).isEqualTo(4);
      collectUntil(() -> balancer.status().leakedAttempts() == 3);
      collectUntil(() -> true);

      assertThat(inFlight(balancer)).isEqualTo(1);
      assertThat(gate.releases).hasSize(3).containsOnly(Outcome.CANCELLED);
      assertThat(world.events.attempts).hasSize(3).allMatch(e -> e.startsWith("a CANCELLED"));
      assertThat(log.messages())
          .hasSize(3)
          .allMatch(m -> m.startsWith("orders: an attempt at a was never ended"));
      assertThat(log.events().get(0).getThrowableProxy().getStackTraceElementProxyArray())
          .as("where the attempt began")
          .anyMatch(frame -> frame.toString().contains("LeakTest.drop"));
      assertThat(balancer.status().endpoints().get(0).failureRate()).isZero();
      kept.succeed();
      assertThat(inFlight(balancer)).isZero();
    }
  }

  @Test
  void end_watchedAttempts_areNeverReported() throws Exception {
    try (LoadBalancer balancer = balancer(1)) {
      for (int i = 0; i < 1_000; i++) {
        balancer.start().succeed();
      }
      drop(balancer, 1);
      collectUntil(() -> balancer.status().leakedAttempts() > 0);

      assertThat(balancer.status().leakedAttempts()).isEqualTo(1);
      assertThat(inFlight(balancer)).isZero();
    }
  }

  @Test
  void drop_oneInSixteenWatched_isFoundInTime() throws Exception {
    try (LoadBalancer balancer = balancer(16)) {
      drop(balancer, 4_000);
      collectUntil(() -> balancer.status().leakedAttempts() >= 100);
      collectUntil(() -> true);

      // 250 expected, sd 15.3: within 6 sd, with a fixed seed.
      assertThat(balancer.status().leakedAttempts()).isBetween(158L, 342L);
      assertThat(inFlight(balancer)).isEqualTo(4_000 - (int) balancer.status().leakedAttempts());
    }
  }

  @Test
  void drop_withItsRequest_chainedAttemptsAreAllFound() throws Exception {
    try (LoadBalancer balancer = balancer(1)) {
      RequestContext request = RequestContext.create();
      List<Attempt> attempts = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        attempts.add(balancer.start(request));
      }
      collectUntil(() -> true);
      assertThat(balancer.status().leakedAttempts()).as("all reachable").isZero();
      assertThat(attempts).hasSize(3);
      dropRequest(balancer);
      collectUntil(() -> balancer.status().leakedAttempts() == 3);

      assertThat(inFlight(balancer)).isEqualTo(attempts.size());
      attempts.forEach(Attempt::cancel);
    }
  }

  private LoadBalancer balancer(int oneIn) {
    return world.balancer(World.server("a")).gate(gate.factory()).leakSampling(oneIn).build();
  }

  @SuppressWarnings("MustBeClosedChecker") // that they are not closed is the point
  private static void drop(LoadBalancer balancer, int attempts) throws NoServerAvailableException {
    for (int i = 0; i < attempts; i++) {
      Attempt dropped = balancer.start();
      assertThat(dropped.server().id()).isEqualTo("a");
    }
  }

  private static void dropRequest(LoadBalancer balancer) throws NoServerAvailableException {
    RequestContext request = RequestContext.create();
    for (int i = 0; i < 3; i++) {
      Attempt dropped = balancer.start(request);
      assertThat(dropped.number).isEqualTo(i + 1);
    }
  }

  /** Collects garbage and lets seconds pass until the condition holds, at least three times. */
  private void collectUntil(BooleanSupplier condition) {
    long begin = System.nanoTime();
    for (int i = 0; i < 3 || !condition.getAsBoolean(); i++) {
      assertThat(System.nanoTime() - begin).as("waited too long").isLessThan(DEADLINE_NANOS);
      System.gc();
      world.time.advance(Duration.ofSeconds(1));
    }
  }

  private static int inFlight(LoadBalancer balancer) {
    return balancer.status().endpoints().get(0).inFlight();
  }
}
