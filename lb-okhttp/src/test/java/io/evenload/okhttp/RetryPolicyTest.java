package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RetryPolicyTest {

  @Test
  void defaults_areTheConstants() {
    RetryPolicy policy = RetryPolicy.defaults();
    assertThat(policy.maxAttempts()).isEqualTo(RetryPolicy.DEFAULT_MAX_ATTEMPTS).isEqualTo(3);
    assertThat(policy.statuses())
        .isEqualTo(RetryPolicy.DEFAULT_STATUSES)
        .isEqualTo(Set.of(502, 503));
    assertThat(policy.baseBackoff()).isEqualTo(RetryPolicy.DEFAULT_BASE_BACKOFF).hasMillis(25);
    assertThat(policy.maxBackoff()).isEqualTo(RetryPolicy.DEFAULT_MAX_BACKOFF).hasSeconds(1);
    assertThat(policy.maxRetryAfter()).isEqualTo(RetryPolicy.DEFAULT_MAX_RETRY_AFTER).hasSeconds(5);
    assertThat(policy.budgeted()).isTrue();
    assertThat(policy.refusalsTrusted()).isTrue();
    assertThat(policy.budgetRatio()).isEqualTo(RetryPolicy.DEFAULT_BUDGET_RATIO).isEqualTo(0.2);
    assertThat(policy.budgetPerSecond()).isEqualTo(RetryPolicy.DEFAULT_BUDGET_PER_SECOND).isOne();
  }

  @Test
  void none_hasOneAttempt() {
    assertThat(RetryPolicy.none().maxAttempts()).isOne();
  }

  @Test
  void of_changesAttemptsOnly() {
    assertThat(RetryPolicy.of(5).maxAttempts()).isEqualTo(5);
    assertThat(RetryPolicy.of(5).statuses()).isEqualTo(RetryPolicy.DEFAULT_STATUSES);
  }

  @Test
  void build_allOptions_areKept() {
    RetryPolicy policy =
        RetryPolicy.builder()
            .maxAttempts(4)
            .statuses(List.of(500, 504))
            .baseBackoff(Duration.ZERO)
            .maxBackoff(Duration.ofSeconds(2))
            .maxRetryAfter(Duration.ofSeconds(9))
            .budgetRatio(0.5)
            .budgetPerSecond(3)
            .refusalsTrusted(false)
            .build();
    assertThat(policy)
        .hasToString(
            "RetryPolicy{maxAttempts=4, statuses="
                + policy.statuses()
                + ", baseBackoff=PT0S, maxBackoff=PT2S, maxRetryAfter=PT9S, budgetRatio=0.5,"
                + " budgetPerSecond=3.0, refusals not trusted}");
    assertThat(policy.statuses()).containsExactlyInAnyOrder(500, 504).isUnmodifiable();
  }

  @Test
  void withoutBudget_thenRatio_turnsItOnAgain() {
    RetryPolicy.Builder builder = RetryPolicy.builder().withoutBudget();
    assertThat(builder.build().budgeted()).isFalse();
    assertThat(builder.build().toString()).endsWith("no budget}");
    assertThat(builder.budgetRatio(0.1).build().budgeted()).isTrue();
    assertThat(builder.withoutBudget().budgetPerSecond(1).build().budgeted()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 101})
  void maxAttempts_outOfRange_isRejected(int attempts) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RetryPolicy.of(attempts))
        .withMessage("maxAttempts: " + attempts + " (expected: 1 to 100)");
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 399, 600})
  void statuses_outOfRange_areRejected(int status) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RetryPolicy.builder().statuses(List.of(503, status)))
        .withMessage("statuses: " + status + " (expected: 400 to 599)");
  }

  @Test
  void statuses_null_isRejected() {
    assertThatNullPointerException()
        .isThrownBy(() -> RetryPolicy.builder().statuses(Arrays.asList(503, null)));
    assertThatNullPointerException()
        .isThrownBy(() -> RetryPolicy.builder().statuses(null))
        .withMessage("statuses");
  }

  @Test
  void durations_outOfRange_areRejected() {
    RetryPolicy.Builder builder = RetryPolicy.builder();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.baseBackoff(Duration.ofMillis(-1)))
        .withMessage("baseBackoff: PT-0.001S (expected: PT0S to PT1H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxBackoff(Duration.ofHours(2)))
        .withMessage("maxBackoff: PT2H (expected: PT0S to PT1H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxRetryAfter(Duration.ofSeconds(Long.MAX_VALUE)))
        .withMessageStartingWith("maxRetryAfter: ");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.baseBackoff(null))
        .withMessage("baseBackoff");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 10.1, Double.NaN, Double.POSITIVE_INFINITY})
  void budgetRatio_outOfRange_isRejected(double ratio) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RetryPolicy.builder().budgetRatio(ratio))
        .withMessage("budgetRatio: " + ratio + " (expected: 0 to 10.0)");
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, 1e7, Double.NaN})
  void budgetPerSecond_outOfRange_isRejected(double retries) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RetryPolicy.builder().budgetPerSecond(retries))
        .withMessageStartingWith("budgetPerSecond: " + retries + " (expected: 0 to ");
  }

  @Test
  void build_baseOverMax_isRejected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RetryPolicy.builder().baseBackoff(Duration.ofSeconds(2)).build())
        .withMessage("baseBackoff: PT2S (expected: <= maxBackoff, PT1S)");
  }

  @Test
  void newBuilder_ofAPolicyWithNoDefaultLeft_keepsAll() {
    RetryPolicy policy =
        RetryPolicy.builder()
            .maxAttempts(5)
            .statuses(List.of(500))
            .baseBackoff(Duration.ofMillis(1))
            .maxBackoff(Duration.ofMillis(2))
            .maxRetryAfter(Duration.ofMillis(3))
            .budgetRatio(0.4)
            .budgetPerSecond(5)
            .retryIf((response, failure) -> true)
            .idempotencyKey("Key", () -> "1")
            .refusalsTrusted(false)
            .attemptTimeout(Duration.ofMillis(6))
            .staleWithin(Duration.ofMillis(7))
            .hedge(HedgePolicy.after(Duration.ofMillis(8)))
            .build();

    assertThat(policy.newBuilder().build()).usingRecursiveComparison().isEqualTo(policy);
    assertThat(policy.newBuilder().maxAttempts(2).build().maxAttempts()).isEqualTo(2);
  }
}
