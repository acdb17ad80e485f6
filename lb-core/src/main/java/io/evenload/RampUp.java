package io.evenload;

import io.evenload.health.SlowStart;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** The endpoints that are in slow start, and what it leaves of their weight. Control path only. */
final class RampUp {

  /*
   * However many endpoints ramp up, there is one timer, which runs as long as there are any and lets the weights be
   * computed again at each step. Shares are those of the last whole step since an endpoint's own start, so that other
   * events in between, which compute the weights too, do not change them and set the choosers to build their tables.
   */

  static final int STEPS = 20;

  private final Control control;
  private final Runnable changed;
  private final Map<RosterEntry, Long> starts = new HashMap<>();
  private @Nullable SlowStart slowStart;
  private @Nullable Future<?> next;
  private int round; // of the timer: one set for other options than these does nothing

  /**
   * Creates one that nothing is in.
   *
   * @param changed computes the weights again
   */
  RampUp(@Nullable SlowStart slowStart, Control control, Runnable changed) {
    this.slowStart = slowStart;
    this.control = control;
    this.changed = changed;
  }

  /** Goes on with other options: those that ramp up have done so since they began. */
  @SuppressWarnings("ReferenceEquality") // this very one
  void use(@Nullable SlowStart slowStart) {
    if (slowStart == this.slowStart) {
      return;
    }
    this.slowStart = slowStart;
    close();
    if (slowStart == null) {
      starts.clear();
    } else if (!starts.isEmpty()) {
      schedule(slowStart);
    }
  }

  /** An endpoint may be chosen that could not, or was not there, before. */
  void begin(RosterEntry entry, long now) {
    assert control.onPath();
    if (slowStart != null) {
      starts.put(entry, now);
      schedule(slowStart);
    }
  }

  /** An endpoint may not be chosen any more. */
  void end(RosterEntry entry) {
    starts.remove(entry);
  }

  /** Returns the share of its weight that the endpoint has now, above 0 to 1. */
  double share(RosterEntry entry, long now) {
    Long start = slowStart == null ? null : starts.get(entry);
    if (slowStart == null || start == null) {
      return 1;
    }
    long step = stepNanos(slowStart);
    long elapsed = Math.max(0, now - start) / step * step;
    double share = slowStart.share(Duration.ofNanos(elapsed));
    if (share >= 1) {
      starts.remove(entry);
    }
    return share;
  }

  /** Ends the timer. */
  void close() {
    if (next != null) {
      next.cancel(false);
      next = null;
    }
    round++;
  }

  private void schedule(SlowStart slowStart) {
    if (next == null) {
      int set = round;
      next = control.after(stepNanos(slowStart), () -> step(slowStart, set));
    }
  }

  private void step(SlowStart slowStart, int set) {
    if (set != round) {
      return;
    }
    next = null;
    changed.run();
    if (!starts.isEmpty()) {
      schedule(slowStart);
    }
  }

  private static long stepNanos(SlowStart slowStart) {
    return slowStart.window().toNanos() / STEPS;
  }
}
