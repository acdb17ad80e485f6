package io.evenload.examples.drill;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** What was done during an incident, and what was said of it, with the time of each. */
final class Timeline {

  /** Who says it; what was done comes from the drill. */
  enum Source {
    DRILL,
    PAGE,
    METRICS,
    LOG;

    /** In lower case, as in the report. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** One thing that was done or said. */
  record Entry(Instant at, Source source, String text) {}

  private final Queue<Entry> entries = new ConcurrentLinkedQueue<>();

  void add(Instant at, Source source, String text) {
    entries.add(new Entry(at, source, text));
  }

  /** All of them, the earliest first. */
  List<Entry> entries() {
    return entries.stream().sorted(Comparator.comparing(Entry::at)).toList();
  }
}
