package io.evenload;

/**
 * How an attempt ended: what it says of the server.
 *
 * <p>The three for which {@link #failed()} holds count against the server wherever failures are
 * counted. More may come, so a {@code switch} needs a default.
 */
public enum Outcome {
  /** The server did what it was asked. */
  SUCCESS,
  /** The server, or the way to it, failed; whether it did any of the work is not known. */
  FAILURE,
  /**
   * The attempt failed before the request was sent, or the server said that it did none of it: no
   * connection, for instance. It says nothing of the server's latency.
   */
  REFUSED,
  /** No answer began within the time that the attempt was given. Its latency is a lower bound. */
  TIMED_OUT,
  /**
   * The caller stopped waiting before any answer began: another attempt of the same request was
   * faster, or the request's own time was over. Neither success nor failure; its latency is a lower
   * bound, and a server that answers nothing for long is found by {@link Endpoint#unanswered()}.
   */
  ABANDONED,
  /** The caller gave up for reasons of its own: it says nothing of the server. */
  CANCELLED;

  /** Whether it counts as a failure of the server: true of those that failed in any way. */
  public boolean failed() {
    return this == FAILURE || this == REFUSED || this == TIMED_OUT;
  }

  /** Whether there was no answer of any kind although the server was given time for one. */
  boolean unanswered() {
    return this == TIMED_OUT || this == ABANDONED;
  }
}
