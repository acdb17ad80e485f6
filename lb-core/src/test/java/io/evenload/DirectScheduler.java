package io.evenload;

import java.util.concurrent.ScheduledThreadPoolExecutor;

/** Runs what is due now on the caller's thread; timers go nowhere near due. */
final class DirectScheduler extends ScheduledThreadPoolExecutor {

  DirectScheduler() {
    super(0);
  }

  @Override
  public void execute(Runnable command) {
    command.run();
  }
}
