package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One subscription to a list that is made of another one. What that tells is taken one event at a
 * time, with the timer's among them; the fields of a stage belong to these events.
 */
abstract class Stage implements ServerList.Subscription {

  private static final Logger LOGGER = LoggerFactory.getLogger(ServerLists.class);

  final Subscriber subscriber;
  final Timing timing;
  private final Entries entries;
  private volatile ServerList.@Nullable Subscription upstream;
  private volatile @Nullable Future<?> timer;

  Stage(String name, Timing timing, ServerList.Listener listener) {
    this.subscriber = new Subscriber(name, LOGGER, requireNonNull(listener, "listener"));
    this.timing = timing;
    this.entries = new Entries(name, LOGGER, timing.nanoTime());
  }

  /** Takes a list, sorted and without garbage. */
  abstract void updated(List<Server> servers);

  /** Takes note that the list was confirmed; by default it is passed on. */
  void confirmed() {
    subscriber.confirmed();
  }

  /** Takes note that the source failed; by default it is passed on. */
  void failed(Throwable cause) {
    subscriber.failed(cause);
  }

  /** Subscribes to the source. */
  final ServerList.Subscription start(ServerList source) {
    upstream = requireNonNull(source.subscribe(new Heard()), "ServerList.subscribe returned null");
    if (subscriber.isClosed()) {
      closeUpstream();
    }
    return this;
  }

  /** Runs a task after a time, among the events; in place of one that waits already. */
  final void after(long nanos, Runnable task) {
    cancelTimer();
    try {
      timer = timing.after(nanos, () -> subscriber.execute(task));
    } catch (RejectedExecutionException e) {
      LOGGER.warn("{}: its scheduler refused", subscriber, e);
    }
    if (subscriber.isClosed()) {
      cancelTimer();
    }
  }

  private void cancelTimer() {
    Future<?> waiting = timer;
    timer = null;
    if (waiting != null) {
      waiting.cancel(false);
    }
  }

  @Override
  public void refresh() {
    ServerList.Subscription running = upstream;
    if (running != null && !subscriber.isClosed()) {
      subscriber.contain("refresh", running::refresh);
    }
  }

  @Override
  public void close() {
    subscriber.close();
    cancelTimer();
    closeUpstream();
  }

  private void closeUpstream() {
    ServerList.Subscription running = upstream;
    upstream = null;
    if (running != null) {
      subscriber.contain("close", running::close);
    }
  }

  /** Brings what the source tells in a row. */
  private final class Heard implements ServerList.Listener {

    @Override
    public void updated(List<Server> servers) {
      List<Server> fit;
      try {
        fit = entries.of(servers);
      } catch (Throwable e) {
        failed(e);
        return;
      }
      subscriber.execute(() -> Stage.this.updated(fit));
    }

    @Override
    public void confirmed() {
      subscriber.execute(Stage.this::confirmed);
    }

    @Override
    public void failed(Throwable cause) {
      subscriber.execute(() -> Stage.this.failed(cause));
    }
  }
}
