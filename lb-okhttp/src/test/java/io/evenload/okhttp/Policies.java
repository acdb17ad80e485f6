package io.evenload.okhttp;

import java.time.Duration;
import java.util.function.Consumer;

/** Retry policies without chance: no random wait, and no budget unless it is what is tested. */
final class Policies {

  /** What a server asks for to make a call wait longer than any test may take. */
  static final String LONG_RETRY_AFTER = "600";

  private Policies() {}

  static RetryPolicy.Builder immediate(int attempts) {
    return RetryPolicy.builder()
        .maxAttempts(attempts)
        .baseBackoff(Duration.ZERO)
        .maxBackoff(Duration.ZERO)
        .maxRetryAfter(Duration.ofHours(1))
        .withoutBudget();
  }

  static Consumer<LoadBalancingInterceptor.Builder> attempts(int attempts) {
    return interceptor -> interceptor.retry(immediate(attempts).build());
  }
}
