package io.evenload.discovery;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.internal.threads.SerialExecutor;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The listener of one subscription. It hears one event at a time and in order, a list only if it is
 * another than the last, and nothing after {@link #close}; what it throws is contained.
 * Thread-safe.
 */
final class Subscriber {

  private final String list;
  private final Logger logger;
  private final ServerList.Listener listener;
  private final SerialExecutor serial;

  private volatile @Nullable List<Server> last; // written within the serial executor
  private volatile boolean closed;

  /** Names the list in the log. */
  Subscriber(String list, Logger logger, ServerList.Listener listener) {
    this.list = list;
    this.logger = logger;
    this.listener = listener;
    this.serial = new SerialExecutor(e -> logger.warn("{}: the listener threw", list, e));
  }

  /** Runs what may lead to an event after all that was given before, unless it is closed then. */
  void execute(Runnable task) {
    serial.execute(
        () -> {
          if (!closed) {
            task.run();
          }
        });
  }

  /** Tells of a list, which is sorted; or, if it is the last one, that it is confirmed. */
  void updated(List<Server> servers) {
    execute(
        () -> {
          if (servers.equals(last)) {
            listener.confirmed();
          } else {
            last = servers;
            listener.updated(servers);
          }
        });
  }

  /** Tells that the last list is confirmed, if there is one. */
  void confirmed() {
    execute(
        () -> {
          if (last != null) {
            listener.confirmed();
          }
        });
  }

  /** Tells of a failure. */
  void failed(Throwable cause) {
    execute(() -> listener.failed(cause));
  }

  /** Tells of a failure, if that is still so when it is its turn. */
  void failed(Throwable cause, BooleanSupplier still) {
    execute(
        () -> {
          if (still.getAsBoolean()) {
            listener.failed(cause);
          }
        });
  }

  /** The list that was told last; null before the first. */
  @Nullable List<Server> last() {
    return last;
  }

  boolean isClosed() {
    return closed;
  }

  /** Nothing begins to be told after this. */
  void close() {
    closed = true;
  }

  /** Runs what somebody else wrote; what it throws is logged and goes no further. */
  void contain(String what, Runnable call) {
    try {
      call.run();
    } catch (Throwable e) {
      logger.warn("{}: {} threw", list, what, e);
    }
  }

  /** The list, for the log. */
  @Override
  public String toString() {
    return list;
  }
}
