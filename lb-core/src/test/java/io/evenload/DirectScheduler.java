package io.evenload;

import java.util.concurrent.ScheduledThreadPoolExecutor;

/** Runs what is due now on the caller's thread, and timers on one of its own. */
final class DirectScheduler extends ScheduledThreadPoolExecutor {

  DirectScheduler() {
    super(1);
  }

  @Override
  public void execute(Runnable command) {
    command.run();
  }
}
