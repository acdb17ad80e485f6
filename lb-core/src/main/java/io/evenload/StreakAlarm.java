package io.evenload;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Asks the control path to look at the endpoints: once, when one has failed too often in a row, and
 * when an attempt succeeded at one whose breaker is open. Lock-free.
 */
final class StreakAlarm {

  private static final int NEVER = Tally.MAX_STREAK + 1;

  static final StreakAlarm NONE = new StreakAlarm(0, () -> {}, () -> {});

  private final int limit;
  private final Runnable askToLook;
  private final Runnable askToRefresh;
  private final AtomicBoolean asked = new AtomicBoolean();

  /**
   * Makes an alarm that is quiet.
   *
   * @param limit how many failures in a row are too many; 0 for none
   * @param askToLook has those ejected that fail in a row; run from any thread
   * @param askToRefresh has it decided anew who may be chosen; run from any thread
   */
  StreakAlarm(int limit, Runnable askToLook, Runnable askToRefresh) {
    this.limit = limit == 0 ? NEVER : limit;
    this.askToLook = askToLook;
    this.askToRefresh = askToRefresh;
  }

  /** One more outcome made so many failures in a row; on any thread. */
  void counted(int streak) {
    if (streak == limit && asked.compareAndSet(false, true)) {
      askToLook.run();
    }
  }

  /** An attempt succeeded where a breaker is open, so that not everything fails there. */
  void recovered() {
    askToRefresh.run();
  }

  /** Whether so many failures in a row are too many. */
  boolean tooMany(int streak) {
    return streak >= limit;
  }

  /** Makes the next streak ask again. */
  void rearm() {
    asked.set(false);
  }

  /** Lets no streak ask until it is rearmed. */
  void mute() {
    asked.set(true);
  }
}
