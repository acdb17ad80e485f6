package io.evenload.status;

import io.evenload.EndpointState;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One thing that happened to a balancer.
 *
 * @param server the id of the server that it happened to; null for the list
 * @param from the former state, of {@link Kind#STATE} alone
 * @param to the state since, of {@link Kind#STATE} alone
 * @param text the reason, or what happened
 */
record Change(
    Instant time,
    Kind kind,
    @Nullable String server,
    @Nullable EndpointState from,
    @Nullable EndpointState to,
    String text) {

  /** What sort of thing it was. */
  enum Kind {
    /** A server came into another state. */
    STATE,
    /** A server that drains has nothing in flight any more. */
    DRAINED,
    /** Servers came to the list or left it. */
    LIST,
    /** The source of the list failed. */
    LIST_FAILED
  }
}
