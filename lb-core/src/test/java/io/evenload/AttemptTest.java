package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.FakeGate;
import io.evenload.testing.Race;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.assertj.core.data.Offset;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How an attempt ends, and what that leaves at its endpoint. */
final class AttemptTest {

  private final World world = new World(41);
  private final FakeGate gate = new FakeGate();
  private final LoadBalancer balancer =
      world.balancer(World.server("a")).gate(gate.factory()).build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void end_eachWay_isReportedOnceWithItsOutcome() throws Exception {
    balancer.start().succeed();
    balancer.start().fail(new IllegalStateException("refused"));
    balancer.start().fail(null);
    balancer.start().cancel();
    balancer.start().close();

    assertThat(world.events.attempts)
        .containsExactly(
            "a SUCCESS 0", "a FAILURE 0 refused", "a FAILURE 0", "a CANCELLED 0", "a CANCELLED 0");
    assertThat(gate.releases)
        .containsExactly(
            Outcome.SUCCESS,
            Outcome.FAILURE,
            Outcome.FAILURE,
            Outcome.CANCELLED,
            Outcome.CANCELLED);
  }

  @Test
  void end_twice_onlyTheFirstCounts() throws Exception {
    List<Consumer<Attempt>> ends =
        List.of(Attempt::succeed, a -> a.fail(null), Attempt::cancel, Attempt::close);
    for (Consumer<Attempt> first : ends) {
      Attempt attempt = balancer.start();
      first.accept(attempt);
      List<Outcome> before = List.copyOf(gate.releases);
      double rate = endpoint().failureRate();
      ends.forEach(end -> end.accept(attempt));

      assertThat(gate.releases).isEqualTo(before);
      assertThat(endpoint().failureRate()).isEqualTo(rate);
      assertThat(endpoint().inFlight()).isZero();
    }
  }

  @Test
  void end_eightRacingThreads_countsExactlyOnce() throws Exception {
    AtomicInteger turn = new AtomicInteger();
    for (int round = 1; round <= 500; round++) {
      Attempt attempt = balancer.start();
      Callable<Void> racer =
          () -> {
            switch (turn.getAndIncrement() % 4) {
              case 0 -> attempt.succeed();
              case 1 -> attempt.fail(null);
              case 2 -> attempt.cancel();
              default -> attempt.close();
            }
            return null;
          };
      Race.run(8, racer);

      assertThat(endpoint().inFlight()).isZero();
      assertThat(gate.releases).hasSize(round);
      assertThat(world.events.attempts).hasSize(round);
    }
    assertThat(gate.acquired).hasValue(500);
  }

  @Test
  void inFlight_whileAttemptsRun_countsThem() throws Exception {
    Attempt first = balancer.start();
    Attempt second = balancer.start();
    assertThat(endpoint().inFlight()).isEqualTo(2);
    first.succeed();
    assertThat(endpoint().inFlight()).isEqualTo(1);
    second.responded();
    assertThat(endpoint().inFlight()).isEqualTo(1);
    second.cancel();
    assertThat(endpoint().inFlight()).isZero();
  }

  @Test
  void responded_thenEnd_latencyStopsAtTheFirstResponse() throws Exception {
    Attempt attempt = balancer.start();
    world.time.jump(Duration.ofMillis(5));
    attempt.responded();
    world.time.jump(Duration.ofMillis(20));
    attempt.responded();
    attempt.succeed();

    assertThat(endpoint().latencyNanos()).isEqualTo(5e6, within());
    assertThat(gate.latencies).containsExactly(5_000_000L);
    assertThat(world.events.attempts).containsExactly("a SUCCESS 5000000");
  }

  @Test
  void responded_afterTheEnd_doesNothing() throws Exception {
    Attempt attempt = balancer.start();
    world.time.jump(Duration.ofMillis(5));
    attempt.succeed();
    world.time.jump(Duration.ofMillis(20));
    attempt.responded();

    assertThat(endpoint().latencyNanos()).isEqualTo(5e6, within());
    assertThat(endpoint().inFlight()).isZero();
  }

  @Test
  void end_clockWentBackwards_latencyIsZeroNotNegative() {
    AtomicLong clock = new AtomicLong(100);
    try (LoadBalancer other = world.balancer(World.server("a")).nanoTime(clock::get).build()) {
      Attempt first = start(other);
      Attempt second = start(other);
      clock.set(40);
      first.succeed();
      second.responded();
      second.succeed();
    }
    assertThat(world.events.attempts).containsExactly("a SUCCESS 0", "a SUCCESS 0");
  }

  @Test
  void cancel_isNeutral() throws Exception {
    Attempt sample = balancer.start();
    world.time.jump(Duration.ofMillis(5));
    sample.succeed();
    balancer.start().fail(null);
    double rate = endpoint().failureRate();
    double latency = endpoint().latencyNanos();
    Attempt slow = balancer.start();
    world.time.jump(Duration.ofSeconds(30));
    slow.cancel();
    balancer.start().cancel();

    assertThat(endpoint().failureRate()).isEqualTo(rate);
    assertThat(endpoint().latencyNanos()).isEqualTo(latency);
  }

  @Test
  void fail_faster_neverImprovesLatency() throws Exception {
    Attempt success = balancer.start();
    world.time.jump(Duration.ofMillis(50));
    success.succeed();
    double latency = endpoint().latencyNanos();
    for (int i = 0; i < 100; i++) {
      balancer.start().fail(null);
      assertThat(endpoint().latencyNanos()).isEqualTo(latency);
    }
    assertThat(endpoint().failureRate()).isGreaterThan(0.99);
  }

  @Test
  void fail_respondedFastThenFailedLate_neverImprovesLatency() throws Exception {
    Attempt success = balancer.start();
    world.time.jump(Duration.ofMillis(50));
    success.succeed();
    double latency = endpoint().latencyNanos();
    Attempt failure = balancer.start();
    failure.responded();
    world.time.jump(Duration.ofMillis(500));
    failure.fail(null);

    assertThat(endpoint().latencyNanos()).isEqualTo(latency);
  }

  @Test
  void fail_slower_makesLatencyWorse() throws Exception {
    Attempt success = balancer.start();
    world.time.jump(Duration.ofMillis(50));
    success.succeed();
    double latency = endpoint().latencyNanos();
    Attempt timeout = balancer.start();
    world.time.jump(Duration.ofSeconds(10));
    timeout.fail(null);

    assertThat(endpoint().latencyNanos()).isGreaterThan(latency);
  }

  @Test
  void fail_noSampleYet_latencyStaysUnknown() throws Exception {
    balancer.start().fail(null);

    assertThat(endpoint().latencyNanos()).isNaN();
  }

  @Test
  void end_trackerSeesEachStartAndEndOnce() throws Exception {
    Ledger ledger = new Ledger();
    try (LoadBalancer other = world.balancer(World.server("a")).chooser(ledger).build()) {
      Attempt attempt = other.start();
      world.time.jump(Duration.ofNanos(7));
      attempt.fail(null);
      attempt.fail(null);
      other.start().cancel();
    }
    long start = 123_456_789_000L;
    assertThat(ledger.lines)
        .containsExactly(
            "started " + start,
            "FAILURE 7 " + (start + 7),
            "started " + (start + 7),
            "CANCELLED 0 " + (start + 7));
  }

  @Test
  void toString_tellsServerAndWhetherItRuns() throws Exception {
    Attempt attempt = balancer.start();
    assertThat(attempt).hasToString(attempt.server() + " (running)");
    attempt.close();
    assertThat(attempt).hasToString(attempt.server() + " (ended)");
  }

  /** Tracks by writing everything down. */
  private static final class Ledger implements Chooser, Chooser.Tracker {
    private final List<String> lines = new ArrayList<>();

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(0);
    }

    @Override
    public Chooser.@Nullable Tracker track(Endpoint endpoint) {
      return this;
    }

    @Override
    public void started(long now) {
      lines.add("started " + now);
    }

    @Override
    public void ended(Outcome outcome, long latencyNanos, long now) {
      lines.add(outcome + " " + latencyNanos + " " + now);
    }
  }

  private static Attempt start(LoadBalancer balancer) {
    try {
      return balancer.start();
    } catch (NoServerAvailableException e) {
      throw new AssertionError(e);
    }
  }

  private LoadBalancerStatus.EndpointStatus endpoint() {
    return balancer.status().endpoints().get(0);
  }

  private static Offset<Double> within() {
    return Offset.offset(1.0); // the mean is kept as a float
  }
}
