package io.evenload.testing;

import io.evenload.Gate;
import io.evenload.Outcome;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A gate that a test opens and closes, with a number of permits, and that notes its releases. */
public final class FakeGate implements Gate {

  public final List<Outcome> releases = Collections.synchronizedList(new ArrayList<>());
  public final List<Long> latencies = Collections.synchronizedList(new ArrayList<>());
  public final AtomicInteger acquired = new AtomicInteger();
  public final AtomicInteger closes = new AtomicInteger();
  private final AtomicInteger permits = new AtomicInteger(Integer.MAX_VALUE);
  private volatile Runnable changed = () -> {};
  private volatile boolean open = true;

  /** A factory that gives this one gate to the one endpoint there is. */
  public Gate.Factory factory() {
    return (server, nanoTime, changed) -> {
      this.changed = changed;
      return this;
    };
  }

  /** Opens or closes without a word, as a gate that forgets to announce. */
  public FakeGate setOpen(boolean open) {
    this.open = open;
    return this;
  }

  /** Opens or closes, and announces it. */
  public void change(boolean open) {
    this.open = open;
    changed.run();
  }

  /** Admits so many attempts at once. */
  public FakeGate permits(int permits) {
    this.permits.set(permits);
    return this;
  }

  public void onChange(Runnable changed) {
    this.changed = changed;
  }

  @Override
  public boolean open() {
    return open;
  }

  @Override
  public boolean tryAcquire() {
    int left;
    do {
      left = permits.get();
      if (left == 0) {
        return false;
      }
    } while (!permits.compareAndSet(left, left - 1));
    acquired.incrementAndGet();
    return true;
  }

  @Override
  public void release(Outcome outcome, long latencyNanos) {
    permits.incrementAndGet();
    releases.add(outcome);
    latencies.add(latencyNanos);
  }

  @Override
  public void close() {
    closes.incrementAndGet();
  }
}
