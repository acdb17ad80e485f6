package io.evenload.discovery;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.PollingServerList.Answer;
import io.evenload.internal.threads.SharedThreads;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One subscription to a list whose source is asked: looks, tells, waits. */
final class Poller implements ServerList.Subscription {

  /*
   * One look is planned at any time, or runs; each plans the next, which takes the place of any that is planned already. A
   * refresh plans one earlier, or has the one that runs plan it. The lock guards what is planned, and is never held while
   * the source, the listener or the scheduler does anything; what looks remember is theirs alone, as they never overlap.
   *
   * A list of thousands of servers takes some milliseconds to be brought into force. A source that says "again at once" while
   * they change all the time is therefore asked no sooner than thirty times that later, or half a second.
   */

  private static final int SHARE = 30;
  private static final long LONGEST_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long REFUSED_RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final PollingServerList.Builder options;
  private final Subscriber subscriber;
  private final Asker asker;
  private final Entries entries;
  private final @Nullable ScheduledExecutorService scheduler; // null: the shared threads

  private boolean hadServers; // within a look, as the next
  private int failures; // in a row

  @GuardedBy("this")
  private @Nullable Future<?> task;

  @GuardedBy("this")
  private long plans;

  @GuardedBy("this")
  private long dueNanos;

  @GuardedBy("this")
  private long beganNanos;

  @GuardedBy("this")
  private boolean looking;

  @GuardedBy("this")
  private boolean lookAgain;

  @GuardedBy("this")
  private boolean hurried; // the look that goes on

  @GuardedBy("this")
  private boolean closed;

  Poller(PollingServerList.Builder options, ServerList.Listener listener) {
    this.options = options;
    this.scheduler = options.scheduler;
    this.subscriber = new Subscriber(options.name, options.logger, listener);
    this.entries = new Entries(options.name, options.logger, options.nanoTime);
    this.asker = new Asker(options, subscriber, this::schedule);
    this.beganNanos = now() - 2 * options.minGap.toNanos();
  }

  /**
   * Looks for the first time.
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
    Future<?> planned = schedule(this::look, nanos);
    Future<?> obsolete;
    synchronized (this) {
      boolean latest =
          plans == mine && !closed; // the look may have run by now, and planned the next
      obsolete = latest ? task : planned;
      if (latest) {
        task = planned;
        dueNanos = now() + nanos;
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

  private void look() {
    if (!begin()) {
      return;
    }
    long wait = options.interval.toNanos();
    try {
      wait = ask();
    } finally {
      planNext(end(wait));
    }
  }

  private synchronized boolean begin() {
    if (closed || looking) {
      return false;
    }
    looking = true;
    lookAgain = false;
    hurried = false;
    beganNanos = now();
    return true;
  }

  private synchronized long end(long wait) {
    looking = false;
    return lookAgain ? Math.min(wait, gapNanos()) : wait;
  }

  /** Returns how long to wait. */
  private long ask() {
    Answer answer;
    List<Server> servers;
    try {
      answer = asker.ask();
      servers = entries.of(answer.servers());
    } catch (Throwable e) {
      if (!asker.toldLate()) {
        subscriber.failed(e);
      }
      return backoffNanos();
    }
    failures = 0;
    hadServers |= !servers.isEmpty();
    long begun = now();
    subscriber.updated(servers);
    long rest = Math.min(LONGEST_REST_NANOS, SHARE * (now() - begun));
    return Math.max(rest, waitNanos(answer.next()));
  }

  private long backoffNanos() {
    long least = options.minBackoff.toNanos();
    long most = options.maxBackoff.toNanos();
    long wait = least;
    for (int i = 0; i < failures && wait < most; i++) {
      wait *= 2;
    }
    failures++;
    return (long) (Math.min(wait, most) * jitter());
  }

  private long waitNanos(@Nullable Duration next) {
    if (next != null) {
      long wait = (long) (nanos(next) * (1 + Math.abs(jitter() - 1)));
      synchronized (this) {
        return Math.max(wait, options.minGap.toNanos() - (now() - beganNanos));
      }
    }
    long wait = options.interval.toNanos();
    return (long) ((hadServers ? wait : Math.min(wait, options.minBackoff.toNanos())) * jitter());
  }

  /** A factor around 1, as far from it as the jitter lets it. */
  private double jitter() {
    return 1 + options.jitter * (2 * options.random.nextDouble() - 1);
  }

  private static long nanos(Duration duration) {
    return duration.compareTo(PollingServerList.Builder.MAX_INTERVAL) > 0
        ? PollingServerList.Builder.MAX_INTERVAL.toNanos()
        : duration.toNanos();
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
      options.logger.error(
          "{}: its scheduler was shut down, so {} is not asked any more",
          options.name,
          options.asked);
      return;
    }
    options.logger.warn("{}: its scheduler refused; trying again", options.name, cause);
    Future<?> unused = SharedThreads.SHARED.after(REFUSED_RETRY_NANOS, () -> planNext(0));
  }

  /** Looks at once, or a gap after the last time and up to the jitter later. */
  @Override
  public void refresh() {
    if (isLooking()) {
      return;
    }
    long wait;
    synchronized (this) {
      wait = gapNanos();
      if (closed || looking || (task != null && dueNanos - now() <= wait)) {
        return; // or it looks by then anyway
      }
    }
    try {
      plan(wait);
    } catch (RejectedExecutionException e) {
      // The look that is planned will do.
    }
  }

  /** Whether it looks now, and will do so again then; a look that waits is told, once. */
  private boolean isLooking() {
    boolean first;
    synchronized (this) {
      lookAgain = looking;
      if (!looking) {
        return false;
      }
      first = !closed && !hurried && gapNanos() == 0;
      hurried |= first;
    }
    if (first) {
      asker.refresh();
    }
    return true;
  }

  @GuardedBy("this")
  private long gapNanos() {
    long apart = (long) (options.minGap.toNanos() * (1 + Math.abs(jitter() - 1)));
    return Math.max(0, apart - (now() - beganNanos));
  }

  private long now() {
    return options.nanoTime.getAsLong();
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    Future<?> pending;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      pending = task;
      task = null;
    }
    subscriber.close();
    if (pending != null) {
      pending.cancel(false);
    }
    asker.close();
  }
}
