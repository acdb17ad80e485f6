package io.evenload.okhttp;

import io.evenload.Outcome;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Which statuses say that a server failed. */
final class ServerFailures {

  /** The fastest servers say this most often, and it is not their fault. */
  private static final int TOO_MANY_REQUESTS = 429;

  private final @Nullable IntPredicate statuses;
  private final RetryPolicy policy;
  private final RateLimitedLog log;

  /**
   * Creates the judge.
   *
   * @param statuses what the user says; null for 500 and more, and what the policy retries
   */
  ServerFailures(@Nullable IntPredicate statuses, RetryPolicy policy, RateLimitedLog log) {
    this.statuses = statuses;
    this.policy = policy;
    this.log = log;
  }

  /** What a status says of the server. */
  Outcome outcome(int status) {
    if (failed(status)) {
      return Outcome.FAILURE;
    }
    return status == TOO_MANY_REQUESTS ? Outcome.CANCELLED : Outcome.SUCCESS;
  }

  private boolean failed(int status) {
    try {
      if (statuses != null) {
        return statuses.test(status);
      }
    } catch (RuntimeException e) {
      log.warn("failureStatuses threw; the default decides", e);
    }
    return status != TOO_MANY_REQUESTS && (status >= 500 || policy.retries(status));
  }
}
