package io.evenload.okhttp;

import io.evenload.Outcome;
import io.evenload.Server;
import java.io.IOException;
import java.time.Duration;
import okhttp3.Call;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a call, as {@link LoadBalancingInterceptor#attemptsOf(okhttp3.Response)} tells it.
 * Immutable.
 */
public final class CallAttempt {

  /** Why an attempt is made. */
  public enum Reason {
    /** It is the first of the call. */
    FIRST,
    /** The attempts before it failed, or got answers that are retried. */
    RETRY,
    /** The attempt before it had no answer yet. */
    HEDGE
  }

  private final String service;
  private final Call call;
  private final int number;
  private final Server server;
  private final Reason reason;
  private final Outcome outcome;
  private final int status;
  private final @Nullable IOException failure;
  private final long startNanos;
  private final long tookNanos;

  CallAttempt(
      String service,
      Call call,
      int number,
      Server server,
      Reason reason,
      Outcome outcome,
      int status,
      @Nullable IOException failure,
      long startNanos,
      long tookNanos) {
    this.service = service;
    this.call = call;
    this.number = number;
    this.server = server;
    this.reason = reason;
    this.outcome = outcome;
    this.status = status;
    this.failure = failure;
    this.startNanos = startNanos;
    this.tookNanos = tookNanos;
  }

  /** The host that the service was added with, whose balancer chose the server. */
  public String service() {
    return service;
  }

  /**
   * The caller's call. An attempt is made by this call, or by one of its own. The request of the
   * latter has the caller's call as its tag {@code Call.class}, for listeners that want to know.
   */
  public Call call() {
    return call;
  }

  /** 1 for the first attempt of the call, in the order of their starts. */
  public int number() {
    return number;
  }

  /** The server that was chosen. */
  public Server server() {
    return server;
  }

  /** Why the attempt was made. */
  public Reason reason() {
    return reason;
  }

  /**
   * What the attempt said of the server when it was answered, or failed. That of the response that
   * the caller got may still turn out a failure while its body is read.
   */
  public Outcome outcome() {
    return outcome;
  }

  /** The status of the response; 0 if there was none. */
  public int status() {
    return status;
  }

  /** The exception; null if the server answered, or if nobody waited for that. */
  public @Nullable IOException failure() {
    return failure;
  }

  /** How long after the beginning of the call the attempt began. */
  public Duration start() {
    return Duration.ofNanos(startNanos);
  }

  /** How long it took until the headers of the response were there, or until it failed. */
  public Duration took() {
    return Duration.ofNanos(tookNanos);
  }

  /** All of it in a line, such as {@code RETRY at 10.0.0.2:8080 after 31 ms: 200 in 4 ms}. */
  @Override
  public String toString() {
    String result =
        status != 0
            ? Integer.toString(status)
            : failure != null ? failure.getClass().getSimpleName() : outcome.toString();
    return reason
        + " at "
        + server.id()
        + " after "
        + start().toMillis()
        + " ms: "
        + result
        + " in "
        + took().toMillis()
        + " ms";
  }
}
