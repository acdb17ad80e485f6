package io.evenload.limit;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.evenload.Attempt;
import io.evenload.Gate;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.testing.Race;
import io.evenload.testing.VirtualTime;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ConcurrencyLimitsTest {

  private static final List<Outcome> OUTCOMES = List.of(Outcome.values());

  private final VirtualTime time = new VirtualTime();

  @Test
  void fixed_full_refusesUntilOneEnds() {
    Gate gate = gate(ConcurrencyLimits.fixed(2));

    assertThat(gate.tryAcquire()).isTrue();
    assertThat(gate.tryAcquire()).isTrue();
    assertThat(gate.tryAcquire()).isFalse();
    gate.release(Outcome.CANCELLED, 0);
    assertThat(gate.tryAcquire()).isTrue();
    assertThat(gate.open()).isTrue();
  }

  @Test
  void balancer_oneServerFull_callsGoToTheOther_bothFull_saysSo() throws Exception {
    World world = new World(1);
    try (LoadBalancer orders =
        world
            .balancer(World.server("a"), World.server("b"))
            .gate(ConcurrencyLimits.fixed(3))
            .build()) {
      List<Attempt> running = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        running.add(orders.start());
      }

      assertThat(orders.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 3);
      assertThatThrownBy(orders::start)
          .hasMessage("orders: no server available (2 known: 2 at its limit)")
          .isInstanceOfSatisfying(
              NoServerAvailableException.class, e -> assertThat(e.atLimit()).isTrue());
      running.get(0).succeed();
      try (Attempt next = orders.start()) {
        assertThat(next.server()).isEqualTo(running.get(0).server());
      }
      running.forEach(Attempt::close);
    }
  }

  @Test
  void aimd_next_isNetflixsStep() {
    Aimd aimd = new Aimd(5_000_000_000L);

    assertThat(aimd.next(20, seen(100, 0, 20))).isEqualTo(21);
    assertThat(aimd.next(20, seen(100, 0, 10))).isEqualTo(21);
    assertThat(aimd.next(20, seen(100, 0, 9))).as("not half used").isEqualTo(20);
    assertThat(aimd.next(20, seen(100, 6, 20))).isEqualTo(18);
    assertThat(aimd.next(20, seen(100, 5, 20))).as("5 % are tolerated").isEqualTo(21);
    assertThat(aimd.dropped(Outcome.SUCCESS, 5_000_000_001L)).isTrue();
    assertThat(aimd.dropped(Outcome.SUCCESS, 5_000_000_000L)).isFalse();
    assertThat(aimd.dropped(Outcome.FAILURE, 1)).isTrue();
  }

  @Test
  void gradient2_limit_isNetflixsFormula() {
    // L' = .8 L + .2 (g L + 4), g = long / short between .5 and 1
    assertThat(Gradient2.limit(20, 10e6, 10e6, 1)).isCloseTo(20.8, within(1e-9));
    assertThat(Gradient2.limit(20, 10e6, 5e6, 1)).as("faster").isCloseTo(20.8, within(1e-9));
    assertThat(Gradient2.limit(100, 10e6, 12.5e6, 1)).as("g = .8").isCloseTo(96.8, within(1e-9));
    assertThat(Gradient2.limit(100, 10e6, 20e6, 1)).as("g = .5").isCloseTo(90.8, within(1e-9));
    assertThat(Gradient2.limit(100, 10e6, 90e6, 1)).as("not below").isCloseTo(90.8, within(1e-9));
    assertThat(Gradient2.limit(100, 10e6, 15e6, 1.5))
        .as("tolerated")
        .isCloseTo(100.8, within(1e-9));
    assertThat(Gradient2.limit(8, 1, 9, 1)).as("where .5 leads to").isCloseTo(8, within(1e-9));
  }

  @Test
  void gradient2_usual_isAMeanThatForgetsAndRecovers() {
    assertThat(Gradient2.usual(0, 10, 1, 100)).isEqualTo(10);
    assertThat(Gradient2.usual(10, 20, 2, 100)).isEqualTo(15);
    assertThat(Gradient2.usual(10, 20, 1_000_000, 600_000_000_000L))
        .isCloseTo(10 + 10 * (1 - Math.exp(-1)), within(1e-9));
    assertThat(Gradient2.usual(100, 10, 1_000_000, 0)).as("after overload").isLessThan(95.01);
  }

  @Test
  void gradient2_counts_noFastFailures() {
    Gradient2 rule = new Gradient2();
    assertThat(rule.next(20, seen(10, 0, 20))).isGreaterThan(20);

    assertThat(rule.counts(Outcome.SUCCESS, 1)).isTrue();
    assertThat(rule.counts(Outcome.FAILURE, 1)).isFalse();
    assertThat(rule.counts(Outcome.FAILURE, 11_000_000)).as("a timeout").isTrue();
  }

  @Test
  void aimd_serverThatFailsAbove10_isFoundOut() {
    Gate gate = gate(ConcurrencyLimits.aimd());
    int most = 0;
    for (int round = 0; round < 200; round++) {
      most = round(gate, 100, ofMillis(100), 10);
    }

    assertThat(most).isBetween(9, 12);
  }

  @Test
  void aimd_serverThatCopes_getsTheMost() {
    Gate gate = gate(ConcurrencyLimits.builder().initial(5).max(30).aimd());
    int most = 0;
    for (int round = 0; round < 30; round++) {
      most = round(gate, 100, ofMillis(100), 1_000);
    }

    assertThat(most).isEqualTo(30);
  }

  @Test
  void aimd_fewAttempts_leaveTheLimitAlone() {
    Gate gate = gate(ConcurrencyLimits.builder().initial(10).aimd());
    for (int round = 0; round < 50; round++) {
      assertThat(round(gate, 4, ofSeconds(1), 1_000)).isEqualTo(4);
    }

    assertThat(((ConcurrencyGate) gate).limit()).isEqualTo(10);
  }

  @Test
  void gradient2_serverThatQueuesAbove10_isFoundOut() {
    Gate gate = gate(ConcurrencyLimits.gradient2());
    for (int window = 0; window < 10; window++) {
      usual(gate);
    }
    int most = 0;
    for (int round = 0; round < 300; round++) {
      int held = acquire(gate, 200);
      time.advance(ofMillis(100));
      long latency = 10_000_000L * Math.max(10, held) / 10; // 10 at a time, in 10 ms
      for (int i = 0; i < held; i++) {
        gate.release(Outcome.SUCCESS, latency);
      }
      most = held;
    }

    // It settles where .2 (1 - g) L = .8, with g = 1.5 * usual / (usual * L / 10): at L = 19.
    assertThat(most).isBetween(15, 24);
  }

  @Test
  void cancelled_attempts_areNoSamples() {
    Gate gate = gate(ConcurrencyLimits.builder().initial(10).aimd());
    for (int round = 0; round < 20; round++) {
      int held = acquire(gate, 10);
      time.advance(ofSeconds(1));
      for (int i = 0; i < held; i++) {
        gate.release(Outcome.CANCELLED, 9_000_000_000L);
      }
    }

    assertThat(((ConcurrencyGate) gate).limit()).isEqualTo(10);
    assertThat(((ConcurrencyGate) gate).inFlight()).isZero();
  }

  @Test
  void window_ofManyAndLongAttempts_overflowsNothing() {
    ConcurrencyGate gate =
        (ConcurrencyGate) gate(ConcurrencyLimits.builder().initial(1_000).max(2_000).gradient2());
    for (int i = 0; i < 10_000; i++) {
      assertThat(gate.tryAcquire()).isTrue();
      gate.release(Outcome.SUCCESS, Long.MAX_VALUE / 2);
    }
    time.advance(Duration.ofMinutes(2));
    assertThat(gate.tryAcquire()).isTrue();
    gate.release(Outcome.SUCCESS, 1);

    assertThat(gate.limit()).isEqualTo(1_000);
    assertThat(gate.inFlight()).isZero();
  }

  /** Invariants: at no time more are admitted than the most, and at the end none is. */
  @Test
  void gate_manyThreads_neverExceedsTheMostAndReturnsToZero() throws Exception {
    for (Gate.Factory factory :
        List.of(
            ConcurrencyLimits.fixed(3),
            ConcurrencyLimits.builder().initial(2).max(3).aimd(),
            ConcurrencyLimits.builder().initial(2).max(3).gradient2())) {
      ConcurrencyGate gate = (ConcurrencyGate) gate(factory);
      AtomicInteger held = new AtomicInteger();
      AtomicInteger exceeded = new AtomicInteger();
      AtomicInteger admitted = new AtomicInteger();
      AtomicInteger threads = new AtomicInteger();
      List<Boolean> unused =
          Race.run(
              4,
              () -> {
                boolean first = threads.getAndIncrement() == 0;
                for (int i = 0; i < 50_000; i++) {
                  if (gate.tryAcquire()) {
                    if (held.incrementAndGet() > 3) {
                      exceeded.incrementAndGet();
                    }
                    admitted.incrementAndGet();
                    if (first && i % 100 == 0) {
                      time.jump(ofMillis(50));
                    }
                    held.decrementAndGet();
                    gate.release(OUTCOMES.get(i % 3), 1_000L * i);
                  }
                }
                return first;
              });

      assertThat(exceeded).hasValue(0);
      assertThat(admitted.get()).isPositive();
      assertThat(gate.inFlight()).isZero();
      assertThat(gate.limit()).isBetween(1, 3);
    }
  }

  @Test
  void options_bad_areNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConcurrencyLimits.fixed(0))
        .withMessage("limit: 0 (expected: 1 or more)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConcurrencyLimits.builder().initial(300).aimd())
        .withMessage("initial: 300 (expected: 1 to 200)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConcurrencyLimits.builder().min(30).max(20).gradient2())
        .withMessage("min: 30 (expected: <= max, 20)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConcurrencyLimits.builder().timeout(Duration.ZERO))
        .withMessage("timeout: PT0S (expected: PT0.001S to PT1H)");
  }

  /**
   * As many as go in at once, of which those beyond the capacity fail; returns how many went in.
   */
  private int round(Gate gate, int wanted, Duration latency, int capacity) {
    int held = acquire(gate, wanted);
    time.advance(latency);
    for (int i = 0; i < held; i++) {
      gate.release(i < capacity ? Outcome.SUCCESS : Outcome.FAILURE, latency.toNanos());
    }
    return held;
  }

  /** A second in which five attempts take 10 ms. */
  private void usual(Gate gate) {
    int held = acquire(gate, 5);
    time.advance(ofSeconds(1));
    for (int i = 0; i < held; i++) {
      gate.release(Outcome.SUCCESS, 10_000_000);
    }
  }

  private static int acquire(Gate gate, int wanted) {
    int held = 0;
    while (held < wanted && gate.tryAcquire()) {
      held++;
    }
    return held;
  }

  private Gate gate(Gate.Factory factory) {
    return factory.create(Server.of("a", 80), time, () -> {});
  }

  private static LimitRule.Seen seen(int attempts, int dropped, int peak) {
    return new LimitRule.Seen(attempts, dropped, 10e6, peak, 100_000_000);
  }
}
