package io.evenload.micrometer;

import io.evenload.Outcome;
import io.evenload.Server;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The timers of each listed server, up to a number of servers. */
final class ServerTimers {

  private final NamedMeters named;
  private final MeterRegistry registry;
  private final String balancer;
  private final int maxServers;
  private final Map<String, Timers> byId = new ConcurrentHashMap<>();

  ServerTimers(NamedMeters named, MeterRegistry registry, String balancer, int maxServers) {
    this.named = named;
    this.registry = registry;
    this.balancer = balancer;
    this.maxServers = maxServers;
  }

  /**
   * Makes timers for these servers and removes those of all others; one call at a time. What has
   * the id of another one, at another host or port, begins anew.
   */
  void retain(Collection<Server> servers) {
    Map<String, Server> listed = new HashMap<>();
    servers.forEach(server -> listed.put(server.id(), server));
    byId.values()
        .removeIf(
            timers -> {
              boolean left = !timers.areOf(listed.get(timers.server.id()));
              if (left) {
                timers.byOutcome.values().forEach(timer -> named.release(registry, timer));
              }
              return left;
            });
    for (Server server : servers) {
      if (byId.size() < maxServers) {
        byId.computeIfAbsent(server.id(), id -> new Timers(server, timers(id)));
      }
    }
  }

  /** What ends at a server that left meanwhile is not recorded. */
  void record(Server server, Outcome outcome, long nanos) {
    Timers timers = byId.get(server.id());
    Timer timer = timers != null && timers.areOf(server) ? timers.byOutcome.get(outcome) : null;
    if (timer != null) {
      timer.record(nanos, TimeUnit.NANOSECONDS);
    }
  }

  private Map<Outcome, Timer> timers(String server) {
    Map<Outcome, Timer> timers = new EnumMap<>(Outcome.class);
    for (Outcome outcome : Outcome.values()) {
      timers.put(
          outcome,
          named.use(
              registry,
              Timer.builder("evenload.server.attempts")
                      .description(
                          "Attempts at one server that ended, from the start to the response")
                      .tag("balancer", balancer)
                      .tag("server", server)
                      .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                  ::register));
    }
    return timers;
  }

  /** Those of one server; what is at another host or port is another one. */
  private record Timers(Server server, Map<Outcome, Timer> byOutcome) {
    boolean areOf(@Nullable Server other) {
      return other != null
          && server.port() == other.port()
          && server.host().equals(other.host())
          && server.id().equals(other.id());
    }
  }
}
