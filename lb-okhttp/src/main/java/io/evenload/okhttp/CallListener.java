package io.evenload.okhttp;

import io.evenload.LoadBalancerListener;
import io.evenload.Server;
import java.io.IOException;
import java.time.Duration;
import okhttp3.Call;
import org.jspecify.annotations.Nullable;

/**
 * What is told of the calls that an interceptor balances. All methods do nothing by default. They
 * run on the thread of the call unless they say otherwise, so they should be fast. What a listener
 * throws is contained and logged. Each is given one object, which is immutable and may tell more in
 * a later version.
 *
 * <p>How each attempt ended is told by {@link LoadBalancerListener#attemptEnded}.
 */
public interface CallListener {

  /**
   * An interceptor that has this listener was built. It is told before all else, on the thread that
   * builds the interceptor.
   */
  default void addedTo(LoadBalancingInterceptor interceptor) {}

  /**
   * A call got its response, whose body is still to come, or failed. Told once for each call and
   * each service that it came to, since a redirect may lead to another one; also if no attempt was
   * made.
   */
  default void ended(CallEnded event) {}

  /**
   * An attempt failed and is repeated: told when the next one has its server, or before the wait if
   * there is one. If there is no server after the wait, {@link #notRetried} is told too.
   */
  default void retried(Retried event) {}

  /** An attempt failed in a way that is retried, but this one is not. */
  default void notRetried(NotRetried event) {}

  /**
   * An attempt has no answer yet, and a second one begins at another server. On a thread of its
   * own.
   */
  default void hedged(Hedged event) {}

  /** An attempt has no answer when a second one is due, but that is not made. */
  default void notHedged(NotHedged event) {}

  /**
   * A request went to another server than the chosen one, or was stopped on its way there. That is
   * a fault of this library with the OkHttp at hand, or of an interceptor behind it that changes
   * the chain's {@code Dns} or socket factory; from now on the interceptor retries in a slower way
   * that cannot misroute.
   */
  default void misrouted(Misrouted event) {}

  /** A call got its response or failed. */
  final class CallEnded {
    private final String host;
    private final Call call;
    private final @Nullable CallAttempt last;
    private final @Nullable Throwable failure;
    private final long tookNanos;

    CallEnded(
        String host,
        Call call,
        @Nullable CallAttempt last,
        @Nullable Throwable failure,
        long tookNanos) {
      this.host = host;
      this.call = call;
      this.last = last;
      this.failure = failure;
      this.tookNanos = tookNanos;
    }

    /** The host that the service was added with. */
    public String host() {
      return host;
    }

    /** The caller's call. */
    public Call call() {
      return call;
    }

    /** The attempt that the response or the failure is of; null if none was made. */
    public @Nullable CallAttempt last() {
      return last;
    }

    /**
     * What the call fails with; null if there is a response. A timeout of the call is a {@link
     * java.io.InterruptedIOException}, while a call that was cancelled fails otherwise.
     */
    public @Nullable Throwable failure() {
      return failure;
    }

    /** The nanoseconds since the call came to the balancer. */
    public long tookNanos() {
      return tookNanos;
    }

    /** All but the call. */
    @Override
    public String toString() {
      return "CallEnded{"
          + "host="
          + host
          + ", last="
          + last
          + ", failure="
          + failure
          + ", tookNanos="
          + tookNanos
          + "}";
    }
  }

  /** An attempt failed and is repeated. */
  final class Retried {
    private final FailedAttempt attempt;
    private final Duration delay;

    Retried(FailedAttempt attempt, Duration delay) {
      this.attempt = attempt;
      this.delay = delay;
    }

    /** The attempt that failed. */
    public FailedAttempt attempt() {
      return attempt;
    }

    /** How long the call waits before the next attempt. */
    public Duration delay() {
      return delay;
    }

    /** All but the call. */
    @Override
    public String toString() {
      return "Retried{" + "attempt=" + attempt + ", delay=" + delay + "}";
    }
  }

  /** An attempt failed and is not repeated. */
  final class NotRetried {
    private final FailedAttempt attempt;
    private final Refusal refusal;

    NotRetried(FailedAttempt attempt, Refusal refusal) {
      this.attempt = attempt;
      this.refusal = refusal;
    }

    /** The attempt that failed. */
    public FailedAttempt attempt() {
      return attempt;
    }

    /** Why it is not repeated. */
    public Refusal refusal() {
      return refusal;
    }

    /** All but the call. */
    @Override
    public String toString() {
      return "NotRetried{" + "attempt=" + attempt + ", refusal=" + refusal + "}";
    }
  }

  /** A second attempt begins. */
  final class Hedged {
    private final String host;
    private final Call call;
    private final Server slow;
    private final Server second;

    Hedged(String host, Call call, Server slow, Server second) {
      this.host = host;
      this.call = call;
      this.slow = slow;
      this.second = second;
    }

    /** The host that the service was added with. */
    public String host() {
      return host;
    }

    /** The caller's call. */
    public Call call() {
      return call;
    }

    /** The server of the attempt that has no answer. */
    public Server slow() {
      return slow;
    }

    /** The server of the second attempt. */
    public Server second() {
      return second;
    }

    /** All but the call. */
    @Override
    public String toString() {
      return "Hedged{" + "host=" + host + ", slow=" + slow + ", second=" + second + "}";
    }
  }

  /** A second attempt is due and is not made. */
  final class NotHedged {
    private final String host;
    private final Call call;
    private final Server slow;
    private final Refusal refusal;

    NotHedged(String host, Call call, Server slow, Refusal refusal) {
      this.host = host;
      this.call = call;
      this.slow = slow;
      this.refusal = refusal;
    }

    /** The host that the service was added with. */
    public String host() {
      return host;
    }

    /** The caller's call. */
    public Call call() {
      return call;
    }

    /** The server of the attempt that has no answer. */
    public Server slow() {
      return slow;
    }

    /** Why it is not made. */
    public Refusal refusal() {
      return refusal;
    }

    /** All but the call. */
    @Override
    public String toString() {
      return "NotHedged{" + "host=" + host + ", slow=" + slow + ", refusal=" + refusal + "}";
    }
  }

  /** A request went to another server than the chosen one. */
  final class Misrouted {
    private final String host;
    private final Server expected;
    private final String actual;

    Misrouted(String host, Server expected, String actual) {
      this.host = host;
      this.expected = expected;
      this.actual = actual;
    }

    /** The host that the service was added with. */
    public String host() {
      return host;
    }

    /** The chosen server. */
    public Server expected() {
      return expected;
    }

    /** Where the request was sent, or would have been. */
    public String actual() {
      return actual;
    }

    /** All but the call. */
    @Override
    public String toString() {
      return "Misrouted{" + "host=" + host + ", expected=" + expected + ", actual=" + actual + "}";
    }
  }

  /** An attempt that failed. */
  final class FailedAttempt {
    private final String host;
    private final Call call;
    private final Server server;
    private final int number;
    private final String reason;
    private final @Nullable IOException failure;

    FailedAttempt(
        String host,
        Call call,
        Server server,
        int number,
        String reason,
        @Nullable IOException failure) {
      this.host = host;
      this.call = call;
      this.server = server;
      this.number = number;
      this.reason = reason;
      this.failure = failure;
    }

    /** The host that the service was added with. */
    public String host() {
      return host;
    }

    /** The caller's call. */
    public Call call() {
      return call;
    }

    /** The server that was tried. */
    public Server server() {
      return server;
    }

    /** 1 for the first attempt of the call. */
    public int number() {
      return number;
    }

    /**
     * What happened, of few different values: a status such as {@code 503}, or the simple name of
     * the exception's class.
     */
    public String reason() {
      return reason;
    }

    /** The exception; null if the server answered. */
    public @Nullable IOException failure() {
      return failure;
    }

    /** All but the call. */
    @Override
    public String toString() {
      return "FailedAttempt{"
          + "host="
          + host
          + ", server="
          + server
          + ", number="
          + number
          + ", reason="
          + reason
          + ", failure="
          + failure
          + "}";
    }
  }

  /** Why an attempt is not repeated or hedged. */
  enum Refusal {
    /** All attempts of the policy were made. */
    ATTEMPTS_EXHAUSTED,
    /** The method is not idempotent and the request may have been processed. */
    NOT_IDEMPOTENT,
    /** The request body was begun and cannot be sent twice. */
    BODY_NOT_REPEATABLE,
    /** The wait does not fit in what is left of the call's timeout. */
    DEADLINE,
    /** The server asks for a longer wait than the policy allows. */
    RETRY_AFTER_TOO_LONG,
    /** The service made too many retries and hedges lately. */
    BUDGET_EXHAUSTED,
    /** The service as a whole refuses so much that more attempts only add to its load. */
    THROTTLED,
    /** The balancer had no server, or for a hedge no other one, for another attempt. */
    NO_SERVER,
    /** All threads for second attempts are taken. */
    NO_THREAD
  }
}
