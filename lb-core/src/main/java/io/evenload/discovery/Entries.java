package io.evenload.discovery;

import io.evenload.Server;
import io.evenload.internal.text.PlainText;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Makes what a source answered fit to be told: sorted by id, without nulls, and of servers of one
 * id the first. A line of the log, once a minute at most, names what was left out. Not thread-safe.
 */
final class Entries {

  private static final long LOG_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final int NAMED = 10;

  private final String list;
  private final Logger logger;
  private final LongSupplier nanoTime;
  private boolean logged;
  private long loggedNanos;
  private long unsaid; // answers since then with something left out

  Entries(String list, Logger logger, LongSupplier nanoTime) {
    this.list = list;
    this.logger = logger;
    this.nanoTime = nanoTime;
  }

  /** Returns the list; immutable. */
  List<Server> of(Collection<? extends @Nullable Server> answered) {
    Map<String, Server> byId = new TreeMap<>();
    Set<String> doubled = new LinkedHashSet<>();
    int nulls = 0;
    for (Server server : answered) {
      if (server == null) {
        nulls++;
        continue;
      }
      Server first = byId.putIfAbsent(server.id(), server);
      if (first != null && !first.equals(server)) {
        doubled.add(server.id());
      }
    }
    if (nulls > 0 || !doubled.isEmpty()) {
      tell(nulls, doubled);
    }
    return List.copyOf(byId.values());
  }

  private void tell(int nulls, Set<String> doubled) {
    long now = nanoTime.getAsLong();
    if (logged && now - loggedNanos < LOG_NANOS) {
      unsaid++;
      return;
    }
    logged = true;
    loggedNanos = now;
    String before = unsaid > 0 ? " (and of " + unsaid + " answers before)" : "";
    unsaid = 0;
    logger.warn("{}: left out of the list: {}{}", list, words(nulls, doubled), before);
  }

  private static String words(int nulls, Set<String> doubled) {
    String ids = doubled.stream().limit(NAMED).map(PlainText::of).collect(Collectors.joining(", "));
    String more = doubled.size() > NAMED ? " and " + (doubled.size() - NAMED) + " more" : "";
    String others = doubled.isEmpty() ? "" : "other servers with the ids " + ids + more;
    String empty = nulls == 0 ? "" : nulls + " times null";
    return empty + (empty.isEmpty() || others.isEmpty() ? "" : ", ") + others;
  }
}
