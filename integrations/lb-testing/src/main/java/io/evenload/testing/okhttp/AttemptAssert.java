package io.evenload.testing.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Outcome;
import io.evenload.okhttp.CallAttempt;
import io.evenload.okhttp.CallAttempt.Reason;
import java.io.IOException;
import org.assertj.core.api.AbstractObjectAssert;
import org.jspecify.annotations.Nullable;

/** Assertions on one attempt of a call; see {@link AttemptsAssert}. */
public final class AttemptAssert extends AbstractObjectAssert<AttemptAssert, CallAttempt> {

  AttemptAssert(@Nullable CallAttempt actual) {
    super(actual, AttemptAssert.class);
  }

  /** Verifies to which server it went. */
  public AttemptAssert wentTo(Backend backend) {
    return wentTo(requireNonNull(backend, "backend").id());
  }

  /** Verifies to which server it went, by the {@linkplain io.evenload.Server#id() id}. */
  public AttemptAssert wentTo(String serverId) {
    return verify("server", serverId, attempt().server().id());
  }

  /** Verifies why it was made. */
  public AttemptAssert hadReason(Reason reason) {
    return verify("reason", reason, attempt().reason());
  }

  /** Verifies what it said of the server. */
  public AttemptAssert hadOutcome(Outcome outcome) {
    return verify("outcome", outcome, attempt().outcome());
  }

  /** Verifies the status of its response; 0 stands for none. */
  public AttemptAssert hadStatus(int status) {
    return verify("status", status, attempt().status());
  }

  /** Verifies that it ended with such an exception, not with a response. */
  public AttemptAssert failedWith(Class<? extends IOException> type) {
    IOException failure = attempt().failure();
    if (!requireNonNull(type, "type").isInstance(failure)) {
      throw failure("%nExpected failure: %s%n but was: %s%nof: %s", type, failure, actual);
    }
    return this;
  }

  private CallAttempt attempt() {
    isNotNull();
    return actual;
  }

  private AttemptAssert verify(String what, Object expected, Object found) {
    if (!found.equals(requireNonNull(expected, what))) {
      throw failureWithActualExpected(
          found,
          expected,
          "%nExpected %s: %s%n but was: %s%nof: %s",
          what,
          expected,
          found,
          actual);
    }
    return this;
  }
}
