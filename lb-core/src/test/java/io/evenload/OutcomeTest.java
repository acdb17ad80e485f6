package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.World;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mockito.Mockito;

/** What each way to end an attempt does to its endpoint, and what is told of it. */
final class OutcomeTest {

  private final World world = new World(172);
  private final Gate gate = Mockito.mock(Gate.class);
  private final LoadBalancer balancer =
      world
          .balancer(World.server("a"))
          .gate((server, nanoTime, changed) -> gate)
          .withoutOutlierDetection()
          .build();

  OutcomeTest() {
    Mockito.when(gate.open()).thenReturn(true);
    Mockito.when(gate.tryAcquire()).thenReturn(true);
    Mockito.when(gate.failureShare()).thenReturn(Double.NaN);
  }

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void failed_isTrueOfThree() {
    assertThat(Arrays.stream(Outcome.values()).filter(Outcome::failed))
        .containsExactly(Outcome.FAILURE, Outcome.REFUSED, Outcome.TIMED_OUT);
  }

  @Test
  void abandon_counts_butNotAsAFailureNorAsFast() throws Exception {
    after(10).succeed();
    after(1).abandon();
    LiveEndpoint endpoint = start().endpoint;

    assertThat(endpoint.failureRate()).isZero();
    assertThat(endpoint.failuresInARow()).isZero();
    assertThat(endpoint.failedSinceSuccess()).isZero();
    assertThat(endpoint.latencyNanos()).isEqualTo(10e6);
    assertThat(endpoint.unanswered()).isEqualTo(1);
    after(100).abandon();
    assertThat(endpoint.latencyNanos()).as("a lower bound").isGreaterThan(10e6);
    assertThat(endpoint.unanswered()).isEqualTo(2);
  }

  @Test
  void latency_unknown_isALowerBoundAtLeast() throws Exception {
    Attempt attempt = after(10);
    attempt.abandon();

    assertThat(attempt.endpoint.latencyNanos()).isEqualTo(10e6);
  }

  @Test
  void latency_refused_isNone() throws Exception {
    Attempt first = after(10);
    first.fail(new ConnectException());
    assertThat(first.endpoint.latencyNanos()).isNaN();
    after(10).succeed();
    after(5_000).fail(new ConnectException());

    assertThat(first.endpoint.latencyNanos()).isEqualTo(10e6);
    assertThat(first.endpoint.failureRate()).isPositive();
  }

  @Test
  void unanswered_anyAnswer_beginsAnew() throws Exception {
    LiveEndpoint endpoint = start().endpoint;
    Runnable[] silences = {
      () -> startUnchecked().abandon(),
      () -> startUnchecked().fail(new SocketTimeoutException("Read timed out"))
    };
    Runnable[] answers = {
      () -> startUnchecked().succeed(),
      () -> startUnchecked().fail(new IOException("reset")),
      () -> startUnchecked().fail(new ConnectException()),
      () -> {
        Attempt attempt = startUnchecked();
        attempt.responded();
        attempt.abandon(); // which is a cancelled one then
      }
    };
    for (Runnable silence : silences) {
      for (Runnable answer : answers) {
        silence.run();
        silence.run();
        startUnchecked().cancel();
        assertThat(endpoint.unanswered()).isEqualTo(2);
        answer.run();
        assertThat(endpoint.unanswered()).isZero();
      }
    }
  }

  @Test
  void end_afterTheResponse_saysOnlyWhatCanBe() throws Exception {
    for (Outcome outcome : Outcome.values()) {
      Attempt attempt = start();
      attempt.responded();
      attempt.end(outcome, null);

      assertThat(attempt.outcome()).isIn(Outcome.SUCCESS, Outcome.FAILURE, Outcome.CANCELLED);
      assertThat(attempt.outcome().failed()).isEqualTo(outcome.failed());
    }
  }

  @Test
  void outcome_latencyAndCause_stayAsTheFirstEndSetThem() throws Exception {
    Attempt attempt = start();
    IOException cause = new IOException("reset");
    assertThat(attempt.outcome()).isNull();
    assertThat(attempt.cause()).isNull();
    world.time.advance(Duration.ofMillis(3));
    attempt.fail(cause);
    world.time.advance(Duration.ofMillis(3));
    attempt.succeed();
    attempt.responded();

    assertThat(attempt.outcome()).isEqualTo(Outcome.FAILURE);
    assertThat(attempt.cause()).isSameAs(cause);
    assertThat(attempt.latencyNanos()).isEqualTo(3_000_000);
  }

  @Test
  void gate_isReleasedOnceWithThePreciseOutcome() throws Exception {
    for (Outcome outcome : Outcome.values()) {
      Attempt attempt = after(7);
      attempt.end(outcome, null);
      attempt.cancel();

      Mockito.verify(gate).release(outcome, 7_000_000);
    }
    Mockito.verify(gate, Mockito.times(6)).release(Mockito.any(), Mockito.anyLong());
  }

  private Attempt startUnchecked() {
    try {
      return start();
    } catch (NoServerAvailableException e) {
      throw new AssertionError(e);
    }
  }

  private Attempt start() throws NoServerAvailableException {
    return balancer.start();
  }

  private Attempt after(long millis) throws NoServerAvailableException {
    Attempt attempt = start();
    world.time.advance(Duration.ofMillis(millis));
    return attempt;
  }
}
