package io.evenload;

/**
 * The endpoints by which a search was refused, summed up, for whoever wants to know whether they
 * are the same as before, and whether they are all there are. For one thread.
 */
final class Refusing {

  private long slots;
  private int count;

  /** An endpoint has as many attempts in flight as it may. */
  void atLimit(long slots) {
    this.slots += slots;
    count++;
  }

  /** The gates of an endpoint are full, until an attempt there ends. */
  void gatesFull() {
    count++;
  }

  /** The sum of the slots of those at their limit; 0 if there are none. */
  long slots() {
    return slots;
  }

  /** How many are sure to refuse until something happens. */
  int count() {
    return count;
  }

  void clear() {
    slots = 0;
    count = 0;
  }
}
