package io.evenload;

import org.jspecify.annotations.Nullable;

/**
 * What outlier detection did to an endpoint; immutable.
 *
 * @param times how many ejections it has had, less those that it has lived down
 * @param endNanos when the last one ends or ended
 * @param standing why it is ejected; null if it is not
 */
record Ejection(int times, long endNanos, @Nullable Standing standing) {

  static final Ejection NONE = new Ejection(0, 0, null);

  boolean running() {
    return standing != null;
  }

  /** Returns this when its time is over. */
  Ejection over() {
    return new Ejection(times, endNanos, null);
  }

  /** Returns this with one time less, if the interval that ends now was without an ejection. */
  Ejection livedDown(long now, long intervalNanos) {
    boolean calm = !running() && times > 0 && now - endNanos >= intervalNanos;
    return calm ? new Ejection(times - 1, endNanos, null) : this;
  }
}
