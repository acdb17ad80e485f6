package io.evenload;

import io.evenload.health.OutlierDetection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Takes endpoints out whose attempts fail too often, and brings them back when their time is over.
 * Control path only.
 */
final class Ejector {

  /*
   * Attempts only count, by one compare-and-set each, and every decision is taken on the control path, where nothing
   * else happens meanwhile: the cap is checked against the very list in force, and nobody is ejected twice.
   *
   * One attempt alone makes a streak reach its limit, and asks the control path to look, unless that was asked already.
   * The alarm is rearmed before the streaks are read, so whoever finds it muted has counted before they are. After a look
   * that ejected nobody it stays muted until the next tick, which looks anyway: so there is at most one look for each
   * ejection and one for each tick, however many attempts fail.
   *
   * What the others do meanwhile says whether failures in a row, or without an answer, are more than a request's fault:
   * see Peers. Where they fail too it takes more of them, which the tick counts.
   *
   * Ejections end with the one-second tick, so none needs a timer. Failures of the time in which an endpoint is out, for
   * this or another reason, are not held against it when it comes back.
   */

  private static final int MIN_KNOWN = 3;
  private static final int MIN_ELIGIBLE = 2;

  private final BalancerContext balancer;
  private final OutlierDetection options;
  private final Control control;
  private final StreakAlarm alarm;
  private long intervalStart;

  /**
   * Makes the ejector of a balancer.
   *
   * @param control where {@link #look} is asked for
   */
  Ejector(BalancerContext balancer, OutlierDetection options, Control control) {
    this(balancer, options, control, balancer.nanoTime().getAsLong());
  }

  private Ejector(
      BalancerContext balancer, OutlierDetection options, Control control, long intervalStart) {
    this.balancer = balancer;
    this.options = options;
    this.control = control;
    this.alarm =
        new StreakAlarm(
            options.consecutiveFailures(), control::requestLook, control::requestRefresh);
    this.intervalStart = intervalStart;
  }

  /** Returns the ejector that goes on with other options, in the interval that runs. */
  Ejector with(OutlierDetection options) {
    return new Ejector(balancer, options, control, intervalStart);
  }

  /** What counts the failures in a row, on the threads of the attempts. */
  StreakAlarm alarm() {
    return alarm;
  }

  /** Ejects those with too many failures in a row; tells whether there were any. */
  boolean look(Members members, long now) {
    alarm.rearm();
    boolean ejected = ejectStreaks(members, now);
    if (!ejected) {
      alarm.mute();
    }
    return ejected;
  }

  /** Lets time pass: ends ejections and begins others. */
  void tick(Members members, long now) {
    endEjections(members, now);
    alarm.rearm();
    ejectStreaks(members, now);
    ejectSilent(members, now);
    if (now - intervalStart >= options.interval().toNanos()) {
      intervalStart = now;
      judgeInterval(members, now);
    }
  }

  /** Ejects an endpoint for what is known from elsewhere, if it may be; tells whether it was. */
  boolean eject(RosterEntry entry, Duration atMost, String reason, Members members, long now) {
    if (members.state(entry) != EndpointState.ELIGIBLE || !new Room(members).take(entry)) {
      return false;
    }
    long nanos = Math.min(atMost.toNanos(), options.maxEjectionTime().toNanos());
    begin(entry, entry.ejection.times(), nanos, reason, now);
    return true;
  }

  private static void endEjections(Members members, long now) {
    for (RosterEntry entry : members.all()) {
      Ejection ejection = entry.ejection;
      if (ejection.running() && now - ejection.endNanos() >= 0) {
        entry.ejection = ejection.over();
        entry.endpoint.forgetOutcomes();
        entry.endpoint.forgetLast();
      }
    }
  }

  private boolean ejectStreaks(Members members, long now) {
    boolean ejected = false;
    Room room = null;
    Peers peers = null;
    for (RosterEntry entry : members.all()) {
      int streak = entry.endpoint.failuresInARow();
      if (!alarm.tooMany(streak)) {
        continue;
      }
      if (members.state(entry) != EndpointState.ELIGIBLE) {
        entry.endpoint.forgetOutcomes();
        continue;
      }
      room = room == null ? new Room(members) : room;
      peers = peers == null ? Peers.of(members) : peers;
      if (!peers.mayBeChance(entry, streak) && room.take(entry)) {
        begin(entry, streak + " failures in a row", now);
        ejected = true;
      }
    }
    return ejected;
  }

  /**
   * Ejects those that answer nothing, unless they are half of all or more. Of two, one may be: that
   * it keeps silent while the other one answers is plainer than a few failures are.
   */
  private void ejectSilent(Members members, long now) {
    List<RosterEntry> silent = new ArrayList<>();
    int eligible = 0;
    for (RosterEntry entry : members.all()) {
      if (members.state(entry) != EndpointState.ELIGIBLE) {
        entry.endpoint.answered(); // what it did not answer meanwhile is not held against it
        continue;
      }
      eligible++;
      if (OutlierRule.silent(entry.endpoint.unanswered(), entry.endpoint.silentSeconds(now))) {
        silent.add(entry);
      }
    }
    boolean oneOfTwo = silent.size() == 1 && eligible == 2;
    if (silent.isEmpty() || (silent.size() * 2 >= eligible && !oneOfTwo)) {
      return;
    }
    Room room = new Room(members, 2);
    Peers peers = Peers.of(members);
    for (RosterEntry entry : silent) {
      int unanswered = entry.endpoint.unanswered();
      if (!peers.mayBeChance(entry, unanswered) && room.take(entry)) {
        begin(entry, unanswered + " attempts without any answer", now);
      }
    }
  }

  private void judgeInterval(Members members, long now) {
    Map<Integer, List<Peer>> eligible = new HashMap<>();
    for (RosterEntry entry : members.all()) {
      entry.countTraffic();
      long tally = entry.endpoint.takeCounts();
      if (members.state(entry) == EndpointState.ELIGIBLE) {
        int priority = entry.server().priority();
        eligible.computeIfAbsent(priority, p -> new ArrayList<>()).add(new Peer(entry, tally));
      }
    }
    eligible.values().forEach(peers -> judge(peers, members, now));
    for (RosterEntry entry : members.all()) {
      entry.ejection = entry.ejection.livedDown(now, options.interval().toNanos());
    }
  }

  private void judge(List<Peer> peers, Members members, long now) {
    long[] tallies = peers.stream().mapToLong(Peer::tally).toArray();
    Room room = null;
    for (OutlierRule.Outlier outlier : OutlierRule.find(tallies, options)) {
      RosterEntry entry = peers.get(outlier.index()).entry();
      room = room == null ? new Room(members) : room;
      if (room.take(entry)) {
        begin(entry, outlier.reason(), now);
      }
    }
  }

  private void begin(RosterEntry entry, String reason, long now) {
    int times = OutlierRule.times(entry.ejection.times(), options);
    long nanos = OutlierRule.ejectionNanos(times, balancer.random().nextDouble(), options);
    begin(entry, times, nanos, reason, now);
  }

  private static void begin(RosterEntry entry, int times, long nanos, String reason, long now) {
    long seconds = Math.max(1, Math.round(nanos / 1e9));
    String words = reason + ", for " + seconds + " s";
    entry.ejection = new Ejection(times, now + nanos, new Standing(EndpointState.EJECTED, words));
  }

  /** The endpoints of the roster, and what each may be used for at this moment. */
  record Members(Collection<RosterEntry> all, Function<RosterEntry, EndpointState> states) {

    EndpointState state(RosterEntry entry) {
      return states.apply(entry);
    }
  }

  private record Peer(RosterEntry entry, long tally) {}

  /** How many more endpoints may be ejected. */
  private final class Room {
    private final Map<Integer, Integer> known = new HashMap<>(); // by priority, as the next
    private final Map<Integer, Integer> ejected = new HashMap<>();
    private final int leastKnown;
    private int knownInAll;
    private int eligible;

    Room(Members members) {
      this(members, MIN_KNOWN);
    }

    Room(Members members, int leastKnown) {
      this.leastKnown = leastKnown;
      for (RosterEntry entry : members.all()) {
        EndpointState state = members.state(entry);
        if (!state.inService()) {
          continue;
        }
        int priority = entry.server().priority();
        known.merge(priority, 1, Integer::sum);
        ejected.merge(priority, entry.ejection.running() ? 1 : 0, Integer::sum);
        knownInAll++;
        eligible += state == EndpointState.ELIGIBLE ? 1 : 0;
      }
    }

    /** Takes a place for an eligible endpoint; false if there is none. */
    boolean take(RosterEntry entry) {
      int priority = entry.server().priority();
      int cap = OutlierRule.cap(known.getOrDefault(priority, 0), options.maxEjectionPercent());
      int taken = ejected.getOrDefault(priority, 0);
      if (knownInAll < leastKnown || eligible < MIN_ELIGIBLE || taken >= cap) {
        return false;
      }
      ejected.put(priority, taken + 1);
      eligible--;
      return true;
    }
  }
}
