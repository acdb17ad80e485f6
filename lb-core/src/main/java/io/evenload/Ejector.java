package io.evenload;

import io.evenload.health.OutlierDetection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * Takes endpoints out whose attempts fail too often, and brings them back when their time is over.
 * On the control path, but for {@link #ended}.
 */
final class Ejector {

  /*
   * Attempts only count, by one compare-and-set each, and every decision is taken on the control path, where nothing
   * else happens meanwhile: the cap is checked against the very list in force, and nobody is ejected twice.
   *
   * One attempt alone makes a streak reach its limit, and asks the control path to look, unless that was asked already.
   * `asked` is lowered before the streaks are read, so whoever finds it raised has counted before they are. After a look
   * that ejected nobody it stays raised until the next tick, which looks anyway: so there is at most one look for each
   * ejection and one for each tick, however many attempts fail.
   *
   * Ejections end with the one-second tick, so none needs a timer. Failures of the time in which an endpoint is out, for
   * this or another reason, are not held against it when it comes back.
   */

  private static final int MIN_KNOWN = 3;
  private static final int MIN_ELIGIBLE = 2;
  private static final int NEVER = Tally.MAX_STREAK + 1;

  private final BalancerContext balancer;
  private final OutlierDetection options;
  private final int streakLimit;
  private final Runnable askToLook;
  private final AtomicBoolean asked = new AtomicBoolean();
  private long intervalStart;

  /**
   * Makes the detector of a balancer.
   *
   * @param askToLook has {@link #look} called on the control path; run from any thread
   */
  Ejector(BalancerContext balancer, OutlierDetection options, Runnable askToLook) {
    this(balancer, options, askToLook, balancer.nanoTime().getAsLong());
  }

  private Ejector(
      BalancerContext balancer, OutlierDetection options, Runnable askToLook, long intervalStart) {
    this.balancer = balancer;
    this.options = options;
    this.askToLook = askToLook;
    this.streakLimit = options.consecutiveFailures() == 0 ? NEVER : options.consecutiveFailures();
    this.intervalStart = intervalStart;
  }

  /** Returns the detector that goes on with other options, in the interval that runs. */
  Ejector with(OutlierDetection options) {
    return new Ejector(balancer, options, askToLook, intervalStart);
  }

  /** Counts the outcome of an attempt; on any thread. */
  void ended(LiveEndpoint endpoint, boolean success) {
    if (endpoint.count(success) == streakLimit && asked.compareAndSet(false, true)) {
      askToLook.run();
    }
  }

  /** Ejects those with too many failures in a row; tells whether there were any. */
  boolean look(Members members, long now) {
    asked.set(false);
    boolean ejected = ejectStreaks(members, now);
    if (!ejected) {
      asked.set(true);
    }
    return ejected;
  }

  /** Lets time pass: ends ejections and begins others. */
  void tick(Members members, long now) {
    endEjections(members, now);
    asked.set(false);
    ejectStreaks(members, now);
    if (now - intervalStart >= options.interval().toNanos()) {
      intervalStart = now;
      judgeInterval(members, now);
    }
  }

  /** Ejects an endpoint for what is known from elsewhere, if it may be; tells whether it was. */
  boolean eject(LiveEndpoint endpoint, Duration atMost, String reason, Members members, long now) {
    if (members.state(endpoint) != EndpointState.ELIGIBLE || !new Room(members).take(endpoint)) {
      return false;
    }
    long nanos = Math.min(atMost.toNanos(), options.maxEjectionTime().toNanos());
    begin(endpoint, endpoint.ejection.times(), nanos, reason, now);
    return true;
  }

  private static void endEjections(Members members, long now) {
    for (LiveEndpoint endpoint : members.all()) {
      Ejection ejection = endpoint.ejection;
      if (ejection.running() && now - ejection.endNanos() >= 0) {
        endpoint.ejection = ejection.over();
        endpoint.forgetOutcomes();
      }
    }
  }

  private boolean ejectStreaks(Members members, long now) {
    boolean ejected = false;
    Room room = null;
    for (LiveEndpoint endpoint : members.all()) {
      int streak = endpoint.failuresInARow();
      if (streak < streakLimit) {
        continue;
      }
      if (members.state(endpoint) != EndpointState.ELIGIBLE) {
        endpoint.forgetOutcomes();
        continue;
      }
      room = room == null ? new Room(members) : room;
      if (room.take(endpoint)) {
        begin(endpoint, streak + " failures in a row", now);
        ejected = true;
      }
    }
    return ejected;
  }

  private void judgeInterval(Members members, long now) {
    Map<Integer, List<Peer>> eligible = new HashMap<>();
    for (LiveEndpoint endpoint : members.all()) {
      long tally = endpoint.takeCounts();
      if (members.state(endpoint) == EndpointState.ELIGIBLE) {
        int priority = endpoint.server().priority();
        eligible.computeIfAbsent(priority, p -> new ArrayList<>()).add(new Peer(endpoint, tally));
      }
    }
    eligible.values().forEach(peers -> judge(peers, members, now));
    for (LiveEndpoint endpoint : members.all()) {
      endpoint.ejection = endpoint.ejection.livedDown(now, options.interval().toNanos());
    }
  }

  private void judge(List<Peer> peers, Members members, long now) {
    long[] tallies = peers.stream().mapToLong(Peer::tally).toArray();
    Room room = null;
    for (OutlierRule.Outlier outlier : OutlierRule.find(tallies, options)) {
      LiveEndpoint endpoint = peers.get(outlier.index()).endpoint();
      room = room == null ? new Room(members) : room;
      if (room.take(endpoint)) {
        begin(endpoint, outlier.reason(), now);
      }
    }
  }

  private void begin(LiveEndpoint endpoint, String reason, long now) {
    int times = OutlierRule.times(endpoint.ejection.times(), options);
    long nanos = OutlierRule.ejectionNanos(times, balancer.random().nextDouble(), options);
    begin(endpoint, times, nanos, reason, now);
  }

  private static void begin(LiveEndpoint endpoint, int times, long nanos, String reason, long now) {
    long seconds = Math.max(1, Math.round(nanos / 1e9));
    String words = reason + ", for " + seconds + " s";
    endpoint.ejection =
        new Ejection(times, now + nanos, new Standing(EndpointState.EJECTED, words));
  }

  /** The endpoints of the roster, and what each may be used for at this moment. */
  record Members(Collection<LiveEndpoint> all, Function<LiveEndpoint, EndpointState> states) {

    EndpointState state(LiveEndpoint endpoint) {
      return states.apply(endpoint);
    }
  }

  private record Peer(LiveEndpoint endpoint, long tally) {}

  /** How many more endpoints may be ejected. */
  private final class Room {
    private final Map<Integer, Integer> known = new HashMap<>(); // by priority, as the next
    private final Map<Integer, Integer> ejected = new HashMap<>();
    private int knownInAll;
    private int eligible;

    Room(Members members) {
      for (LiveEndpoint endpoint : members.all()) {
        EndpointState state = members.state(endpoint);
        if (!state.inService()) {
          continue;
        }
        int priority = endpoint.server().priority();
        known.merge(priority, 1, Integer::sum);
        ejected.merge(priority, endpoint.ejection.running() ? 1 : 0, Integer::sum);
        knownInAll++;
        eligible += state == EndpointState.ELIGIBLE ? 1 : 0;
      }
    }

    /** Takes a place for an eligible endpoint; false if there is none. */
    boolean take(LiveEndpoint endpoint) {
      int priority = endpoint.server().priority();
      int cap = OutlierRule.cap(known.getOrDefault(priority, 0), options.maxEjectionPercent());
      int taken = ejected.getOrDefault(priority, 0);
      if (knownInAll < MIN_KNOWN || eligible < MIN_ELIGIBLE || taken >= cap) {
        return false;
      }
      ejected.put(priority, taken + 1);
      eligible--;
      return true;
    }
  }
}
