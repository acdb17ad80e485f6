package io.evenload.micrometer;

import io.evenload.Outcome;
import io.evenload.Server;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The timers of each listed server, up to a number of servers. */
final class ServerTimers {

  private final NamedMeters named;
  private final MeterRegistry registry;
  private final String balancer;
  private final int maxServers;
  private final Map<String, Map<Outcome, Timer>> byServer = new ConcurrentHashMap<>();

  ServerTimers(NamedMeters named, MeterRegistry registry, String balancer, int maxServers) {
    this.named = named;
    this.registry = registry;
    this.balancer = balancer;
    this.maxServers = maxServers;
  }

  /** Makes timers for these servers and removes those of all others; one call at a time. */
  void retain(Collection<Server> servers) {
    Set<String> listed = new HashSet<>();
    servers.forEach(server -> listed.add(server.id()));
    byServer
        .entrySet()
        .removeIf(
            entry -> {
              boolean left = !listed.contains(entry.getKey());
              if (left) {
                entry.getValue().values().forEach(timer -> named.release(registry, timer));
              }
              return left;
            });
    for (Server server : servers) {
      if (byServer.size() < maxServers) {
        byServer.computeIfAbsent(server.id(), this::timers);
      }
    }
  }

  /** What ends at a server that left meanwhile is not recorded. */
  void record(String server, Outcome outcome, long nanos) {
    Map<Outcome, Timer> timers = byServer.get(server);
    Timer timer = timers == null ? null : timers.get(outcome);
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
}
