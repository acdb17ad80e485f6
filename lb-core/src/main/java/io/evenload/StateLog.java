package io.evenload;

import io.evenload.internal.text.PlainText;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log of what changes in one balancer: a line for each change, but at most {@value #BURST} in
 * each window of {@value #WINDOW_SECONDS} s, and then one that tells how many were held back.
 * Control path only.
 */
final class StateLog {

  /*
   * Ten thousand servers that flap would write as many lines a second. What a reader then needs is that it is so, and how
   * many may be chosen; so a storm costs 21 lines a window, whatever its size. What comes and goes with the list, or with
   * the subset, is told by the line of the list alone.
   */

  static final int BURST = 20;
  static final long WINDOW_SECONDS = 10;

  /** By its name, which docs/logging.md promises, so that nothing here knows the balancer. */
  private static final Logger logger = LoggerFactory.getLogger("io.evenload.LoadBalancer");

  private final BalancerContext balancer;
  private long windowStart;
  private int inWindow;
  private boolean panic;
  private boolean toldPanic;

  StateLog(BalancerContext balancer) {
    this.balancer = balancer;
    this.windowStart = balancer.nanoTime().getAsLong();
  }

  /** Tells of another list, whose servers are given by id. */
  void list(List<Server> before, Map<String, Server> now) {
    if (admits()) {
      long kept =
          before.stream().filter(server -> Identity.same(server, now.get(server.id()))).count();
      logger.info(
          "{}: list: {} servers ({} new, {} gone)",
          balancer.name(),
          now.size(),
          now.size() - kept,
          before.size() - kept);
    }
  }

  void changed(Server server, Standing from, Standing to, Collection<RosterEntry> entries) {
    if (ofTheList(from) || ofTheList(to) || !admits()) {
      return;
    }
    logger.info(
        "{}: {}: {} -> {}; {}",
        balancer.name(),
        words(server),
        from.state(),
        to.words(),
        eligible(entries));
  }

  private static boolean ofTheList(Standing standing) {
    return standing.equals(Standing.LEFT) || standing.state() == EndpointState.OUTSIDE_SUBSET;
  }

  void drained(Server server) {
    if (admits()) {
      logger.info("{}: {}: drained, nothing is in flight", balancer.name(), words(server));
    }
  }

  /** Tells when panic begins or ends. */
  void panic(boolean now, Collection<RosterEntry> entries) {
    panic = now;
    if (now != toldPanic
        && (inWindow < BURST || (inWindow == BURST && over(balancer.nanoTime().getAsLong())))) {
      tellPanic(entries);
    }
  }

  /** While many changes are held back, so is this one, and is told after them if it still holds. */
  private void tellPanic(Collection<RosterEntry> entries) {
    toldPanic = panic;
    if (admits()) {
      String what = panic ? "panic begins, health is ignored" : "panic ends";
      logger.info("{}: {}; {}", balancer.name(), what, eligible(entries));
    }
  }

  /** Tells how many changes were held back, if the window is over. */
  void tick(Collection<RosterEntry> entries) {
    long now = balancer.nanoTime().getAsLong();
    if (inWindow > BURST && over(now)) {
      logger.info(
          "{}: {} more changes in {} s; {}",
          balancer.name(),
          inWindow - BURST,
          TimeUnit.NANOSECONDS.toSeconds(now - windowStart),
          eligible(entries));
      windowStart = now;
      inWindow = 0;
      if (panic != toldPanic) {
        tellPanic(entries);
      }
    }
  }

  private boolean admits() {
    if (!logger.isInfoEnabled()) {
      return false;
    }
    long now = balancer.nanoTime().getAsLong();
    if (inWindow <= BURST && over(now)) { // else the tick ends it, and tells what was held back
      windowStart = now;
      inWindow = 0;
    }
    return ++inWindow <= BURST;
  }

  private boolean over(long now) {
    return now - windowStart >= TimeUnit.SECONDS.toNanos(WINDOW_SECONDS);
  }

  private static String eligible(Collection<RosterEntry> entries) {
    long known = entries.stream().filter(entry -> entry.listed).count();
    long eligible =
        entries.stream().filter(entry -> entry.endpoint.state() == EndpointState.ELIGIBLE).count();
    return String.format(Locale.ROOT, "%d of %d eligible", eligible, known);
  }

  /** Which server it is; its metadata may be what no log should have. */
  static String words(Server server) {
    String authority = server.host() + ":" + server.port();
    return server.id().equals(authority)
        ? authority
        : PlainText.of(server.id()) + " at " + authority;
  }
}
