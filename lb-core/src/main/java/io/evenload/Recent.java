package io.evenload;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What was known of servers that this client does not use any more, for 10 minutes, so that one
 * that comes back is not taken for a new one. Control path only.
 */
final class Recent<T> {

  static final long KEPT_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final Map<Identity, Known<T>> known = new LinkedHashMap<>();

  /** Keeps what is known of a server that is not used since then. */
  void put(Server server, T value, long sinceNanos) {
    known.put(Identity.of(server), new Known<>(value, sinceNanos));
  }

  /** Returns what is known of a server; null if nothing is any more. */
  @Nullable T get(Server server, long now) {
    Known<T> kept = known.isEmpty() ? null : known.get(Identity.of(server));
    return kept == null || kept.over(now) ? null : kept.value;
  }

  /** Returns what is known of a server that comes back, and keeps it no longer. */
  @Nullable T take(Server server, long now) {
    T value = get(server, now);
    known.remove(Identity.of(server));
    return value;
  }

  /** Forgets what is too old. */
  void expire(long now) {
    known.values().removeIf(kept -> kept.over(now));
  }

  void clear() {
    known.clear();
  }

  private record Known<T>(T value, long sinceNanos) {
    boolean over(long now) {
      return now - sinceNanos >= KEPT_NANOS;
    }
  }
}
