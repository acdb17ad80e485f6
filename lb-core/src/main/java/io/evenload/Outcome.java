package io.evenload;

/** How an attempt ended. */
public enum Outcome {
  /** The server did what it was asked. */
  SUCCESS,
  /** The server, or the way to it, failed. */
  FAILURE,
  /** The caller gave up: it says nothing about the server and counts neither way. */
  CANCELLED
}
