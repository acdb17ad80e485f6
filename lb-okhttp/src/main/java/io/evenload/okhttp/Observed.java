package io.evenload.okhttp;

import java.io.IOException;

/**
 * What was seen of one attempt, which together with its response or exception is all that it is
 * judged by. Asked on the thread that made the attempt, or at the end of the call that carried it.
 */
interface Observed {

  /** Whether the call that carries the attempt was canceled. */
  boolean canceled();

  /** Whether the thread that asks is interrupted. */
  boolean interrupted();

  /** Whether the way to the server failed before anything was sent on it. */
  boolean failedBeforeSending();

  /** Whether OkHttp found the connection shut down before any of the headers was written. */
  boolean foundShutDown(IOException failure);

  /** Whether the server refused an HTTP/2 stream before it processed any of the request. */
  boolean refusedByServer(IOException failure);

  /** Whether the server reset an HTTP/2 stream, and did not just close the connection. */
  boolean resetByServer(IOException failure);

  /** Whether the request, or a part of it, may have been sent. */
  boolean headersStarted();

  /** Whether the connection came from the pool. */
  boolean reusedConnection();

  /** Whether other calls used the connection when it was taken from the pool. */
  boolean sharedConnection();

  /** How long after the request began to be sent the exchange broke; zero if it did not. */
  long brokeAfterNanos();

  /** Whether the client was so busy that it cut the attempt short much later than it was to. */
  boolean starved();

  /** Whether the first of the response was read. */
  boolean responseStarted();

  /** Whether the way to the server failed, as opposed to code of the caller's. */
  boolean exchangeFailed();

  /** Whether the last exchange was with another host, after a redirect. */
  boolean foreign();

  /** Whether OkHttp led the attempt to another server than the chosen one. */
  boolean misrouted();

  /** Whether the caller closed a body before its end that it had begun to read. */
  boolean leftEarly();

  /** Whether the call ended while it waited for more of a body, and nothing had come for long. */
  boolean stalled();

  /** Whether the response turned the connection over to another protocol. */
  boolean upgraded();
}
