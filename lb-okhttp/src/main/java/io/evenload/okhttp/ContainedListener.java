package io.evenload.okhttp;

import io.evenload.Server;
import java.time.Duration;
import okhttp3.Call;
import org.jspecify.annotations.Nullable;

/** The user's listener, whose exceptions are logged and go no further. */
final class ContainedListener implements CallListener {

  /** Listens to nothing. */
  static final CallListener NOBODY = new CallListener() {};

  private final CallListener delegate;
  private final RateLimitedLog log;

  ContainedListener(CallListener delegate, RateLimitedLog log) {
    this.delegate = delegate;
    this.log = log;
  }

  /** Whether anybody listens, so that it is worth while to describe what is told. */
  @SuppressWarnings("ReferenceEquality") // this very one
  boolean listens() {
    return delegate != NOBODY;
  }

  @Override
  public void addedTo(LoadBalancingInterceptor interceptor) {
    contain("addedTo", interceptor.toString(), () -> delegate.addedTo(interceptor));
  }

  @Override
  public void ended(
      String host,
      Call call,
      @Nullable CallAttempt last,
      @Nullable Throwable failure,
      long tookNanos) {
    try {
      delegate.ended(host, call, last, failure, tookNanos); // no lambda: for each call
    } catch (Throwable e) {
      threw("ended", host, e);
    }
  }

  @Override
  public void retried(FailedAttempt attempt, Duration delay) {
    contain("retried", attempt.host(), () -> delegate.retried(attempt, delay));
  }

  @Override
  public void notRetried(FailedAttempt attempt, Refusal refusal) {
    contain("notRetried", attempt.host(), () -> delegate.notRetried(attempt, refusal));
  }

  @Override
  public void hedged(String host, Call call, Server slow, Server second) {
    contain("hedged", host, () -> delegate.hedged(host, call, slow, second));
  }

  @Override
  public void notHedged(String host, Call call, Server slow, Refusal refusal) {
    contain("notHedged", host, () -> delegate.notHedged(host, call, slow, refusal));
  }

  @Override
  public void misrouted(String host, Server expected, String actual) {
    contain("misrouted", host, () -> delegate.misrouted(host, expected, actual));
  }

  private void contain(String event, String host, Runnable action) {
    try {
      action.run();
    } catch (Throwable e) {
      threw(event, host, e);
    }
  }

  private void threw(String event, String host, Throwable e) {
    log.warn(host + ": CallListener." + event + " threw", e);
  }
}
