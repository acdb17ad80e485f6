package io.evenload.kubernetes;

import io.evenload.Server;
import io.evenload.ServerList;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells a listener what the slices say, in order and one event at a time. Thread-safe. */
final class Teller {

  /*
   * Each change of one slice is another list. With thousands of pods, some of which change all the time, making such lists
   * and bringing them into force would keep a core busy. So after a list that took some time the next one comes fifty times
   * that later, 0.6 s at most, and is the latest there is then. Whoever reads the watch goes on reading meanwhile:
   * the list that waits is told by a thread that lives for just that.
   */

  static final int SHARE = 50;
  static final long LONGEST_NANOS = Duration.ofMillis(600).toNanos();

  private static final Logger logger = LoggerFactory.getLogger(KubernetesServerList.class);

  private final String name;
  private final ServerList.Listener listener;
  private final LongSupplier nanoTime = System::nanoTime;
  private final ReentrantLock telling = new ReentrantLock();
  private final AtomicReference<Slices.@Nullable Known> waiting = new AtomicReference<>();
  private final AtomicBoolean helped = new AtomicBoolean();
  private volatile @Nullable List<Server> last; // written while telling, as the next
  private volatile long dueNanos = nanoTime.getAsLong();
  private volatile @Nullable Thread helper;
  private volatile boolean closed;

  Teller(String name, ServerList.Listener listener) {
    this.name = name;
    this.listener = listener;
  }

  /** Whether a list was told. */
  boolean hasTold() {
    return last != null;
  }

  /** Tells what is known, or that it is the same as before: now, or soon in a row of changes. */
  void tell(Slices.Known known) {
    waiting.set(known);
    if (dueNanos - nanoTime.getAsLong() <= 0) {
      tellWaiting();
    } else if (helped.compareAndSet(false, true)) {
      Thread thread = new Thread(null, this::help, SliceWatch.THREAD, 0, false);
      thread.setDaemon(true);
      thread.setContextClassLoader(null);
      helper = thread;
      thread.start();
    }
  }

  /** Tells of a failure, after what is known. */
  void failed(Throwable cause) {
    tellWaiting();
    telling.lock();
    try {
      contain(() -> listener.failed(cause));
    } finally {
      telling.unlock();
    }
  }

  private void help() {
    do {
      for (long rest = rest(); rest > 0 && !closed; rest = rest()) {
        LockSupport.parkNanos(this, rest);
      }
      tellWaiting();
      helped.set(false);
    } while (waiting.get() != null && !closed && helped.compareAndSet(false, true));
  }

  private long rest() {
    return dueNanos - nanoTime.getAsLong();
  }

  private void tellWaiting() {
    telling.lock();
    try {
      Slices.Known known = waiting.getAndSet(null);
      if (known != null && !closed) {
        long begun = nanoTime.getAsLong();
        tellNow(known);
        long now = nanoTime.getAsLong();
        dueNanos = now + Math.min(LONGEST_NANOS, SHARE * (now - begun));
      }
    } finally {
      telling.unlock();
    }
  }

  private void tellNow(Slices.Known known) {
    List<Server> servers;
    try {
      servers = known.servers();
    } catch (IOException e) {
      contain(() -> listener.failed(e));
      return;
    }
    if (servers.equals(last)) {
      contain(listener::confirmed);
    } else {
      last = servers;
      contain(() -> listener.updated(servers));
    }
  }

  private void contain(Runnable news) {
    if (closed) {
      return;
    }
    try {
      news.run();
    } catch (Throwable e) {
      logger.warn("{}: the listener threw", name, e);
    }
  }

  /** Nothing begins to be told after this. */
  void close() {
    closed = true;
    LockSupport.unpark(helper);
  }
}
