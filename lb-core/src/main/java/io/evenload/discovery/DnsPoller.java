package io.evenload.discovery;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.internal.threads.SharedThreads;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One subscription to a {@link DnsServerList}: asks, tells, waits. */
final class DnsPoller implements ServerList.Subscription {

  /*
   * One poll is planned at any time, or runs; each plans the next, which takes the place of any that is planned already. A
   * refresh plans one earlier, or has the one that runs plan it. The lock guards what is planned, and is never held while
   * the resolver, the listener or the scheduler does anything; what polls remember is theirs alone, as they never overlap.
   */

  private static final Logger logger = LoggerFactory.getLogger(DnsServerList.class);
  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
  private static final long REFRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final DnsServerList.Builder options;
  private final ServerList.Listener listener;
  private final @Nullable ScheduledExecutorService scheduler; // null: the shared threads

  private @Nullable List<Server> last; // within a poll, as the next three
  private boolean hadServers;
  private boolean unknown;
  private long unknownSinceNanos;

  @GuardedBy("this")
  private @Nullable Future<?> task;

  @GuardedBy("this")
  private long plans;

  @GuardedBy("this")
  private long dueNanos;

  @GuardedBy("this")
  private long askedNanos;

  @GuardedBy("this")
  private boolean asking;

  @GuardedBy("this")
  private boolean askAgain;

  @GuardedBy("this")
  private boolean closed;

  DnsPoller(DnsServerList.Builder options, ServerList.Listener listener) {
    this.options = options;
    this.listener = listener;
    this.scheduler = options.scheduler();
    this.askedNanos = options.now() - 2 * REFRESH_NANOS;
  }

  /**
   * Asks for the first time.
   *
   * @throws RejectedExecutionException if there is no thread to do so
   */
  void start() {
    plan(0);
  }

  private void plan(long nanos) {
    long mine;
    synchronized (this) {
      mine = ++plans;
    }
    Future<?> planned = schedule(this::poll, nanos);
    Future<?> obsolete;
    synchronized (this) {
      boolean latest =
          plans == mine && !closed; // the poll may have run by now, and planned the next
      obsolete = latest ? task : planned;
      if (latest) {
        task = planned;
        dueNanos = options.now() + nanos;
      }
    }
    if (obsolete != null) {
      obsolete.cancel(false);
    }
  }

  private Future<?> schedule(Runnable work, long nanos) {
    return scheduler == null
        ? SharedThreads.SHARED.after(nanos, work)
        : scheduler.schedule(work, nanos, TimeUnit.NANOSECONDS);
  }

  private void poll() {
    if (!begin()) {
      return;
    }
    try {
      ask();
    } catch (Throwable e) {
      logger.warn("{}: the listener threw", options, e);
    } finally {
      planNext(end());
    }
  }

  private synchronized boolean begin() {
    if (closed || asking) {
      return false;
    }
    asking = true;
    askAgain = false;
    askedNanos = options.now();
    return true;
  }

  /** Returns how long to wait. */
  private synchronized long end() {
    asking = false;
    Duration interval = options.interval();
    boolean first = !hadServers && interval.compareTo(FIRST_RETRY) > 0;
    long wait = (long) ((first ? FIRST_RETRY : interval).toNanos() * options.jitter());
    return askAgain ? Math.min(wait, refreshWaitNanos()) : wait;
  }

  private void ask() {
    List<Server> servers;
    try {
      servers = options.resolve();
    } catch (Throwable e) {
      failed(e);
      return;
    }
    unknown = false;
    tell(servers);
  }

  private void tell(List<Server> servers) {
    if (isClosed()) {
      return;
    }
    if (servers.equals(last)) {
      listener.confirmed();
      return;
    }
    last = servers;
    hadServers |= !servers.isEmpty();
    listener.updated(servers);
  }

  private void failed(Throwable cause) {
    long now = options.now();
    if (!(cause instanceof UnknownHostException)) {
      unknown = false;
    } else if (!unknown) {
      unknown = true;
      unknownSinceNanos = now;
    }
    if (isClosed()) {
      return;
    }
    listener.failed(cause);
    boolean forLong = unknown && now - unknownSinceNanos >= options.unknownGrace().toNanos();
    if (forLong && !List.of().equals(last)) {
      logger.warn("{}: unknown for {}; the list is empty now", options, options.unknownGrace());
      tell(List.of());
    }
  }

  private void planNext(long nanos) {
    if (isClosed()) {
      return;
    }
    try {
      plan(nanos);
    } catch (RejectedExecutionException e) {
      refused(e);
    }
  }

  /** The scheduler takes no work, now or for good. */
  private void refused(RejectedExecutionException cause) {
    if (isClosed()) {
      return;
    }
    if (scheduler == null || scheduler.isShutdown()) {
      logger.error("{}: its scheduler was shut down, so the name is not asked any more", options);
      return;
    }
    logger.warn("{}: its scheduler refused; trying again", options, cause);
    Future<?> unused = SharedThreads.SHARED.after(FIRST_RETRY.toNanos(), () -> planNext(0));
  }

  /** Asks at once, or a second after the last time and up to the jitter later. */
  @Override
  public void refresh() {
    long wait;
    synchronized (this) {
      wait = refreshWaitNanos();
      askAgain = asking;
      if (closed || asking || (task != null && dueNanos - options.now() <= wait)) {
        return; // or it is asked by then anyway
      }
    }
    try {
      plan(wait);
    } catch (RejectedExecutionException e) {
      // The poll that is planned will do.
    }
  }

  @GuardedBy("this")
  private long refreshWaitNanos() {
    long since = options.now() - askedNanos;
    long apart = (long) (REFRESH_NANOS * (1 + Math.abs(options.jitter() - 1)));
    return Math.max(0, apart - since);
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    Future<?> pending;
    synchronized (this) {
      closed = true;
      pending = task;
      task = null;
    }
    if (pending != null) {
      pending.cancel(scheduler == null); // a resolver on a shared thread is interrupted
    }
  }
}
