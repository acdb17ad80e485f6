package io.evenload.discovery;

import io.evenload.Server;
import io.evenload.ServerList;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The servers of a list, each changed or left out.
 *
 * @param name for the log and the status
 */
record MappedServerList(String name, ServerList source, ServerLists.Change change)
    implements ServerList {

  private static final Logger LOGGER = LoggerFactory.getLogger(ServerLists.class);
  private static final long LOG_NANOS = TimeUnit.MINUTES.toNanos(1);

  @Override
  public Subscription subscribe(Listener listener) {
    return new Mapping(listener).start(source);
  }

  @Override
  public String toString() {
    return name;
  }

  private final class Mapping extends Stage {
    private final Entries changed = new Entries(name, LOGGER, Timing.SYSTEM.nanoTime());
    private boolean logged;
    private long loggedNanos;

    Mapping(Listener listener) {
      super(name, Timing.SYSTEM, listener);
    }

    @Override
    void updated(List<Server> servers) {
      List<Server> result = new ArrayList<>(servers.size());
      Throwable thrown = null;
      for (Server server : servers) {
        try {
          Server mapped = change.apply(server);
          if (mapped != null) {
            result.add(mapped);
          }
        } catch (Throwable e) {
          thrown = e;
          log(server, e);
        }
      }
      if (thrown != null && result.isEmpty()) {
        subscriber.failed(thrown);
      } else {
        subscriber.updated(changed.of(result));
      }
    }

    private void log(Server server, @Nullable Throwable cause) {
      long now = timing.now();
      if (!logged || now - loggedNanos >= LOG_NANOS) {
        logged = true;
        loggedNanos = now;
        LOGGER.warn("{}: left out of the list, as the function threw: {}", name, server, cause);
      }
    }
  }
}
