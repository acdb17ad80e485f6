package io.evenload.okhttp;

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
  public void ended(CallEnded event) {
    try {
      delegate.ended(event); // no lambda: for each call
    } catch (Throwable e) {
      threw("ended", event.host(), e);
    }
  }

  @Override
  public void retried(Retried event) {
    contain("retried", event.attempt().host(), () -> delegate.retried(event));
  }

  @Override
  public void notRetried(NotRetried event) {
    contain("notRetried", event.attempt().host(), () -> delegate.notRetried(event));
  }

  @Override
  public void hedged(Hedged event) {
    contain("hedged", event.host(), () -> delegate.hedged(event));
  }

  @Override
  public void notHedged(NotHedged event) {
    contain("notHedged", event.host(), () -> delegate.notHedged(event));
  }

  @Override
  public void misrouted(Misrouted event) {
    contain("misrouted", event.host(), () -> delegate.misrouted(event));
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
