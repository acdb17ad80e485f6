package io.evenload;

/**
 * Thrown when a balancer has no server for an attempt. The message names the balancer and counts
 * the endpoints by the reason that kept each from being chosen, such as {@code orders: no server
 * available (3 known: 2 ejected, 1 draining)}.
 */
public class NoServerAvailableException extends Exception {

  private static final long serialVersionUID = 1L;

  private final boolean atLimit;

  /** Creates the exception with its whole message. */
  public NoServerAvailableException(String message) {
    this(message, false);
  }

  NoServerAvailableException(String message, boolean atLimit) {
    super(message);
    this.atLimit = atLimit;
  }

  /**
   * Returns whether an endpoint would have taken the attempt if it were not at its limit: one may
   * as soon as an attempt ends.
   */
  public boolean atLimit() {
    return atLimit;
  }
}
