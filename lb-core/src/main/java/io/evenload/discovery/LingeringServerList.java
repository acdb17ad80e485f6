package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;

/**
 * A list from which servers go slowly: one that its source leaves out stays for a time, with less
 * and less weight. For sources that give another part of the servers each time, as DNS with
 * rotating answers, or that lose some for a moment.
 *
 * <pre>{@code
 * ServerList orders = LingeringServerList.of(DnsServerList.of("orders.example", 80), Duration.ofMinutes(5));
 * }</pre>
 *
 * <p>A server that is absent has 9 tenths of its weight at once, and a tenth less after each tenth
 * of the time; it is gone when the time is over, and back in full as soon as it is listed. So that
 * this can be said in whole numbers, all weights are ten times those of the source, unless one of
 * them is above 100,000: weigh against servers of other lists before, not after. With {@link
 * #draining} an absent server has weight 0: it gets no calls beside others, but the balancer keeps
 * what it knows of it and its connections. Memory goes by how many servers leave within the time.
 *
 * <p>Immutable and thread-safe.
 */
public final class LingeringServerList implements ServerList {

  private static final Duration LEAST = Duration.ofSeconds(1);
  private static final Duration MOST = Duration.ofDays(1);
  private static final int STEPS = 10;

  private final ServerList source;
  private final Duration linger;
  private final boolean draining;
  private final Timing timing;

  private LingeringServerList(ServerList source, Duration linger, boolean draining, Timing timing) {
    this.source = source;
    this.linger = linger;
    this.draining = draining;
    this.timing = timing;
  }

  /**
   * Returns a list whose servers fade out.
   *
   * @param linger how long a server stays that the source leaves out
   * @throws IllegalArgumentException if the time is not 1 second to 1 day
   */
  public static LingeringServerList of(ServerList source, Duration linger) {
    return new LingeringServerList(
        requireNonNull(source, "source"),
        PollingServerList.Builder.checked("linger", linger, LEAST, MOST),
        false,
        Timing.SYSTEM);
  }

  /** Returns the same list, in which an absent server has weight 0 at once. */
  public LingeringServerList draining() {
    return new LingeringServerList(source, linger, true, timing);
  }

  /**
   * Returns the same list that lives by this clock, such as one of a test.
   *
   * @param nanoTime the source of time in nanoseconds
   * @param scheduler runs what is due; the caller shuts it down
   */
  public LingeringServerList timedBy(LongSupplier nanoTime, ScheduledExecutorService scheduler) {
    return new LingeringServerList(source, linger, draining, Timing.of(nanoTime, scheduler));
  }

  @Override
  public Subscription subscribe(Listener listener) {
    return new Lingering(listener).start(source);
  }

  @Override
  public String toString() {
    return "linger[" + source + " for " + linger + "]";
  }

  private final class Lingering extends Stage {
    private final long stepNanos = linger.toNanos() / STEPS;
    private final Map<String, Absent> absent = new HashMap<>();
    private List<Server> present = List.of();
    private List<Server> told = List.of();
    private boolean known;

    Lingering(Listener listener) {
      super(LingeringServerList.this.toString(), LingeringServerList.this.timing, listener);
    }

    @Override
    void updated(List<Server> servers) {
      long now = timing.now();
      Map<String, Server> leaving = new HashMap<>();
      present.forEach(server -> leaving.put(server.id(), server));
      for (Server server : servers) {
        leaving.remove(server.id());
        absent.remove(server.id());
      }
      leaving.forEach((id, server) -> absent.put(id, new Absent(server, now)));
      present = servers;
      if (!tell(now)) {
        subscriber.confirmed();
      }
    }

    /** Tells what is left of the absent ones, and plans to do so again; false if it is the same. */
    private boolean tell(long now) {
      absent.values().removeIf(gone -> now - gone.sinceNanos >= linger.toNanos());
      List<Server> faded = faded(now);
      boolean changed = !known || !faded.equals(told);
      known = true;
      told = faded;
      if (changed) {
        subscriber.updated(faded);
      }
      if (!absent.isEmpty()) {
        after(nextStep(now), () -> tell(timing.now()));
      }
      return changed;
    }

    private long nextStep(long now) {
      long next = stepNanos;
      for (Absent gone : absent.values()) {
        next = Math.min(next, stepNanos - (now - gone.sinceNanos) % stepNanos);
      }
      return next;
    }

    private List<Server> faded(long now) {
      int scale = draining || tooHeavy() ? 1 : STEPS;
      Map<String, Server> byId = new TreeMap<>();
      for (Server server : present) {
        byId.put(server.id(), weighed(server, server.weight() * scale));
      }
      for (Absent gone : absent.values()) {
        long left = STEPS - 1 - Math.min(STEPS - 1, (now - gone.sinceNanos) / stepNanos);
        int weight = draining ? 0 : (int) (left * scale * gone.server.weight() / STEPS);
        byId.put(gone.server.id(), weighed(gone.server, weight));
      }
      return List.copyOf(byId.values());
    }

    private boolean tooHeavy() {
      int limit = Server.MAX_WEIGHT / STEPS;
      return present.stream().anyMatch(server -> server.weight() > limit)
          || absent.values().stream().anyMatch(gone -> gone.server.weight() > limit);
    }

    private static Server weighed(Server server, int weight) {
      return server.weight() == weight ? server : ServerLists.copy(server).weight(weight).build();
    }
  }

  private record Absent(Server server, long sinceNanos) {}
}
