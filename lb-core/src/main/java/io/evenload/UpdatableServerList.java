package io.evenload;

import static java.util.Objects.requireNonNull;

import io.evenload.internal.threads.SerialExecutor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server list that the program sets itself. Thread-safe and lock-free: concurrent updates reach
 * every subscriber one at a time, in one order that is the same for all.
 */
public final class UpdatableServerList implements ServerList {

  private static final Logger logger = LoggerFactory.getLogger(UpdatableServerList.class);

  private final SerialExecutor serial =
      new SerialExecutor(e -> logger.warn("A listener of a server list threw", e));
  private final List<Subscriber> subscribers = new ArrayList<>(); // only within serial
  private @Nullable List<Server> current; // only within serial

  /**
   * Creates a list that is not known yet: subscribers hear nothing until the first {@link #update}.
   */
  public UpdatableServerList() {}

  /** Creates a list with these servers. */
  public UpdatableServerList(Collection<Server> servers) {
    update(servers);
  }

  /**
   * Publishes a new list. Returns when the subscribers have it, unless another thread is publishing
   * at this moment: then that thread goes on with this update.
   */
  public void update(Collection<Server> servers) {
    List<Server> copy = List.copyOf(requireNonNull(servers, "servers"));
    serial.execute(
        () -> {
          current = copy;
          tellAll(listener -> listener.updated(copy));
        });
  }

  /**
   * Says that the list given last is still the whole truth, as a source does that has looked and
   * found nothing new. Without a list yet it says nothing.
   */
  public void confirmed() {
    serial.execute(
        () -> {
          if (current != null) {
            tellAll(Listener::confirmed);
          }
        });
  }

  /** Says that the list could not be refreshed; the last one stays in force. */
  public void failed(Throwable cause) {
    requireNonNull(cause, "cause");
    serial.execute(() -> tellAll(listener -> listener.failed(cause)));
  }

  private void tellAll(Consumer<Listener> event) {
    subscribers.forEach(subscriber -> subscriber.deliver(event));
  }

  @Override
  public Subscription subscribe(Listener listener) {
    Subscriber subscriber = new Subscriber(requireNonNull(listener, "listener"));
    serial.execute(
        () -> {
          subscribers.add(subscriber);
          List<Server> known = current;
          if (known != null) {
            subscriber.deliver(told -> told.updated(known));
          }
        });
    return () -> {
      subscriber.closed = true;
      serial.execute(() -> subscribers.remove(subscriber));
    };
  }

  @Override
  public String toString() {
    return "UpdatableServerList";
  }

  private static final class Subscriber {
    private final Listener listener;
    volatile boolean closed;

    Subscriber(Listener listener) {
      this.listener = listener;
    }

    void deliver(Consumer<Listener> event) {
      if (closed) {
        return;
      }
      try {
        event.accept(listener);
      } catch (Throwable e) {
        logger.warn("A listener of a server list threw", e);
      }
    }
  }
}
