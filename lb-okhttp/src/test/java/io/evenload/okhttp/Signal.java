package io.evenload.okhttp;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Lets a test wait for what other threads do. Listeners call {@link #changed}; the waiting test
 * looks again then, and every few milliseconds for what no listener reports.
 */
final class Signal {

  private static final long PATIENCE_SECONDS = 20;
  private static final long LOOK_AGAIN_MILLIS = 20;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private long changes;

  void changed() {
    lock.lock();
    try {
      changes++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether the condition came true in time. */
  boolean await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + SECONDS.toNanos(PATIENCE_SECONDS);
    long seen = changes();
    while (!condition.getAsBoolean()) { // without the lock: it may need what others signal
      if (System.nanoTime() > deadline) {
        return false;
      }
      seen = awaitChange(seen);
    }
    return true;
  }

  private long changes() {
    lock.lock();
    try {
      return changes;
    } finally {
      lock.unlock();
    }
  }

  private long awaitChange(long seen) {
    lock.lock();
    try {
      long nanos = MILLISECONDS.toNanos(LOOK_AGAIN_MILLIS);
      while (changes == seen && nanos > 0) {
        nanos = changed.awaitNanos(nanos);
      }
      return changes;
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted while waiting", e);
    } finally {
      lock.unlock();
    }
  }
}
