package io.evenload;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The servers that take no new attempt although they are listed: by hand until that is taken back,
 * or by their own announcement for a time. Control path only.
 */
final class DrainRegistry {

  private static final String BY_HAND = "drained by hand";

  private final Map<String, Standing> byHand = new HashMap<>();
  private final Map<String, Announcement> announced = new HashMap<>();

  /** Drains a server by hand, known or not. */
  void drain(String id) {
    byHand.put(id, Standing.draining(BY_HAND));
  }

  /** Drains a server for so long at most. */
  void announce(String id, Duration atMost, String reason, long now) {
    announced.put(id, new Announcement(Standing.draining(reason), now + atMost.toNanos()));
  }

  /** Takes both back; tells whether there was any. */
  boolean undrain(String id) {
    boolean drained = byHand.remove(id) != null;
    return announced.remove(id) != null || drained;
  }

  /** Forgets what a server announced, since it left: what returns under its id is another one. */
  void departed(String id) {
    announced.remove(id);
  }

  /** Returns how the server drains; null if it does not. */
  @Nullable Standing of(String id) {
    Standing standing = byHand.get(id);
    Announcement announcement = standing == null ? announced.get(id) : null;
    return announcement == null ? standing : announcement.standing;
  }

  /** Forgets the announcements whose time is over. */
  void expire(long now) {
    announced.values().removeIf(announcement -> now - announcement.untilNanos >= 0);
  }

  private record Announcement(Standing standing, long untilNanos) {}
}
