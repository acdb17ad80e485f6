package io.evenload;

import static io.evenload.HealthReport.draining;
import static io.evenload.HealthReport.healthy;
import static io.evenload.HealthReport.unhealthy;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.health.HealthCheck;
import io.evenload.testing.SeededRandom;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What the answers of probes mean, and when the next one is due, by their arithmetic. */
final class VerdictTest {

  private static final HealthReport BAD = unhealthy("503");

  private final HealthCheck check =
      HealthCheck.builder((server, timeout) -> CompletableFuture.completedFuture(healthy()))
          .interval(Duration.ofSeconds(10))
          .fastInterval(Duration.ofSeconds(2))
          .jitter(0)
          .healthyThreshold(2)
          .unhealthyThreshold(3)
          .build();

  private final SeededRandom random = new SeededRandom(5);

  @Test
  void after_badAnswersInARow_failsAtTheThresholdOnly() {
    Verdict verdict = after(Verdict.before(true), BAD, BAD);
    assertThat(verdict.report()).isEqualTo(healthy());
    assertThat(after(verdict, healthy(), BAD, BAD).report()).isEqualTo(healthy());

    assertThat(after(verdict, BAD).report()).isEqualTo(unhealthy("3 probes failed, the last: 503"));
  }

  @Test
  void after_goodAnswersInARow_recoversAtTheThresholdOnly() {
    Verdict failed = after(Verdict.before(true), BAD, BAD, BAD);

    assertThat(after(failed, healthy(), BAD, healthy()).report().state())
        .isEqualTo(HealthReport.State.UNHEALTHY);
    assertThat(after(failed, healthy(), healthy()).report()).isEqualTo(healthy());
  }

  @Test
  void after_heldBack_firstGoodAnswerIsEnough() {
    Verdict held = Verdict.before(false);
    assertThat(held.report()).isEqualTo(unhealthy("not yet probed"));
    assertThat(held.answered()).isFalse();

    Verdict failed = after(held, BAD);
    assertThat(failed.report()).isEqualTo(unhealthy("no probe has passed yet, the last: 503"));
    assertThat(failed.held()).isTrue();
    assertThat(after(failed, healthy()).report()).isEqualTo(healthy());
    assertThat(after(failed, healthy()).held()).isFalse();
  }

  @Test
  void after_draining_isBelievedAtOnceAndUntilGoodAnswers() {
    Verdict draining = after(Verdict.before(true), draining("going down"));
    assertThat(draining.report()).isEqualTo(draining("going down"));

    assertThat(after(draining, BAD, BAD, BAD, BAD).report()).isEqualTo(draining("going down"));
    assertThat(after(draining, healthy(), healthy()).report()).isEqualTo(healthy());
  }

  @Test
  void nextWait_calmOrNot_isTheIntervalOrTheFastOne() {
    assertThat(wait(after(Verdict.before(true), healthy()))).isEqualTo(Duration.ofSeconds(10));
    assertThat(wait(after(Verdict.before(true), BAD))).isEqualTo(Duration.ofSeconds(2));
    assertThat(wait(after(Verdict.before(true), BAD, BAD, BAD, healthy())))
        .as("a good answer that does not recover it")
        .isEqualTo(Duration.ofSeconds(2));
  }

  private Duration wait(Verdict verdict) {
    return Duration.ofNanos(ProbeSchedule.nextWaitNanos(check, verdict, random));
  }

  private Verdict after(Verdict before, HealthReport... answers) {
    Verdict verdict = before;
    for (HealthReport answer : answers) {
      verdict = verdict.after(answer, check);
    }
    return verdict;
  }
}
