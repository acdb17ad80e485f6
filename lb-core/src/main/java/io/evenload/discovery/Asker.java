package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenload.discovery.PollingServerList.Answer;
import io.evenload.discovery.PollingServerList.Source;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks the source of one subscription, one call at a time, on the calling thread: that is
 * interrupted while the source takes too long, or when it is closed.
 */
final class Asker {

  /*
   * Who interrupts does so under the lock, while the thread is in the source and neither before nor after; and an interrupt
   * that came too late for the source is taken back. So none reaches the listener or other work of that thread.
   */

  private final PollingServerList.Builder options;
  private final Subscriber subscriber;
  private final Later later;

  @GuardedBy("this")
  private @Nullable Source source;

  @GuardedBy("this")
  private @Nullable Thread inside; // who is in the source

  @GuardedBy("this")
  private long calls;

  @GuardedBy("this")
  private boolean interrupted;

  @GuardedBy("this")
  private boolean late;

  @GuardedBy("this")
  private boolean lateTold;

  @GuardedBy("this")
  private boolean closed;

  Asker(PollingServerList.Builder options, Subscriber subscriber, Later later) {
    this.options = options;
    this.subscriber = subscriber;
    this.later = later;
  }

  /** Runs something after a time. */
  @FunctionalInterface
  interface Later {

    /**
     * Returns what can be cancelled.
     *
     * @throws RejectedExecutionException if that cannot be run
     */
    Future<?> schedule(Runnable work, long nanos);
  }

  /**
   * Returns what the source answers.
   *
   * @throws Exception what the source throws, or {@link TimeoutException} if it was interrupted for
   *     taking too long
   */
  Answer ask() throws Exception {
    Source asked = source();
    long call = enter();
    Future<?> alarm = alarm(call);
    try {
      return requireNonNull(asked.look(), "the source answered null");
    } catch (Throwable e) {
      if (isLate(call)) {
        throw timeout(e);
      }
      throw e;
    } finally {
      leave();
      if (alarm != null) {
        alarm.cancel(false);
      }
    }
  }

  /** Returns the source, made by the first call that succeeds in doing so. */
  private Source source() {
    synchronized (this) {
      if (source != null) {
        return source;
      }
    }
    Source made = requireNonNull(options.sources.get(), "the supplier of sources gave null");
    boolean kept;
    synchronized (this) {
      kept = !closed;
      source = kept ? made : null;
    }
    if (!kept) {
      subscriber.contain("the source's close", made::close);
    }
    return made;
  }

  private synchronized long enter() throws InterruptedException {
    if (closed) {
      throw new InterruptedException("closed");
    }
    inside = Thread.currentThread();
    late = false;
    lateTold = false;
    return ++calls;
  }

  private synchronized void leave() {
    inside = null;
    if (interrupted) {
      interrupted = false;
      boolean unused = Thread.interrupted();
    }
  }

  private @Nullable Future<?> alarm(long call) {
    Duration limit = options.timeLimit;
    if (limit == null) {
      return null;
    }
    try {
      return later.schedule(() -> tookTooLong(call), limit.toNanos());
    } catch (RejectedExecutionException e) {
      return null; // whoever plans the next call will say so
    }
  }

  private void tookTooLong(long call) {
    synchronized (this) {
      if (!isInside(call)) {
        return;
      }
      late = true;
      interrupt();
    }
    subscriber.failed(timeout(null), () -> claim(call));
  }

  /** Whether the call goes on although it was interrupted, so that it is for the alarm to tell. */
  private synchronized boolean claim(long call) {
    lateTold = isInside(call);
    return lateTold;
  }

  private synchronized boolean isLate(long call) {
    return late && isInside(call);
  }

  @GuardedBy("this")
  private boolean isInside(long call) {
    return inside != null && calls == call;
  }

  @GuardedBy("this")
  private void interrupt() {
    Thread thread = inside;
    if (thread != null && thread != Thread.currentThread()) {
      interrupted = true;
      thread.interrupt();
    }
  }

  private TimeoutException timeout(@Nullable Throwable cause) {
    TimeoutException timeout = new TimeoutException("no answer within " + options.timeLimit);
    if (cause != null) {
      timeout.initCause(cause);
    }
    return timeout;
  }

  /** Whether it was told of the last call, while it went on, that it took too long. */
  synchronized boolean toldLate() {
    return lateTold;
  }

  /** Tells the source of a call that goes on that somebody cannot wait. */
  void refresh() {
    Source asked;
    synchronized (this) {
      asked = inside == null ? null : source;
    }
    if (asked != null) {
      subscriber.contain("the source's refresh", asked::refresh);
    }
  }

  /** Ends a call that goes on, and frees what the source holds. */
  void close() {
    Source closing;
    synchronized (this) {
      closed = true;
      closing = source;
      source = null;
      interrupt();
    }
    if (closing != null) {
      subscriber.contain("the source's close", closing::close);
    }
  }
}
