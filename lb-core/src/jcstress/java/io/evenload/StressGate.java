package io.evenload;

import java.util.concurrent.atomic.AtomicInteger;

/** A gate that is opened and closed, and that counts. */
final class StressGate implements Gate {

  final AtomicInteger acquired = new AtomicInteger();
  final AtomicInteger released = new AtomicInteger();
  private volatile boolean open;
  private volatile Runnable changed = () -> {};

  StressGate(boolean open) {
    this.open = open;
  }

  Gate.Factory factory() {
    return (server, nanoTime, changed) -> {
      this.changed = changed;
      return this;
    };
  }

  void change(boolean open) {
    this.open = open;
    changed.run();
  }

  @Override
  public boolean open() {
    return open;
  }

  @Override
  public boolean tryAcquire() {
    acquired.incrementAndGet();
    return true;
  }

  @Override
  public void release(Outcome outcome, long latencyNanos) {
    released.incrementAndGet();
  }
}
