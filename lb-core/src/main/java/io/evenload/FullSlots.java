package io.evenload;

/**
 * The slots of the endpoints that were found at their limit, summed up, for whoever wants to know
 * whether they are the same as before. For one thread.
 */
final class FullSlots {

  private long sum;

  void add(long slots) {
    sum += slots;
  }

  long sum() {
    return sum;
  }

  void clear() {
    sum = 0;
  }
}
