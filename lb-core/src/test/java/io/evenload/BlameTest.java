package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a failure, or a slow body, says of a server. */
final class BlameTest {

  private final World world = new World(181);
  private final Map<String, List<Outcome>> told = new HashMap<>();
  private final LoadBalancer balancer =
      world
          .balancer(World.server("a"), World.server("b"))
          .withoutOutlierDetection()
          .gate((server, nanoTime, changed) -> new Told("breaker of " + server.id(), 0))
          .gate((server, nanoTime, changed) -> new Told("limit of " + server.id(), Double.NaN))
          .build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void request_failsAtTwoServers_isHeldAgainstTheFirst() throws Exception {
    twice(Outcome.FAILURE, Outcome.TIMED_OUT);

    assertThat(failureRate("a")).isPositive();
    assertThat(failureRate("b")).isZero();
    assertThat(told.get("breaker of a")).containsExactly(Outcome.FAILURE);
    assertThat(told.get("breaker of b")).containsExactly(Outcome.CANCELLED);
    assertThat(told.get("limit of b")).containsExactly(Outcome.TIMED_OUT);
  }

  /** No request is at fault for a connection that does not come about. */
  @ParameterizedTest
  @CsvSource({"REFUSED, FAILURE", "FAILURE, REFUSED", "SUCCESS, FAILURE", "ABANDONED, FAILURE"})
  void request_notSentOrNotFailedBefore_isHeldAgainstTheSecondToo(Outcome first, Outcome second)
      throws Exception {
    twice(first, second);

    assertThat(failureRate("b")).isPositive();
    assertThat(told.get("breaker of b")).containsExactly(second);
  }

  @Test
  void request_failsTwiceAtOneServer_isHeldAgainstItTwice() throws Exception {
    RequestContext request = RequestContext.create().only(server -> server.id().equals("a"));
    balancer.start(request).fail(null);
    balancer.start(request).fail(null);

    assertThat(told.get("breaker of a")).containsExactly(Outcome.FAILURE, Outcome.FAILURE);
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "0.1, 9", "0.3, 18", "0.6, 41", "0.9, 197"})
  void inARow_atTheShareOfTheOthers_isMoreThanChanceFromSoManyOn(double share, int enough) {
    assertThat(OutlierRule.mayBeChance(enough, share)).isFalse();
    assertThat(OutlierRule.mayBeChance(enough - 1, share)).isEqualTo(share > 0);
    assertThat(OutlierRule.mayBeChance(1_000_000, 1)).as("all fail").isTrue();
  }

  @Test
  void end_withTheWaitForTheBody_countsItForTheServersLatencyOnly() throws Exception {
    Attempt attempt = balancer.start();
    world.time.advance(Duration.ofMillis(10));
    attempt.responded();
    world.time.advance(Duration.ofMillis(500)); // the caller read for 90 ms of it
    attempt.end(Outcome.SUCCESS, null, Duration.ofMillis(90));

    assertThat(attempt.latencyNanos()).isEqualTo(10_000_000);
    assertThat(attempt.endpoint.latencyNanos()).isCloseTo(100_000_000, within(8.0));
  }

  @Test
  void end_withABodyButNoResponse_countsTheTimeOnce() throws Exception {
    Attempt attempt = balancer.start();
    world.time.advance(Duration.ofMillis(10));
    attempt.end(Outcome.SUCCESS, null, Duration.ofMillis(90));

    assertThat(attempt.endpoint.latencyNanos()).isCloseTo(10_000_000, within(1.0));
  }

  @Test
  void end_bodyThatTookForEver_staysFinite() throws Exception {
    Attempt attempt = balancer.start();
    attempt.responded();
    attempt.end(Outcome.SUCCESS, null, Duration.ofSeconds(Long.MAX_VALUE));

    assertThat(attempt.endpoint.latencyNanos()).isFinite().isPositive();
  }

  @Test
  void end_bodyIsNegative_isNamed() throws Exception {
    try (Attempt attempt = balancer.start()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> attempt.end(Outcome.SUCCESS, null, Duration.ofNanos(-1)))
          .withMessage("body: PT-0.000000001S (expected: 0 or more)");
    }
  }

  private void twice(Outcome first, Outcome second) throws Exception {
    RequestContext request = RequestContext.create();
    request.prefer(server -> server.id().equals("a"));
    balancer.start(request).end(first, null);
    Attempt again = balancer.start(request);
    assertThat(again.server().id()).isEqualTo("b");
    again.end(second, null);
  }

  private double failureRate(String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .mapToDouble(endpoint -> endpoint.failureRate())
        .sum();
  }

  /** Remembers what it is told. */
  private final class Told implements Gate {
    private final String name;
    private final double failureShare;

    Told(String name, double failureShare) {
      this.name = name;
      this.failureShare = failureShare;
    }

    @Override
    public boolean open() {
      return true;
    }

    @Override
    public boolean tryAcquire() {
      return true;
    }

    @Override
    public void release(Outcome outcome, long latencyNanos) {
      told.computeIfAbsent(name, each -> new ArrayList<>()).add(outcome);
    }

    @Override
    public double failureShare() {
      return failureShare;
    }
  }
}
