package io.evenload.examples.drill;

import io.evenload.okhttp.CallAttempt;
import java.time.Instant;
import java.util.List;

/**
 * One call of a user, as it ended.
 *
 * @param order the id of what a POST orders; empty for a GET
 * @param status of the response; 0 if there was none
 * @param failure what the user got instead of a response, in words; empty if there was one
 */
record DrillCall(
    Instant start,
    Instant end,
    String order,
    int status,
    String failure,
    List<CallAttempt> attempts) {

  boolean isPost() {
    return !order.isEmpty();
  }

  boolean succeeded() {
    return status == 200;
  }

  /** The server that was asked last; empty if none was. */
  String lastServer() {
    return attempts.isEmpty() ? "" : attempts.get(attempts.size() - 1).server().id();
  }

  @Override
  public String toString() {
    return (isPost() ? "POST " + order : "GET")
        + ": "
        + (status == 0 ? failure : Integer.toString(status))
        + " "
        + attempts;
  }
}
