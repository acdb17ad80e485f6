package io.evenload.okhttp;

/** A response that goes on until somebody ends it. Thread-safe. */
interface DrainableStream {

  /**
   * Has it end in a way that both sides understand, as soon as that can be: between two messages.
   */
  void end();

  /** Ends it now, wherever it is. */
  void cut();
}
