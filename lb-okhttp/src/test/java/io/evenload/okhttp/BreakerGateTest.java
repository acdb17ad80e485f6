package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.evenload.Attempt;
import io.evenload.Gate;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.ServerList;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class BreakerGateTest {

  private static final long MILLISECOND = 1_000_000;
  private static final int TRIALS = 3;
  private static final List<Outcome> OUTCOMES = List.of(Outcome.values());

  private final VirtualTiming time = new VirtualTiming();
  private final AtomicInteger changes = new AtomicInteger();
  private final Gate gate = gate(config().build());

  @Test
  void open_untilTheRateIsReached_staysOpen() {
    attempts(gate, 5, Outcome.SUCCESS);
    attempts(gate, 4, Outcome.FAILURE);
    assertThat(gate.open()).isTrue();
    assertThat(changes).hasValue(0);
    attempts(gate, 1, Outcome.FAILURE);
    assertThat(gate.open()).as("5 of 10 failed").isFalse();
    assertThat(gate.tryAcquire()).isFalse();
    assertThat(changes).hasValue(1);
  }

  @Test
  void release_cancelled_countsNeitherWay() {
    attempts(gate, 9, Outcome.FAILURE);
    attempts(gate, 100, Outcome.CANCELLED);
    assertThat(gate.open()).isTrue();
  }

  @Test
  void open_afterTheWait_allowsTrialsOnly() {
    trip(gate);
    time.advance(Duration.ofSeconds(5));
    assertThat(gate.open()).as("the wait is just over").isFalse();
    time.advance(Duration.ofNanos(1));
    assertThat(gate.open()).isTrue();
    for (int i = 0; i < TRIALS; i++) {
      assertThat(gate.tryAcquire()).isTrue();
    }
    assertThat(gate.tryAcquire()).as("a trial too many").isFalse();
    assertThat(gate.open()).isTrue();
  }

  @Test
  void trials_succeed_close() {
    halfOpen(gate);
    int before = changes.get();
    for (int i = 0; i < TRIALS; i++) {
      assertThat(gate.tryAcquire()).isTrue();
      gate.release(Outcome.SUCCESS, MILLISECOND);
    }
    assertThat(changes.get()).isGreaterThan(before);
    assertThat(gate.open()).isTrue();
    attempts(gate, 50, Outcome.SUCCESS);
  }

  @Test
  void trials_fail_openAgain() {
    halfOpen(gate);
    attempts(gate, TRIALS, Outcome.FAILURE);
    assertThat(gate.open()).isFalse();
  }

  @Test
  void trials_cancelled_giveTheirPermitBack() {
    halfOpen(gate);
    attempts(gate, 100, Outcome.CANCELLED);
    attempts(gate, TRIALS, Outcome.SUCCESS);
    attempts(gate, 50, Outcome.SUCCESS);
  }

  @Test
  void release_attemptFromBeforeTheBreak_addsNoPermit() {
    for (int i = 0; i < 20; i++) {
      assertThat(gate.tryAcquire()).isTrue();
    }
    trip(gate);
    time.advance(Duration.ofSeconds(6));
    for (int i = 0; i < 20; i++) {
      gate.release(Outcome.CANCELLED, MILLISECOND);
    }
    int acquired = 0;
    while (gate.tryAcquire()) {
      acquired++;
    }
    assertThat(acquired).isEqualTo(TRIALS);
  }

  @Test
  void trials_hang_anotherMayBeginAfterEachWait() {
    halfOpen(gate);
    for (int i = 0; i < TRIALS; i++) {
      assertThat(gate.tryAcquire()).isTrue();
    }
    time.advance(Duration.ofSeconds(5));
    assertThat(gate.tryAcquire()).isFalse();
    time.advance(Duration.ofMillis(1));
    assertThat(gate.tryAcquire()).isTrue();
    assertThat(gate.tryAcquire()).isFalse();
  }

  @Test
  void attempts_ofAnyOrder_neverGetStuckNorExceedTheTrials() {
    SplittableRandom random = new SplittableRandom(3);
    Gate gate = gate(config().build());
    int running = 0;
    for (int i = 0; i < 200_000; i++) {
      if (running < 8 && random.nextBoolean()) {
        running += gate.tryAcquire() ? 1 : 0;
      } else if (running > 0) {
        running--;
        gate.release(OUTCOMES.get(random.nextInt(OUTCOMES.size())), MILLISECOND);
      }
      time.advance(Duration.ofMillis(random.nextInt(100)));
    }
    while (running-- > 0) {
      gate.release(Outcome.CANCELLED, MILLISECOND);
    }
    time.advance(Duration.ofSeconds(6));
    for (int i = 0; i < TRIALS; i++) {
      assertThat(gate.tryAcquire()).as("trial %s", i).isTrue();
      gate.release(Outcome.SUCCESS, MILLISECOND);
    }
    attempts(gate, 20, Outcome.SUCCESS);
  }

  @Test
  void config_predicatesOfTheUser_areNotAsked() {
    Gate gate =
        gate(
            config()
                .recordExceptions(UncheckedIOException.class)
                .ignoreException(failure -> true)
                .build());
    trip(gate);
    assertThat(gate.open()).isFalse();
  }

  @Test
  void config_growingWait_isFollowed() {
    Gate gate =
        gate(
            CircuitBreakerConfig.from(config().build())
                .waitIntervalFunctionInOpenState(opened -> opened * 1000L)
                .build());
    trip(gate);
    time.advance(Duration.ofMillis(1001));
    assertThat(gate.open()).isTrue();
    attempts(gate, TRIALS, Outcome.FAILURE);
    time.advance(Duration.ofMillis(1001));
    assertThat(gate.open()).isFalse();
    time.advance(Duration.ofSeconds(1));
    assertThat(gate.open()).isTrue();
  }

  @Test
  void config_slowCalls_open() {
    Gate gate = gate(config().slowCallDurationThreshold(Duration.ofMillis(1)).build());
    for (int i = 0; i < 10; i++) {
      assertThat(gate.tryAcquire()).isTrue();
      gate.release(Outcome.SUCCESS, 2 * MILLISECOND);
    }
    assertThat(gate.open()).isFalse();
    assertThat(gate.reason()).isEqualTo("breaker open: 100 % of 10 slow");
  }

  @Test
  void release_outcomesOfAnyOrder_opensAsIfEachWereRecorded() {
    CircuitBreakerConfig config =
        config().failureRateThreshold(20).slowCallDurationThreshold(Duration.ofMillis(1)).build();
    SplittableRandom random = new SplittableRandom(4);
    int opened = 0;
    for (int round = 0; round < 2_000; round++) {
      Gate gate = gate(config);
      CircuitBreaker each = CircuitBreaker.of("each", config);
      double failures = random.nextDouble() / 20;
      double slow = random.nextDouble();
      for (int i = 0; i < 200 && gate.open(); i++) {
        long latency = random.nextDouble() < slow ? 2 * MILLISECOND : MILLISECOND;
        boolean fails = random.nextDouble() < failures;
        gate.release(fails ? Outcome.FAILURE : Outcome.SUCCESS, latency);
        if (fails) {
          each.onError(latency, TimeUnit.NANOSECONDS, new IOException());
        } else {
          each.onSuccess(latency, TimeUnit.NANOSECONDS);
        }
        assertThat(gate.open()).isEqualTo(each.getState() == State.CLOSED);
      }
      opened += gate.open() ? 0 : 1;
    }
    assertThat(opened).as("rounds of both kinds").isBetween(500, 1_500);
  }

  @Test
  void release_successAfterAsManyAsTheWindowHolds_allocatesNothing() {
    attempts(gate, 10, Outcome.SUCCESS);
    long bytes =
        leastBytes(
            () -> {
              boolean unused = gate.tryAcquire();
              gate.release(Outcome.SUCCESS, MILLISECOND);
            });
    assertThat(bytes).isZero();
  }

  @Test
  void release_successAfterAsManyAsTheWindowIsLong_isRecordedIfThatIsTime() {
    Gate gate = gate(config().slidingWindowType(SlidingWindowType.TIME_BASED).build());
    attempts(gate, 11, Outcome.SUCCESS);
    attempts(gate, 10, Outcome.FAILURE);
    assertThat(gate.open()).as("10 of 21 failed").isTrue();
    attempts(gate, 1, Outcome.FAILURE);
    assertThat(gate.open()).as("11 of 22 failed").isFalse();
  }

  @Test
  void status_open_tellsTheRateAndTheAttempts() throws Exception {
    CompletableFuture<String> told = new CompletableFuture<>();
    try (LoadBalancer orders =
        LoadBalancer.builder("orders")
            .servers(ServerList.of(Server.of("10.0.0.1", 80)))
            .gate(BreakerGate.factory(config().build()))
            .nanoTime(time::nanos)
            .listener(
                new LoadBalancerListener() {
                  @Override
                  public void stateChanged(StateChanged event) {
                    told.complete(event.to() + ", " + event.reason());
                  }
                })
            .build()) {
      for (int i = 0; i < 10; i++) {
        Attempt attempt = orders.start();
        if (i < 4) {
          attempt.succeed();
        } else {
          attempt.fail(null);
        }
      }

      String reason = "breaker open: 60 % of 10 failed";
      assertThat(told.get(20, TimeUnit.SECONDS)).isEqualTo("breaker open, " + reason);
      assertThat(orders.status().endpoints().get(0).reason()).isEqualTo(reason);
    }
  }

  @Test
  void config_forcedOpen_isClosedToAll() {
    Gate gate = gate(config().initialState(State.FORCED_OPEN).build());
    time.advance(Duration.ofDays(1));
    assertThat(gate.open()).isFalse();
    assertThat(gate.reason()).isEqualTo("breaker forced open");
    assertThat(gate.tryAcquire()).isFalse();
  }

  @Test
  void config_initiallyOpen_opensAfterTheWait() {
    Gate gate = gate(config().initialState(State.OPEN).build());
    assertThat(gate.open()).isFalse();
    time.advance(Duration.ofMillis(5001));
    assertThat(gate.open()).isTrue();
  }

  private Gate gate(CircuitBreakerConfig config) {
    return BreakerGate.factory(config)
        .create(Server.of("10.0.0.1", 80), time::nanos, changes::incrementAndGet);
  }

  private static CircuitBreakerConfig.Builder config() {
    return CircuitBreakerConfig.custom()
        .failureRateThreshold(50)
        .slidingWindowSize(10)
        .minimumNumberOfCalls(10)
        .waitDurationInOpenState(Duration.ofSeconds(5))
        .permittedNumberOfCallsInHalfOpenState(TRIALS);
  }

  /** The bytes that one call allocates: of many rounds the least, rounded down. */
  private static long leastBytes(Runnable call) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 20; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 1_000; i++) {
        call.run();
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    return least / 1_000;
  }

  private static void trip(Gate gate) {
    attempts(gate, 10, Outcome.FAILURE);
    assertThat(gate.open()).isFalse();
  }

  private void halfOpen(Gate gate) {
    trip(gate);
    time.advance(Duration.ofMillis(5001));
    assertThat(gate.open()).isTrue();
  }

  private static void attempts(Gate gate, int count, Outcome outcome) {
    for (int i = 0; i < count; i++) {
      assertThat(gate.tryAcquire()).isTrue();
      gate.release(outcome, MILLISECOND);
    }
  }
}
