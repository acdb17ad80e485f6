package io.evenload.okhttp;

import java.io.IOException;
import java.util.Locale;

/**
 * A call was not sent, since its service refuses so many: see {@link Throttling}. To call again at
 * once is of no use; a moment later it may be. It has no stack trace, as in an overload there are
 * many, and its cause is in the service.
 */
public final class ThrottledException extends IOException {

  private static final long serialVersionUID = 1L;

  private final double share;

  ThrottledException(String host, double share) {
    super(
        String.format(
            Locale.ROOT,
            "%s: throttled: %.0f %% of the calls are not sent, as the service refuses them",
            host,
            100 * share));
    this.share = share;
  }

  /** The share of the calls that was not sent when this one was not, above 0 to 0.9. */
  public double share() {
    return share;
  }

  /** The place in the code says nothing of why the service refuses. */
  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
