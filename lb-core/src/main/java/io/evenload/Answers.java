package io.evenload;

import java.util.concurrent.TimeUnit;

/** How an endpoint answered its attempts of late, seen about once a second. Control path only. */
final class Answers {

  /*
   * Attempts that ended are known by what they came to, which fades. But those that a server keeps silent about end late, by
   * a timeout, which may be many times as long as an answer takes. So an endpoint where attempts began, and from which
   * nothing at all came since, has kept all of these waiting in vain, be they in flight or given up, once the oldest has
   * waited for much longer than usual. Whatever it did before says nothing then. The first answer ends that, and so does a
   * while in which nobody asked: what is not known any more is no reason against anybody.
   *
   * Who begins is counted by the tick. An answer in the same second counts for those that began before and after it, so a
   * silence is found up to a second late, but never where answers come.
   */

  /** The part of its weight that a silent endpoint keeps, so that the end of the silence shows. */
  static final double SILENT_PART = 0.05;

  private static final double DECAY_SECONDS = 10;
  private static final double LEAST_PATIENCE_SECONDS = 2;
  private static final double PATIENCE = 4; // times what attempts take
  private static final double MEMORY_SECONDS = 60;
  private static final double TICK_SECONDS = 1; // a client that stands still does not wait
  private static final int SILENT = 3;

  private double attempts;
  private double bad;
  private long counted; // the tally as it was
  private int begun;
  private int ended;
  private int waiting; // those that began since anything was heard
  private double waitedSeconds;
  private double patienceSeconds = LEAST_PATIENCE_SECONDS;
  private double idleSeconds;
  private int inVain;

  /**
   * Takes what happened since the last look; tells whether the endpoint began or ceased to be
   * silent.
   */
  boolean look(LiveEndpoint endpoint, double seconds) {
    long slots = endpoint.slots(); // first, so that an answer counts for all of them
    boolean heard = endpoint.takeHeard();
    boolean wasSilent = silent();
    int inFlight = EndpointLoad.inFlight(slots);
    int endedNow = EndpointLoad.ended(slots);
    int begunNow = endedNow + inFlight;
    count(endpoint, (endedNow - ended) & Integer.MAX_VALUE, seconds);
    int fresh = (begunNow - begun) & Integer.MAX_VALUE; // both count modulo 2^31
    ended = endedNow;
    begun = begunNow;
    idleSeconds = fresh > 0 || inFlight > 0 ? 0 : idleSeconds + seconds;
    if (heard || idleSeconds >= MEMORY_SECONDS) {
      waiting = 0;
      waitedSeconds = 0;
      patienceSeconds = patience(endpoint.latencyNanos());
    } else {
      waitedSeconds += waiting > 0 ? Math.min(seconds, TICK_SECONDS) : 0;
      waiting = (int) Math.min((long) waiting + fresh, Integer.MAX_VALUE);
    }
    boolean tooLong = waitedSeconds >= patienceSeconds;
    inVain = tooLong ? Math.min(waiting, inFlight + endpoint.unanswered()) : 0;
    return silent() != wasSilent;
  }

  /** The tally has refusals, the last outcomes have what was abandoned, and both have the rest. */
  private void count(LiveEndpoint endpoint, int ended, double seconds) {
    long tally = endpoint.tally();
    boolean anew = Tally.total(tally) < Tally.total(counted);
    int good = Tally.successes(tally) - (anew ? 0 : Tally.successes(counted));
    int failed = Tally.failures(tally) - (anew ? 0 : Tally.failures(counted));
    int notGood = Math.max(failed, LastOutcomes.bad(endpoint.outcomes(), ended));
    double left = Math.exp(-seconds / DECAY_SECONDS);
    attempts = attempts * left + Math.max(0, good) + notGood;
    bad = bad * left + notGood;
  }

  /** The endpoint's tally may have begun anew. */
  void mark(LiveEndpoint endpoint) {
    counted = endpoint.tally();
  }

  private static double patience(double latencyNanos) {
    double usual = latencyNanos / TimeUnit.SECONDS.toNanos(1);
    return Double.isNaN(usual)
        ? LEAST_PATIENCE_SECONDS
        : Math.max(LEAST_PATIENCE_SECONDS, PATIENCE * usual);
  }

  /** Whether several attempts wait, or waited, and nothing comes. */
  boolean silent() {
    return inVain >= SILENT;
  }

  /** How many attempts the next is a part of; old ones count less. */
  double attempts() {
    return inVain > 0 ? inVain : attempts;
  }

  /** How many of them were not good, or wait in vain. */
  double bad() {
    return inVain > 0 ? inVain : bad;
  }
}
