package io.evenload;

import java.util.concurrent.atomic.AtomicBoolean;

/** Asks, once, for a look at the endpoints when one has failed too often in a row. Lock-free. */
final class StreakAlarm {

  private static final int NEVER = Tally.MAX_STREAK + 1;

  private final int limit;
  private final Runnable askToLook;
  private final AtomicBoolean asked = new AtomicBoolean();

  /**
   * Makes an alarm that is quiet.
   *
   * @param limit how many failures in a row are too many; 0 for none
   * @param askToLook run from any thread
   */
  StreakAlarm(int limit, Runnable askToLook) {
    this.limit = limit == 0 ? NEVER : limit;
    this.askToLook = askToLook;
  }

  /** One more outcome made so many failures in a row; on any thread. */
  void counted(int streak) {
    if (streak == limit && asked.compareAndSet(false, true)) {
      askToLook.run();
    }
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
