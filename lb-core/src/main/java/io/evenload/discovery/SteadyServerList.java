package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A list that does not lose many servers at once: if its source leaves out more than a part of
 * them, as a registry that has just restarted does, those stay for a time, and only then is it
 * believed.
 *
 * <pre>{@code
 * ServerList orders = SteadyServerList.of(consul, 0.5, Duration.ofMinutes(5));
 * }</pre>
 *
 * <p>Servers that the doubted answer adds or changes count at once. While it is held the list
 * counts as {@linkplain ServerList.Listener#failed failed}, which tells of it. The time ends early
 * when an answer comes that leaves out no more than the part. An empty list leaves out all.
 *
 * <p>Immutable and thread-safe.
 */
public final class SteadyServerList implements ServerList {

  private static final Logger LOGGER = LoggerFactory.getLogger(ServerLists.class);
  private static final Duration LEAST = Duration.ofSeconds(1);
  private static final Duration MOST = Duration.ofDays(1);

  private final ServerList source;
  private final double part;
  private final Duration hold;
  private final Timing timing;

  private SteadyServerList(ServerList source, double part, Duration hold, Timing timing) {
    this.source = source;
    this.part = part;
    this.hold = hold;
    this.timing = timing;
  }

  /**
   * Returns a list that loses at most a part of its servers at once.
   *
   * @param part of the servers, by heads; 0.5 lets half of them go
   * @param hold how long more than that is doubted
   * @throws IllegalArgumentException if the part is not 0 to 1, 1 excluded, or the time is not 1
   *     second to 1 day
   */
  public static SteadyServerList of(ServerList source, double part, Duration hold) {
    if (!(part >= 0 && part < 1)) {
      throw new IllegalArgumentException("part: " + part + " (expected: 0 to 1, 1 excluded)");
    }
    return new SteadyServerList(
        requireNonNull(source, "source"),
        part,
        PollingServerList.Builder.checked("hold", hold, LEAST, MOST),
        Timing.SYSTEM);
  }

  /**
   * Returns the same list that lives by this clock, such as one of a test.
   *
   * @param nanoTime the source of time in nanoseconds
   * @param scheduler runs what is due; the caller shuts it down
   */
  public SteadyServerList timedBy(LongSupplier nanoTime, ScheduledExecutorService scheduler) {
    return new SteadyServerList(source, part, hold, Timing.of(nanoTime, scheduler));
  }

  @Override
  public Subscription subscribe(Listener listener) {
    return new Holding(listener).start(source);
  }

  @Override
  public String toString() {
    return "steady[" + source + "]";
  }

  private final class Holding extends Stage {
    private List<Server> believed = List.of(); // the last list that was not doubted
    private @Nullable List<Server> doubted;
    private @Nullable List<Server> told;
    private long sinceNanos;

    Holding(Listener listener) {
      super(SteadyServerList.this.toString(), SteadyServerList.this.timing, listener);
    }

    @Override
    void updated(List<Server> servers) {
      int lost = lost(servers);
      if (lost <= part * believed.size()) {
        believe(servers);
        return;
      }
      if (doubted == null) {
        sinceNanos = timing.now();
        after(hold.toNanos(), this::holdEnded);
        LOGGER.warn(
            "{}: {} of {} servers were left out at once; they stay for {}",
            subscriber,
            lost,
            believed.size(),
            hold);
      }
      doubted = servers;
      tell(withBelieved(servers));
      tellDoubt();
    }

    private int lost(List<Server> servers) {
      Set<String> ids = new HashSet<>();
      servers.forEach(server -> ids.add(server.id()));
      return (int) believed.stream().filter(server -> !ids.contains(server.id())).count();
    }

    private List<Server> withBelieved(List<Server> servers) {
      Map<String, Server> byId = new TreeMap<>();
      believed.forEach(server -> byId.put(server.id(), server));
      servers.forEach(server -> byId.put(server.id(), server));
      return List.copyOf(byId.values());
    }

    private void believe(List<Server> servers) {
      doubted = null;
      believed = servers;
      if (!tell(servers)) {
        subscriber.confirmed();
      }
    }

    private boolean tell(List<Server> servers) {
      boolean changed = !servers.equals(told);
      told = servers;
      if (changed) {
        subscriber.updated(servers);
      }
      return changed;
    }

    private void holdEnded() {
      List<Server> servers = doubted;
      if (servers != null && timing.now() - sinceNanos >= hold.toNanos()) {
        LOGGER.warn(
            "{}: the list of {} servers is believed after {}", subscriber, servers.size(), hold);
        believe(servers);
      }
    }

    @Override
    void confirmed() {
      if (doubted == null) {
        subscriber.confirmed();
      } else {
        tellDoubt();
      }
    }

    private void tellDoubt() {
      List<Server> servers = requireNonNull(doubted);
      subscriber.failed(
          new IOException(
              "the list has only "
                  + (believed.size() - lost(servers))
                  + " of the "
                  + believed.size()
                  + " servers before; the others stay for "
                  + hold));
    }
  }
}
