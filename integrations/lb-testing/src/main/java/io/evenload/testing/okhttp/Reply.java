package io.evenload.testing.okhttp;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;

/**
 * What a {@link Backend} does with a request. Immutable; one reply may serve many requests of many
 * backends.
 *
 * <p>Unless it says otherwise, the body of a response is the id of the backend.
 */
public final class Reply {

  private static final int NO_CONTENT = 204;
  private static final int NOT_MODIFIED = 304;

  private final MockResponse response;
  private final boolean bodyIsId;

  private Reply(MockResponse response, boolean bodyIsId) {
    this.response = response;
    this.bodyIsId = bodyIsId;
  }

  /** Returns a response with the status 200. */
  public static Reply ok() {
    return status(200);
  }

  /**
   * Returns a response with this status; without a body if it is one that has none, 204 or 304.
   *
   * @throws IllegalArgumentException if the status is not 200 to 599
   */
  public static Reply status(int status) {
    if (status < 200 || status > 599) {
      throw new IllegalArgumentException("status: " + status + " (expected: 200 to 599)");
    }
    return new Reply(
        new MockResponse.Builder().code(status).build(),
        status != NO_CONTENT && status != NOT_MODIFIED);
  }

  /**
   * Returns a connection reset (TCP RST) in place of a response, after the request was read: the
   * client cannot know whether it was processed.
   */
  public static Reply reset() {
    return of(new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()).build());
  }

  /** Returns silence: the connection stays open, until the client gives up or the test ends. */
  public static Reply hang() {
    return of(new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build());
  }

  /** Returns what else a {@link MockResponse} can do, such as a slow body, trailers or a stream. */
  public static Reply of(MockResponse response) {
    return new Reply(requireNonNull(response, "response"), false);
  }

  /**
   * Returns this reply after a wait, by the machine's clock.
   *
   * @throws IllegalArgumentException if the delay is negative or more than an hour
   */
  public Reply after(Duration delay) {
    if (requireNonNull(delay, "delay").isNegative() || delay.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException("delay: " + delay + " (expected: PT0S to PT1H)");
    }
    return new Reply(
        response.newBuilder().headersDelay(delay.toNanos(), TimeUnit.NANOSECONDS).build(),
        bodyIsId);
  }

  /** Returns this reply with another body. */
  public Reply body(String body) {
    return new Reply(response.newBuilder().body(requireNonNull(body, "body")).build(), false);
  }

  /** Returns this reply with one more header, in place of those with the same name. */
  public Reply header(String name, String value) {
    requireNonNull(value, "value");
    return new Reply(
        response.newBuilder().setHeader(requireNonNull(name, "name"), value).build(), bodyIsId);
  }

  /** Returns what the backend with this id sends. */
  MockResponse from(String id) {
    return bodyIsId ? response.newBuilder().body(id).build() : response;
  }

  /** The status line, as far as there is one. */
  @Override
  public String toString() {
    return response.toString();
  }
}
