package io.evenload.benchmarks;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A scheduler whose timers never fire, and that keeps the balancer's tick to be run by hand. */
final class StoppedClock extends ScheduledThreadPoolExecutor {

  private Runnable tick = () -> {};

  StoppedClock() {
    super(1);
  }

  Runnable tick() {
    return tick;
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initialDelay, long delay, TimeUnit unit) {
    tick = command;
    return schedule(command, delay, unit);
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return super.schedule(command, 1_000, TimeUnit.DAYS);
  }
}
