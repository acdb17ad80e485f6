package io.evenload;

import java.io.IOException;
import java.io.ObjectOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when a balancer has no server for an attempt. The message names the balancer and counts
 * the endpoints by the reason that kept each from being chosen, such as {@code orders: no server
 * available (3 known: 2 ejected, 1 draining)}.
 *
 * <p>As there are many of these when there are any, a balancer's have a stack trace only while the
 * logger {@code io.evenload.Attempt} is at {@code DEBUG}, and the message is made when it is first
 * read, of what held at the time of the attempt.
 */
public class NoServerAvailableException extends Exception {

  private static final long serialVersionUID = 1L;

  private final transient @Nullable Refusal refusal;
  private @Nullable String words; // once they were read
  private boolean atLimit; // of one that was serialized

  /** Creates the exception with its whole message. */
  public NoServerAvailableException(String message) {
    super(message);
    this.refusal = null;
    this.words = message;
  }

  NoServerAvailableException(String message, boolean trace) {
    super(message, null, true, trace);
    this.refusal = null;
    this.words = message;
  }

  /** Creates one whose message is made when it is read. */
  NoServerAvailableException(Refusal refusal, boolean trace) {
    super(null, null, true, trace);
    this.refusal = refusal;
  }

  /** The balancer, and how many endpoints there were at the time of the attempt, by reason. */
  @Override
  public @Nullable String getMessage() {
    if (words == null && refusal != null) {
      words = refusal.words();
    }
    return words;
  }

  /**
   * Returns whether an endpoint would have taken the attempt if it were not at its limit: one may
   * as soon as an attempt ends. A breaker that lets only a few attempts try whether its endpoint
   * works again is no limit, as one that is open is none.
   */
  public boolean atLimit() {
    return refusal == null ? atLimit : refusal.atLimit();
  }

  private void writeObject(ObjectOutputStream out) throws IOException {
    words = getMessage();
    atLimit = atLimit();
    out.defaultWriteObject();
  }
}
