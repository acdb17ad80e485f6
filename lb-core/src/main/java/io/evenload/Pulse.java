package io.evenload;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Lets attempts notice that the tick of the control path has stopped. Lock-free. */
final class Pulse {

  static final long OVERDUE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final VarHandle OVERDUE;

  static {
    try {
      OVERDUE = MethodHandles.lookup().findVarHandle(Pulse.class, "overdueNanos", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long overdueNanos;
  private volatile Runnable onMissed = () -> {};

  Pulse(LongSupplier nanoTime) {
    overdueNanos = nanoTime.getAsLong() + OVERDUE_NANOS;
  }

  /** Sets what is run, on the thread of an attempt, when the tick is overdue. */
  void onMissed(Runnable missed) {
    onMissed = missed;
  }

  /** The tick has come. */
  void beat(long now) {
    overdueNanos = now + OVERDUE_NANOS;
  }

  /** An attempt ends now; one of those that find the tick overdue tells, in 5 seconds. */
  void passes(long now) {
    long overdue = overdueNanos;
    if (now - overdue >= 0 && OVERDUE.compareAndSet(this, overdue, now + OVERDUE_NANOS)) {
      onMissed.run();
    }
  }
}
