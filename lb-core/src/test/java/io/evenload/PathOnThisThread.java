package io.evenload;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

/** A control path that is wherever a test is; its timers never run. */
class PathOnThisThread implements Control {

  @Override
  public boolean onPath() {
    return true;
  }

  @Override
  public void execute(Runnable task) {
    task.run();
  }

  @Override
  public Future<?> after(long nanos, Runnable task) {
    return new CompletableFuture<>();
  }

  @Override
  public void elsewhere(Runnable task) {
    task.run();
  }

  @Override
  public void publish(Snapshot next) {}

  @Override
  public void requestRefresh() {}

  @Override
  public void requestLook() {}
}
