package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Outcome;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides for one service which calls and repeats are not sent; see {@link Throttling}. */
final class Throttle {

  /*
   * After "Handling Overload" of Google's SRE book. The window is a ring of slots, each with striped counters; one that
   * comes round again is replaced by CAS, as in RetryBudget. What is counted is counted at the end of a call, so that calls
   * without an answer, be they slow or hanging, are no refusals.
   *
   * From the counters one thread makes, every fifth of a slot, the shares that all go by meanwhile: an immutable object,
   * published by CAS. Who loses that race goes by what the winner made of the same counters. So a call reads the clock
   * and one reference, and adds to one striped counter at its end, and nothing that is written by every call is shared.
   *
   * The formula alone forgets an overload no sooner than its window, and then doubles what it lets through once a window.
   * So of the latest slots as few count as hold enough calls that were sent, if nearly all of these were accepted: what was
   * before that is over. In an overload that is answered by the formula, only one of "ratio" calls that are sent is accepted.
   *
   * Repeats have no formula: either they help, as most of them are accepted elsewhere, or not. That not is said by some of
   * them; while it holds, the few that are made have a say.
   */

  /** The share of calls that is sent whatever comes of them. */
  static final double LET_THROUGH = 0.1;

  /** The same of repeats. */
  static final double REPEATS_LET_THROUGH = 0.05;

  static final int SLOTS = 20;

  private static final int SHARES_PER_SLOT = 5;
  private static final int ENOUGH = 10; // calls that were sent, to say that it is over
  private static final int ENOUGH_FOR_REPEATS = 50; // the same, for repeats
  private static final double ALL_BUT_FEW = 0.95;
  private static final int ENOUGH_REPEATS = 20;
  private static final double WORTH_REPEATING = 0.8;

  private static final Logger logger =
      LoggerFactory.getLogger("io.evenload.okhttp.LoadBalancingInterceptor");

  private final String host;
  private final Throttling options;
  private final LongSupplier nanoTime;
  private final RandomGenerator random;
  private final long originNanos;
  private final long slotNanos;
  private final double over; // the accepted share of those sent above which it is over
  private final AtomicReferenceArray<@Nullable Slot> ring = new AtomicReferenceArray<>(SLOTS);
  private final AtomicReference<Shares> shares = new AtomicReference<>(Shares.NONE);
  private final LongAdder unsent = new LongAdder();

  Throttle(String host, Throttling options, LongSupplier nanoTime, RandomGenerator random) {
    this.host = host;
    this.options = options;
    this.nanoTime = nanoTime;
    this.random = random;
    this.originNanos = nanoTime.getAsLong();
    this.slotNanos = options.window().toNanos() / SLOTS;
    this.over = (1 + 1 / options.ratio()) / 2;
  }

  Throttling options() {
    return options;
  }

  /** Counts a call, and throws if it is not to be sent. */
  void admit() throws ThrottledException {
    long elapsed = elapsed();
    double share = shares(elapsed).ofCalls;
    if (share > 0 && random.nextDouble() < share) {
      slot(elapsed).unsent.increment();
      unsent.increment();
      throw new ThrottledException(host, share);
    }
  }

  /** Returns what an attempt says of the load of the service, as long as its response is open. */
  Reply reply(AttemptRecord tried) {
    Verdict verdict = tried.verdict();
    if (options.refused(tried)) {
      return Reply.REFUSED;
    }
    return verdict.fromServer() || verdict.outcome() == Outcome.SUCCESS
        ? Reply.ACCEPTED
        : Reply.NONE;
  }

  /**
   * Takes note of what came of an attempt.
   *
   * @param repeat whether the one before it was refused
   * @param last whether the call ends with it
   */
  void tried(Reply reply, boolean repeat, boolean last) {
    if (reply == Reply.NONE || !(repeat || last)) {
      return;
    }
    boolean accepted = reply == Reply.ACCEPTED;
    Slot slot = slot(elapsed());
    if (repeat) {
      (accepted ? slot.repeatsAccepted : slot.repeatsRefused).increment();
    }
    if (last) {
      (accepted ? slot.accepted : slot.refused).increment();
    }
  }

  /** Whether a refused attempt may be repeated. */
  boolean admitsRepeat() {
    double share = shares(elapsed()).ofRepeats;
    return share == 0 || random.nextDouble() >= share;
  }

  /** The share of the calls that is not sent now, 0 to 0.9. */
  double share() {
    return shares(elapsed()).ofCalls;
  }

  /** Says in words that calls are not sent; null while all are. */
  @Nullable String notice() {
    double share = share();
    return share == 0 ? null : new ThrottledException(host, share).getMessage();
  }

  private long elapsed() {
    return nanoTime.getAsLong() - originNanos;
  }

  private Shares shares(long elapsed) {
    Shares last = requireNonNull(shares.get());
    if (elapsed - last.madeAt < slotNanos / SHARES_PER_SLOT) { // or a thread that was late
      return last;
    }
    Shares next = next(last, elapsed);
    if (!shares.compareAndSet(last, next)) {
      return requireNonNull(shares.get());
    }
    tellOfChange(last, next);
    return next;
  }

  private Shares next(Shares last, long elapsed) {
    double share = sums(elapsed, ENOUGH, over).shareOfCalls(options);
    double ofRepeats =
        sums(elapsed, ENOUGH_FOR_REPEATS, ALL_BUT_FEW).shareOfRepeats(last.ofRepeats > 0);
    long throttledAt = share > 0 ? elapsed : last.throttledAt;
    boolean episode =
        share > 0 || (last.episode && elapsed - last.throttledAt < options.window().toNanos());
    boolean begins = episode && !last.episode;
    return new Shares(
        elapsed,
        share,
        ofRepeats,
        episode,
        begins ? elapsed : last.beganAt,
        begins ? unsent.sum() : last.unsentBefore,
        throttledAt);
  }

  /** Logs the beginning and the end of an episode; ones that are close together are one. */
  private void tellOfChange(Shares last, Shares next) {
    if (next.episode && !last.episode) {
      logger.warn("{}: throttling begins: the service refuses most of its calls", host);
    } else if (last.episode && !next.episode) {
      logger.info(
          "{}: throttling ended after {}; {} calls were not sent",
          host,
          String.format(Locale.ROOT, "%.1f s", (last.throttledAt - last.beganAt) / 1e9),
          unsent.sum() - last.unsentBefore);
    }
  }

  /**
   * Adds up the window, or the latest part of it that shows that what was before is over.
   *
   * @param enough so many calls that were sent show it
   * @param part if so large a part of them was accepted
   */
  private Sums sums(long elapsed, int enough, double part) {
    Sums sums = new Sums();
    long now = Math.floorDiv(elapsed, slotNanos);
    for (int age = 0; age < SLOTS; age++) {
      Slot slot = ring.get(Math.floorMod(now - age, SLOTS));
      if (slot != null && slot.number == now - age) {
        sums.add(slot);
      }
      if (sums.sent() >= enough && sums.accepted >= part * sums.sent()) {
        return sums;
      }
    }
    return sums;
  }

  private Slot slot(long elapsed) {
    long now = Math.floorDiv(elapsed, slotNanos);
    int index = Math.floorMod(now, SLOTS);
    Slot slot = ring.get(index);
    if (slot != null && slot.number >= now) { // later for a thread that was late
      return slot;
    }
    Slot fresh = new Slot(now);
    Slot witness = ring.compareAndExchange(index, slot, fresh);
    return witness == null || witness == slot ? fresh : witness;
  }

  /** What an attempt says of the load of the service. */
  enum Reply {
    ACCEPTED,
    REFUSED,
    NONE
  }

  /** What was counted in a part of the window. */
  private static final class Slot {
    final long number;
    final LongAdder accepted = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder unsent = new LongAdder();
    final LongAdder repeatsAccepted = new LongAdder();
    final LongAdder repeatsRefused = new LongAdder();

    Slot(long number) {
      this.number = number;
    }
  }

  /** What was counted in several. */
  private static final class Sums {
    long accepted;
    long refused;
    long unsent;
    long repeatsAccepted;
    long repeatsRefused;

    void add(Slot slot) {
      accepted += slot.accepted.sum();
      refused += slot.refused.sum();
      unsent += slot.unsent.sum();
      repeatsAccepted += slot.repeatsAccepted.sum();
      repeatsRefused += slot.repeatsRefused.sum();
    }

    long sent() {
      return accepted + refused;
    }

    double shareOfCalls(Throttling options) {
      long calls = sent() + unsent;
      double share = (calls - options.ratio() * accepted) / (calls + 1);
      return calls < options.minimumCalls() ? 0 : Math.max(0, Math.min(1 - LET_THROUGH, share));
    }

    double shareOfRepeats(boolean heldBack) {
      long repeats = repeatsAccepted + repeatsRefused;
      boolean inVain =
          repeats >= (heldBack ? 1 : ENOUGH_REPEATS) && repeatsAccepted < WORTH_REPEATING * repeats;
      return inVain ? 1 - REPEATS_LET_THROUGH : 0;
    }
  }

  /**
   * What is not sent from one moment on.
   *
   * @param madeAt like all times here since the throttle was made
   * @param episode whether calls were left unsent lately
   * @param unsentBefore the calls that had been left unsent when the episode began
   * @param throttledAt when any was to be left unsent last
   */
  private record Shares(
      long madeAt,
      double ofCalls,
      double ofRepeats,
      boolean episode,
      long beganAt,
      long unsentBefore,
      long throttledAt) {

    static final Shares NONE = new Shares(-TimeUnit.DAYS.toNanos(1), 0, 0, false, 0, 0, 0);
  }
}
