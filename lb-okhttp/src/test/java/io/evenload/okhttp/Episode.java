package io.evenload.okhttp;

import io.evenload.Outcome;
import java.time.Duration;
import java.util.BitSet;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * A time in which some servers are in one kind of trouble.
 *
 * @param from nanoseconds since the start of the schedule
 * @param servers the places in the list of those that it meets
 * @param part of the answers or of the calls that it meets, or of the time if it comes and goes
 * @param factor how many times as long an answer takes; for a brownout, how many times its fair
 *     share of the calls a server can work on at once
 * @param status of the answers that fail
 */
record Episode(
    Kind kind, long from, long until, BitSet servers, double part, double factor, int status) {

  /** What is wrong. */
  enum Kind {
    /** Connections are refused. */
    DEATH,
    /** Connections are refused now and then. */
    FLAPPING,
    /** No answer comes. */
    HANG,
    /** Answers take longer. */
    SLOWNESS,
    /** A part of the answers fails. */
    ERRORS,
    /** A part of the answers of every server fails, for a cause that all share. */
    SHARED_ERRORS,
    /** A part of the calls fails at every server, for what they ask for. */
    POISON_ROUTE,
    /**
     * The more calls a server works on, the longer they take; too many are refused by a 503 with
     * Retry-After.
     */
    BROWNOUT,
    /** The list has servers that are not there. */
    STALE_LIST,
    /** The list is empty. */
    EMPTY_LIST,
    /** The list names servers twice, and in another order each second. */
    SHUFFLED_LIST,
    /** Servers that are well are missing from the list. */
    SHORT_LIST,
    /** Probes say that servers are down, which are not. */
    FALSE_ALARM,
    /** The client stands still, and all its timers are late. */
    PAUSE
  }

  /**
   * How an attempt ends, and after how long.
   *
   * @param refused whether the server refused it for its load, and said so
   */
  record Answer(Outcome outcome, int status, long nanos, boolean refused) {

    Answer(Outcome outcome, int status, long nanos) {
      this(outcome, status, nanos, false);
    }

    /** Answered well. */
    static Answer ok(long nanos) {
      return new Answer(Outcome.SUCCESS, 200, nanos);
    }

    /** The same, unless nobody waits so long. */
    Answer within(long nanos) {
      return this.nanos <= nanos ? this : new Answer(Outcome.ABANDONED, 0, Math.max(0, nanos));
    }
  }

  private static final long REFUSAL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long READ_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long FLAP_NANOS = TimeUnit.SECONDS.toNanos(3);

  static final Answer REFUSED = new Answer(Outcome.REFUSED, 0, REFUSAL_NANOS);
  static final Answer NONE = new Answer(Outcome.TIMED_OUT, 0, READ_TIMEOUT_NANOS);

  boolean runs(long now) {
    return from <= now && now < until;
  }

  /**
   * Returns what becomes of the answer that would come without this.
   *
   * @param route where the call goes, from 0 to 1
   * @param load the attempts in flight at the server, relative to its fair share of all
   */
  Answer change(
      Answer answer, int server, double route, double load, long now, RandomGenerator random) {
    if (!runs(now) || answer.outcome() != Outcome.SUCCESS) {
      return answer;
    }
    boolean meets = servers.get(server);
    return switch (kind) {
      case DEATH -> meets ? REFUSED : answer;
      case FLAPPING -> meets && Math.floorMod(now / FLAP_NANOS + server, 2) == 0 ? REFUSED : answer;
      case HANG -> meets ? NONE : answer;
      case SLOWNESS -> meets ? Answer.ok((long) (answer.nanos() * factor)) : answer;
      case ERRORS -> meets && random.nextDouble() < part ? failed(answer) : answer;
      case SHARED_ERRORS -> random.nextDouble() < part ? failed(answer) : answer;
      case POISON_ROUTE -> route < part ? failed(answer) : answer;
      case BROWNOUT -> meets ? strained(answer, load / factor) : answer;
      default -> answer;
    };
  }

  private Answer failed(Answer answer) {
    return new Answer(Outcome.FAILURE, status, answer.nanos());
  }

  private static Answer strained(Answer answer, double load) {
    if (load <= 1) {
      return answer;
    }
    return load > 4
        ? new Answer(Outcome.FAILURE, 503, REFUSAL_NANOS, true)
        : Answer.ok((long) (answer.nanos() * load));
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s %d to %d s, servers %s, part %.2f, factor %.1f, status %d",
        kind,
        Duration.ofNanos(from).toSeconds(),
        Duration.ofNanos(until).toSeconds(),
        servers,
        part,
        factor,
        status);
  }
}
