package io.evenload;

/**
 * Thrown when a balancer has no server for an attempt. The message names the balancer and counts
 * the endpoints by the reason that kept each from being chosen, such as {@code orders: no server
 * available (3 known: 2 ejected, 1 draining)}.
 */
public class NoServerAvailableException extends Exception {

  private static final long serialVersionUID = 1L;

  /** Creates the exception with its whole message. */
  public NoServerAvailableException(String message) {
    super(message);
  }
}
